// Pieces of matrices in vectors. For the kernel sources only.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_MATRIX_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_MATRIX_H_

#include "runtime/elementwise/unroll.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

// n > 0 elements, or a vector if that is less.
inline Vec LoadUpTo(const float* p, int64_t n) {
  return n >= kWidth ? Load(p) : Load(p, n);
}
inline void StoreUpTo(float* p, Vec v, int64_t n) {
  n >= kWidth ? Store(p, v) : Store(p, v, n);
}

// square[i] lane j = p[j * stride + i] for j < rows and i < n; other lanes are
// 0, also those of vectors from n on.
inline void LoadTransposedUpTo(const float* p, int64_t stride, int64_t rows,
                               int64_t n, Vec (&square)[kWidth]) {
  if (rows >= kWidth && n >= kWidth) {
    LoadTransposed(p, stride, square);
    return;
  }
  ESPALIER_UNROLL
  for (int i = 0; i < kWidth; ++i) {
    square[i] = i < rows ? LoadUpTo(p + i * stride, n) : Broadcast(0);
  }
  Transpose(square);
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_VECTOR_MATRIX_H_
