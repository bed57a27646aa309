// Layer normalization over the last axis of a matrix, and its gradient. Bits
// are the same for any number of threads. REQUIRES everywhere: columns > 0,
// epsilon a normal number above 0; results may be the memory of an operand of
// their size or do not overlap it.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_LAYER_NORM_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_LAYER_NORM_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"
#include "runtime/elementwise/reductions.h"

namespace espalier {

// y[i, j] = h[i, j] * scale[j] + shift[j], where h = (x - mean) / root is the
// normalized row, root = sqrt(variance + epsilon). Finite for finite rows of
// any size, but for what scale and shift make of it; NaN for the others.
void LayerNorm(Isa isa, int threads, MatrixSize size, float epsilon,
               const float* x, const float* scale, const float* shift,
               float* y);

// dx[i, j] = (g[i, j] - mean of g[i] - h[i, j] * mean of g[i] h[i]) / root,
// where g[i, j] is dy[i, j] * scale[j], or without a scale (null) dy[i, j].
void LayerNormBackward(Isa isa, int threads, MatrixSize size, float epsilon,
                       const float* x, const float* dy, const float* scale,
                       float* dx);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_LAYER_NORM_H_
