#include "benchmarks/elementwise_hand_loops.h"

#include <algorithm>
#include <cmath>

namespace espalier {

void HandAdam(int64_t n, const AdamScalars& s, const float* gradient,
              float* mean, float* square, float* parameter) {
  const float step = s.rate / s.correction1;
  const float inverse = 1 / std::sqrt(s.correction2);
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    const float g = gradient[i];
    const float m = s.beta1 * mean[i] + (1 - s.beta1) * g;
    const float v = s.beta2 * square[i] + (1 - s.beta2) * g * g;
    mean[i] = m;
    square[i] = v;
    parameter[i] -= step * m / (std::sqrt(v) * inverse + s.epsilon);
  }
}

void HandSilu(int64_t n, const float* x, float* y) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) y[i] = x[i] / (1 + std::exp(-x[i]));
}

void HandReluBackward(int64_t n, const float* y, const float* dy, float* dx) {
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) dx[i] = y[i] > 0 ? dy[i] : 0;
}

void HandBiasRelu(int64_t rows, int64_t columns, const float* x,
                  const float* bias, float* y) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* const in = x + r * columns;
    float* const out = y + r * columns;
#pragma GCC ivdep
    for (int64_t j = 0; j < columns; ++j) {
      out[j] = std::max(in[j] + bias[j], 0.0f);
    }
  }
}

float HandSquaredError(int64_t n, const float* y, const float* t, float* d) {
  float sum = 0;
#pragma GCC ivdep
  for (int64_t i = 0; i < n; ++i) {
    d[i] = y[i] - t[i];
    sum += d[i] * d[i];
  }
  return sum;
}

void HandCrossEntropy(int64_t rows, int64_t columns, const float* x,
                      const int32_t* labels, float* loss) {
  for (int64_t r = 0; r < rows; ++r) {
    const float* const row = x + r * columns;
    float most = row[0];
    for (int64_t j = 1; j < columns; ++j) most = std::max(most, row[j]);
    float sum = 0;
    for (int64_t j = 0; j < columns; ++j) sum += std::exp(row[j] - most);
    loss[r] = std::log(sum) + most - row[labels[r]];
  }
}

void HandDense(int64_t m, int64_t n, int64_t k, const float* a, const float* b,
               const float* bias, float* c) {
  for (int64_t i = 0; i < m; ++i) {
    float* const row = c + i * n;
    std::copy(bias, bias + n, row);
    for (int64_t l = 0; l < k; ++l) {
      const float factor = a[i * k + l];
#pragma GCC ivdep
      for (int64_t j = 0; j < n; ++j) row[j] += factor * b[l * n + j];
    }
  }
}

}  // namespace espalier
