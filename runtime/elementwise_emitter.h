// From the code of an elementwise step to a program for the engine.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_EMITTER_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_EMITTER_H_

#include <cstdint>
#include <functional>

#include "runtime/elementwise/program.h"
#include "runtime/elementwise_code.h"

namespace espalier {

// The program for runs of `batch` samples. Contracts products and sums into
// the engine's fused opcodes, and orders reads and writes so that arrays may
// share memory: share_memory(i, j) tells whether arrays i and j do, in some
// segment. REQUIRES: the code uses all its arrays (RemoveUnused).
ElementwiseProgram EmitProgram(
    const ElementwiseCode& code, int64_t batch,
    const std::function<bool(int, int)>& share_memory);

// Whether the engine takes the program of the code, at every batch size and for
// segments of every length and any sharing of memory. What is fused has to; it
// errs towards no.
bool FitsEngine(const ElementwiseCode& code);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_EMITTER_H_
