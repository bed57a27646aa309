// Folds over one axis of a matrix: sums, sums of squared deviations, maxima
// and minima. Vectorised and threaded; the bits depend on shape and ISA only,
// never on the number of threads: elements are folded in fixed chunks, and
// sums of chunks in order in double precision.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_REDUCTIONS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_REDUCTIONS_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"

namespace espalier {

struct MatrixSize {
  int64_t rows = 0;
  int64_t columns = 0;
};

// What functions over rows need, aligned to 64.
int64_t FoldOverRowsScratchBytes(MatrixSize size);

// y[j] = scale * sum over i of x[i, j] (the gradient of a bias).
void SumOverRows(Isa isa, int threads, MatrixSize size, float scale,
                 const float* x, float* y, void* scratch);

// y[i] = scale * sum over j of x[i, j].
void SumOverColumns(Isa isa, int threads, MatrixSize size, float scale,
                    const float* x, float* y);

// y[j] = scale * sum over i of (x[i, j] - centers[j])^2.
void SquaredDeviationsOverRows(Isa isa, int threads, MatrixSize size,
                               float scale, const float* x,
                               const float* centers, float* y, void* scratch);

// y[i] = scale * sum over j of (x[i, j] - centers[i])^2.
void SquaredDeviationsOverColumns(Isa isa, int threads, MatrixSize size,
                                  float scale, const float* x,
                                  const float* centers, float* y);

// The largest or smallest; NaN if one is.
enum class Extreme { kMax, kMin };

// y[j] = extreme over i of x[i, j]. REQUIRES: rows > 0.
void ExtremeOverRows(Isa isa, int threads, MatrixSize size, Extreme extreme,
                     const float* x, float* y, void* scratch);

// y[i] = extreme over j of x[i, j]. REQUIRES: columns > 0.
void ExtremeOverColumns(Isa isa, int threads, MatrixSize size, Extreme extreme,
                        const float* x, float* y);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_REDUCTIONS_H_
