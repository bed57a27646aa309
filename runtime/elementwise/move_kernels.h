// Copies and transposes, whatever Vec is. For the kernel sources only.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_MOVE_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_MOVE_KERNELS_H_

#include <cstdint>

#include "runtime/elementwise/vector_matrix.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

inline void CopyRow(const float* from, int64_t n, float* to) {
  constexpr int64_t kStep = 4 * kWidth;
  int64_t i = 0;
  for (; i + kStep <= n; i += kStep) {
    ESPALIER_UNROLL
    for (int v = 0; v < 4; ++v) {
      Store(to + i + v * kWidth, Load(from + i + v * kWidth));
    }
  }
  for (; i + kWidth <= n; i += kWidth) Store(to + i, Load(from + i));
  if (i == n) return;
  if (n >= kWidth) {  // some elements once more
    Store(to + n - kWidth, Load(from + n - kWidth));
  } else {
    Store(to, Load(from, n), n);
  }
}

inline void ZeroRow(int64_t n, float* to) {
  const Vec zero = Broadcast(0);
  int64_t i = 0;
  for (; i + kWidth <= n; i += kWidth) Store(to + i, zero);
  if (i < n) Store(to + i, zero, n - i);
}

void CopyRows(const RowsCopy* parts, int64_t count) {
  for (int64_t r = 0; r < parts[0].rows; ++r) {
    for (int64_t p = 0; p < count; ++p) {
      const RowsCopy& part = parts[p];
      float* const to = part.to + r * part.to_stride;
      if (part.from == nullptr) {
        ZeroRow(part.n, to);
      } else {
        CopyRow(part.from + r * part.from_stride, part.n, to);
      }
    }
  }
}

// to[i * to_stride + j] = from[j * from_stride + i] for i < rows and j < n,
// both at most kWidth.
inline void TransposeSquare(int64_t rows, int64_t n, const float* from,
                            int64_t from_stride, float* to, int64_t to_stride) {
  Vec square[kWidth];
  if (rows >= kWidth && n >= kWidth) {
    // Whole vectors, not LoadTransposed: what is not in cache is then asked
    // for once, not once for each part.
    ESPALIER_UNROLL
    for (int j = 0; j < kWidth; ++j) square[j] = Load(from + j * from_stride);
    Transpose(square);
    ESPALIER_UNROLL
    for (int i = 0; i < kWidth; ++i) Store(to + i * to_stride, square[i]);
    return;
  }
  if constexpr (kWidth == 4) {  // parts of vectors are slow there
    for (int64_t i = 0; i < rows; ++i) {
      for (int64_t j = 0; j < n; ++j) {
        to[i * to_stride + j] = from[j * from_stride + i];
      }
    }
    return;
  }
  LoadTransposedUpTo(from, from_stride, n, rows, square);
  ESPALIER_UNROLL
  for (int i = 0; i < kWidth; ++i) {
    if (i < rows) StoreUpTo(to + i * to_stride, square[i], n);
  }
}

// By squares of cache lines: lines that are a power of two apart push each
// other out of the cache, so each is read, or written, all at once.
void TransposeMatrix(int64_t rows, int64_t n, const float* from,
                     int64_t from_stride, float* to, int64_t to_stride) {
  constexpr int64_t kLine = 16;
  const auto least = [](int64_t a, int64_t b) { return a < b ? a : b; };
  for (int64_t i0 = 0; i0 < rows; i0 += kLine) {
    const int64_t i_end = least(i0 + kLine, rows);
    for (int64_t j0 = 0; j0 < n; j0 += kLine) {
      const int64_t j_end = least(j0 + kLine, n);
      for (int64_t i = i0; i < i_end; i += kWidth) {
        for (int64_t j = j0; j < j_end; j += kWidth) {
          TransposeSquare(least(kWidth, i_end - i), least(kWidth, j_end - j),
                          from + j * from_stride + i, from_stride,
                          to + i * to_stride + j, to_stride);
        }
      }
    }
  }
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_MOVE_KERNELS_H_
