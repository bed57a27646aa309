// Seeds of ONNX files that our own export does not write.
#ifndef ESPALIER_TESTS_FUZZ_ONNX_SEEDS_H_
#define ESPALIER_TESTS_FUZZ_ONNX_SEEDS_H_

#include <vector>

#include "tests/fuzz/seeds.h"

namespace espalier {

// What other programs write: attributes in place of inputs, typed data,
// initializers listed as inputs, sizes that are computed, ops that become
// several of ours.
void AddForeignOnnx(std::vector<FuzzSeed>* seeds);

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_ONNX_SEEDS_H_
