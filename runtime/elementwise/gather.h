// Rows picked by index, and its reverse.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_GATHER_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_GATHER_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"

namespace espalier {

// A table is [outer, rows, inner], what is picked from it is [outer, indices,
// inner]; elements have 4 bytes.
struct GatherSize {
  int64_t outer = 1;
  int64_t rows = 1;
  int64_t indices = 1;
  int64_t inner = 1;
};

// picked[o, k, i] = table[o, indices[k], i]: a copy of bits.
// REQUIRES: every index is in [0, rows).
void Gather(int threads, const GatherSize& size, const void* table,
            const int32_t* indices, void* picked);

// table[o, r, i] = sum over k with indices[k] == r of picked[o, k, i], added in
// the order of k whatever the number of threads.
// REQUIRES: every index is in [0, rows).
void ScatterAdd(Isa isa, int threads, const GatherSize& size,
                const float* picked, const int32_t* indices, float* table);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_GATHER_H_
