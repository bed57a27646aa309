// Sums over one axis of a matrix. Vectorised and threaded; the bits depend on
// shape and ISA only, never on the number of threads: terms are added in
// fixed chunks, and chunks in order in double precision.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_REDUCTIONS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_REDUCTIONS_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"

namespace espalier {

struct MatrixSize {
  int64_t rows = 0;
  int64_t columns = 0;
};

// y[j] = scale * sum over i of x[i, j] (the gradient of a bias).
// Needs SumOverRowsScratchBytes(size) of scratch, aligned to 64.
int64_t SumOverRowsScratchBytes(MatrixSize size);
void SumOverRows(Isa isa, int threads, MatrixSize size, float scale,
                 const float* x, float* y, void* scratch);

// y[i] = scale * sum over j of x[i, j].
void SumOverColumns(Isa isa, int threads, MatrixSize size, float scale,
                    const float* x, float* y);

// y[i] = max over j of x[i, j]; NaN if one is. REQUIRES: columns > 0.
void MaxOverColumns(Isa isa, int threads, MatrixSize size, const float* x,
                    float* y);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_REDUCTIONS_H_
