// What a programmer would write by hand for one purpose, compiled for this
// machine with every licence the compiler can be given: the mark to reach.
#ifndef ESPALIER_BENCHMARKS_ELEMENTWISE_HAND_LOOPS_H_
#define ESPALIER_BENCHMARKS_ELEMENTWISE_HAND_LOOPS_H_

#include <cstdint>

namespace espalier {

struct AdamScalars {
  float beta1, beta2, rate, correction1, correction2, epsilon;
};

void HandAdam(int64_t n, const AdamScalars& s, const float* gradient,
              float* mean, float* square, float* parameter);

// y = x * sigmoid(x).
void HandSilu(int64_t n, const float* x, float* y);

// dx = y > 0 ? dy : 0.
void HandReluBackward(int64_t n, const float* y, const float* dy, float* dx);

// y = max(0, x + bias[column]).
void HandBiasRelu(int64_t rows, int64_t columns, const float* x,
                  const float* bias, float* y);

// d = y - t, and the sum of squares of d.
float HandSquaredError(int64_t n, const float* y, const float* t, float* d);

// loss[i] = -log softmax(x)[i, labels[i]].
void HandCrossEntropy(int64_t rows, int64_t columns, const float* x,
                      const int32_t* labels, float* loss);

// c = a b + bias, a [m, k], b [k, n].
void HandDense(int64_t m, int64_t n, int64_t k, const float* a, const float* b,
               const float* bias, float* c);

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_ELEMENTWISE_HAND_LOOPS_H_
