// Loops that fold the rows or the columns of a matrix into one, whatever Vec
// is. For the kernel sources only.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_REDUCTION_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_REDUCTION_KERNELS_H_

#include "runtime/elementwise/row_kernels.h"

namespace espalier {
namespace {

// What is folded: where it starts, what an element x adds to it (c is the
// center of its row or column), how two partial results are joined.
struct Sums {
  static constexpr bool kCentered = false;
  static Vec Start() { return Broadcast(0); }
  static Vec Take(Vec s, Vec x, Vec) { return s + x; }
  static Vec Join(Vec a, Vec b) { return a + b; }
};

struct SquaredDeviations {
  static constexpr bool kCentered = true;
  static Vec Start() { return Broadcast(0); }
  static Vec Take(Vec s, Vec x, Vec c) {
    const Vec d = x - c;
    return MulAdd(d, d, s);
  }
  static Vec Join(Vec a, Vec b) { return a + b; }
};

struct Largest {
  static constexpr bool kCentered = false;
  static Vec Start() { return Broadcast(-kInfinity); }
  static Vec Take(Vec s, Vec x, Vec) { return Maximum(x, s); }
  static Vec Join(Vec a, Vec b) { return Maximum(a, b); }
};

struct Smallest {
  static constexpr bool kCentered = false;
  static Vec Start() { return Broadcast(kInfinity); }
  static Vec Take(Vec s, Vec x, Vec) { return Minimum(x, s); }
  static Vec Join(Vec a, Vec b) { return Minimum(a, b); }
};

// y[j] = fold over rows of x[r * stride + j] for j < width: the rows are dealt
// out to kChains results each, so that operations overlap.
template <class Fold, int kVectors, int kChains>
void FoldRowsOfPanel(const float* x, int64_t rows, int64_t stride,
                     int64_t width, const float* center, float* y) {
  Vec s[kChains][kVectors], c[kVectors];
  for (int v = 0; v < kVectors; ++v) {
    for (int chain = 0; chain < kChains; ++chain) s[chain][v] = Fold::Start();
    c[v] = Fold::kCentered ? LoadUpTo(center + v * kWidth, width - v * kWidth)
                           : Broadcast(0);
  }
  const int64_t rest = width - (kVectors - 1) * kWidth;
  const auto take = [&](int64_t r, Vec(&result)[kVectors]) {
    const float* p = x + r * stride;
    for (int v = 0; v + 1 < kVectors; ++v) {
      result[v] = Fold::Take(result[v], Load(p + v * kWidth), c[v]);
    }
    constexpr int kLast = kVectors - 1;
    result[kLast] =
        Fold::Take(result[kLast], LoadUpTo(p + kLast * kWidth, rest), c[kLast]);
  };
  int64_t r = 0;
  for (; r + kChains <= rows; r += kChains) {
    for (int chain = 0; chain < kChains; ++chain) take(r + chain, s[chain]);
  }
  for (int chain = 0; r < rows; ++r, ++chain) take(r, s[chain]);
  for (int step = kChains / 2; step > 0; step /= 2) {
    for (int chain = 0; chain < step; ++chain) {
      for (int v = 0; v < kVectors; ++v) {
        s[chain][v] = Fold::Join(s[chain][v], s[chain + step][v]);
      }
    }
  }
  for (int v = 0; v < kVectors; ++v) {
    StoreUpTo(y + v * kWidth, s[0][v], width - v * kWidth);
  }
}

template <class Fold>
void FoldRows(const float* x, int64_t rows, int64_t stride, int64_t width,
              const float* center, float* y) {
  const auto center_at = [&](int64_t j) {
    return Fold::kCentered ? center + j : nullptr;
  };
  int64_t j = 0;
  for (; width - j > 3 * kWidth; j += 4 * kWidth) {
    FoldRowsOfPanel<Fold, 4, 2>(
        x + j, rows, stride, Least(width - j, 4 * kWidth), center_at(j), y + j);
  }
  const int64_t rest = width - j;
  if (rest > 2 * kWidth) {
    FoldRowsOfPanel<Fold, 3, 2>(x + j, rows, stride, rest, center_at(j), y + j);
  } else if (rest > kWidth) {
    FoldRowsOfPanel<Fold, 2, 4>(x + j, rows, stride, rest, center_at(j), y + j);
  } else if (rest > 0) {
    FoldRowsOfPanel<Fold, 1, 8>(x + j, rows, stride, rest, center_at(j), y + j);
  }
}

void AddPartials(const float* partials, int64_t count, int64_t stride,
                 int64_t width, float scale, float* y) {
  constexpr int64_t kGroup = 16;
  for (int64_t j = 0; j < width; j += kGroup) {
    const int64_t n = Least(kGroup, width - j);
    double totals[kGroup] = {};
    for (int64_t c = 0; c < count; ++c) {
      for (int64_t i = 0; i < n; ++i) {
        totals[i] += static_cast<double>(partials[c * stride + j + i]);
      }
    }
    for (int64_t i = 0; i < n; ++i) {
      y[j + i] = static_cast<float>(scale * totals[i]);
    }
  }
}

// y[r] = scale * fold over columns of x[r, j].
template <class Fold>
void FoldColumns(const float* x, int64_t rows, int64_t columns, float scale,
                 const float* centers, float* y) {
  for (int64_t r = 0; r < rows; r += kWidth) {
    const int64_t n = Least(kWidth, rows - r);
    Vec lanes[kWidth];
    for (int64_t i = 0; i < kWidth; ++i) {
      Vec even = Fold::Start(), odd = Fold::Start();
      if (i < n) {
        const float* p = x + (r + i) * columns;
        const Vec c = Broadcast(Fold::kCentered ? centers[r + i] : 0);
        int64_t j = 0;
        for (; j + 2 * kWidth <= columns; j += 2 * kWidth) {
          even = Fold::Take(even, Load(p + j), c);
          odd = Fold::Take(odd, Load(p + j + kWidth), c);
        }
        // What fills up the last vector adds nothing.
        ForRow(p + j, columns - j, c,
               [&](int64_t, Vec v, int64_t) { even = Fold::Take(even, v, c); });
      }
      lanes[i] = Fold::Join(even, odd);
    }
    Transpose(lanes);
    for (int step = kWidth / 2; step > 0; step /= 2) {
      for (int i = 0; i < step; ++i) {
        lanes[i] = Fold::Join(lanes[i], lanes[i + step]);
      }
    }
    StoreUpTo(y + r, Broadcast(scale) * lanes[0], n);
  }
}

void MaxColumns(const float* x, int64_t rows, int64_t columns, float* y) {
  for (int64_t r = 0; r < rows; ++r) {
    y[r] = FoldRow<Maximum>(x + r * columns, columns, -kInfinity);
  }
}

void MinColumns(const float* x, int64_t rows, int64_t columns, float* y) {
  for (int64_t r = 0; r < rows; ++r) {
    y[r] = FoldRow<Minimum>(x + r * columns, columns, kInfinity);
  }
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_REDUCTION_KERNELS_H_
