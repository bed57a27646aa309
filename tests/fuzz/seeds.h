// Valid inputs to start from, for the corpus of each target.
#ifndef ESPALIER_TESTS_FUZZ_SEEDS_H_
#define ESPALIER_TESTS_FUZZ_SEEDS_H_

#include <string>
#include <vector>

namespace espalier {

struct FuzzSeed {
  std::string corpus;  // folder, as in FuzzTarget
  std::string name;
  std::string bytes;
};

// A model for each kind of op, one for training and one that was pruned, as
// binary, text, graph text and ONNX; a table, arrays and packed bytes of each
// form. Small.
std::vector<FuzzSeed> MakeFuzzSeeds();

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_SEEDS_H_
