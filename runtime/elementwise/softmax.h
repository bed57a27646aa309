// Softmax and cross-entropy over the last axis of a matrix, one row per
// sample. All are stable (the row's largest element is subtracted first):
// finite logits of any size give finite results. A NaN makes its whole row
// NaN, and so does +inf. REQUIRES everywhere: columns > 0; x and y are the
// same memory or do not overlap. Bits are the same for any number of threads.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_SOFTMAX_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_SOFTMAX_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"
#include "runtime/elementwise/reductions.h"

namespace espalier {

// y[i, j] = exp(x[i, j]) / sum over k of exp(x[i, k]); each in [0, 1].
void Softmax(Isa isa, int threads, MatrixSize size, const float* x, float* y);

// y[i, j] = x[i, j] - log(sum over k of exp(x[i, k])); never positive.
void LogSoftmax(Isa isa, int threads, MatrixSize size, const float* x,
                float* y);

// dx = (dy - sum over k of dy[i, k] * y[i, k]) * y, where y = Softmax(x).
void SoftmaxBackward(Isa isa, int threads, MatrixSize size, const float* y,
                     const float* dy, float* dx);

// dx = dy - exp(y) * sum over k of dy[i, k], where y = LogSoftmax(x).
void LogSoftmaxBackward(Isa isa, int threads, MatrixSize size, const float* y,
                        const float* dy, float* dx);

// loss[i] = -LogSoftmax(x)[i, labels[i]]; never negative.
// REQUIRES: every label is in [0, columns); see FirstInvalidLabel in scan.h.
void SoftmaxCrossEntropy(Isa isa, int threads, MatrixSize size, const float* x,
                         const int32_t* labels, float* loss);

// dx[i, j] = (Softmax(x)[i, j] - (j == labels[i])) * dy[i].
// dy_stride is 1, or 0 if dy[0] serves every row (the gradient of a mean).
void SoftmaxCrossEntropyBackward(Isa isa, int threads, MatrixSize size,
                                 const float* x, const int32_t* labels,
                                 const float* dy, int dy_stride, float* dx);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_SOFTMAX_H_
