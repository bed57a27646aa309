// Layer normalization, whatever Vec is: kWidth narrow rows at a time in a tile,
// or one row after the other, which is passed over three times but is in cache
// after the first. For the kernel sources only.
//
// Where a sum overflows, or meets a NaN, the row is computed again in double
// precision, in which no sum of squares of floats overflows.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_LAYER_NORM_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_LAYER_NORM_KERNELS_H_

#include "runtime/elementwise/row_kernels.h"

namespace espalier {
namespace {

constexpr int64_t kSummedColumns = 4096;  // in single precision

// The sum of f(i, vector at i, lanes that count) over a row; f gives 0 in lanes
// beyond.
template <class F>
double SumOverRow(int64_t columns, F f) {
  double total = 0;
  for (int64_t first = 0; first < columns; first += kSummedColumns) {
    const int64_t end = Least(columns, first + kSummedColumns);
    Vec even = Broadcast(0), odd = Broadcast(0);
    int64_t j = first;
    for (; j + 2 * kWidth <= end; j += 2 * kWidth) {
      even = f(even, j, kWidth);
      odd = f(odd, j + kWidth, kWidth);
    }
    for (; j < end; j += kWidth) even = f(even, j, end - j);
    total += static_cast<double>(FoldLanes<Plus>(even + odd));
  }
  return total;
}

struct RowMoments {
  float mean;
  double squares;  // sum of squared deviations
};

inline RowMoments MomentsOfRow(const float* x, int64_t columns) {
  const double sum = SumOverRow(columns, [&](Vec s, int64_t j, int64_t n) {
    return s + LoadUpTo(x + j, n);
  });
  const auto mean = static_cast<float>(sum / static_cast<double>(columns));
  const Vec m = Broadcast(mean);
  const double squares = SumOverRow(columns, [&](Vec s, int64_t j, int64_t n) {
    const Vec d = (n >= kWidth ? Load(x + j) : LoadOr(x + j, n, m)) - m;
    return MulAdd(d, d, s);
  });
  return {mean, squares};
}

inline bool IsFinite(double x) { return x - x == 0; }

// The same for a row of any finite numbers.
struct WideMoments {
  double mean = 0;
  double inverse = 0;
};

inline WideMoments WideMomentsOfRow(const float* x, int64_t columns,
                                    float epsilon) {
  const auto count = static_cast<double>(columns);
  WideMoments wide;
  for (int64_t j = 0; j < columns; ++j) wide.mean += x[j];
  wide.mean /= count;
  double squares = 0;
  for (int64_t j = 0; j < columns; ++j) {
    const double d = x[j] - wide.mean;
    squares += d * d;
  }
  wide.inverse = 1 / __builtin_sqrt(squares / count + epsilon);
  return wide;
}

inline float InverseRoot(double squares, int64_t columns, float epsilon) {
  return static_cast<float>(
      1 / __builtin_sqrt(squares / static_cast<double>(columns) + epsilon));
}

void LayerNormByRow(const float* x, int64_t rows, int64_t columns,
                    float epsilon, const float* scale, const float* shift,
                    float* y) {
  for (int64_t r = 0; r < rows; ++r, x += columns, y += columns) {
    const RowMoments moments = MomentsOfRow(x, columns);
    if (!IsFinite(moments.squares)) {
      const WideMoments wide = WideMomentsOfRow(x, columns, epsilon);
      for (int64_t j = 0; j < columns; ++j) {
        y[j] = static_cast<float>((x[j] - wide.mean) * wide.inverse *
                                      static_cast<double>(scale[j]) +
                                  static_cast<double>(shift[j]));
      }
      continue;
    }
    const Vec mean = Broadcast(moments.mean);
    const Vec inverse =
        Broadcast(InverseRoot(moments.squares, columns, epsilon));
    for (int64_t j = 0; j < columns; j += kWidth) {
      const int64_t n = columns - j;
      const Vec h = (LoadUpTo(x + j, n) - mean) * inverse;
      StoreUpTo(y + j,
                MulAdd(h, LoadUpTo(scale + j, n), LoadUpTo(shift + j, n)), n);
    }
  }
}

// dy, times the scale if there is one.
template <bool kScaled>
struct Incoming {
  Vec At(int64_t j, int64_t n) const {
    const Vec g = LoadUpTo(dy + j, n);
    return kScaled ? g * LoadUpTo(scale + j, n) : g;
  }
  float operator[](int64_t j) const {
    return kScaled ? dy[j] * scale[j] : dy[j];
  }
  const float* dy;
  const float* scale;
};

template <bool kScaled>
void WideLayerNormBackward(const float* x, Incoming<kScaled> g, int64_t columns,
                           float epsilon, float* dx) {
  const auto count = static_cast<double>(columns);
  const WideMoments wide = WideMomentsOfRow(x, columns, epsilon);
  double mean = 0, along = 0;
  for (int64_t j = 0; j < columns; ++j) {
    mean += static_cast<double>(g[j]) / count;
    along +=
        static_cast<double>(g[j]) * (x[j] - wide.mean) * wide.inverse / count;
  }
  for (int64_t j = 0; j < columns; ++j) {
    const double h = (x[j] - wide.mean) * wide.inverse;
    dx[j] = static_cast<float>((static_cast<double>(g[j]) - mean - h * along) *
                               wide.inverse);
  }
}

template <bool kScaled>
void LayerNormBackwardByRow(const float* x, const float* dy, int64_t rows,
                            int64_t columns, float epsilon, const float* scale,
                            float* dx) {
  for (int64_t r = 0; r < rows;
       ++r, x += columns, dy += columns, dx += columns) {
    const Incoming<kScaled> g = {dy, scale};
    const RowMoments moments = MomentsOfRow(x, columns);
    const Vec mean = Broadcast(moments.mean);
    const double sum = SumOverRow(
        columns, [&](Vec s, int64_t j, int64_t n) { return s + g.At(j, n); });
    const double dot = SumOverRow(columns, [&](Vec s, int64_t j, int64_t n) {
      return MulAdd(g.At(j, n), LoadUpTo(x + j, n) - mean, s);
    });
    if (!IsFinite(moments.squares) || !IsFinite(sum) || !IsFinite(dot)) {
      WideLayerNormBackward(x, g, columns, epsilon, dx);
      continue;
    }
    const auto count = static_cast<double>(columns);
    const double root = 1 / __builtin_sqrt(moments.squares / count + epsilon);
    const Vec inverse = Broadcast(static_cast<float>(root));
    const Vec g_mean = Broadcast(static_cast<float>(sum / count));
    const Vec slope = Broadcast(static_cast<float>(dot * root * root / count));
    for (int64_t j = 0; j < columns; j += kWidth) {
      const int64_t n = columns - j;
      const Vec d = LoadUpTo(x + j, n) - mean;
      const Vec centered = g.At(j, n) - g_mean;
      StoreUpTo(dx + j, NegMulAdd(d, slope, centered) * inverse, n);
    }
  }
}

constexpr int64_t kTiledColumns = 64;
static_assert(kTiledColumns <= kTileColumnsLimit, "rows fit into a tile");

inline Vec SumOfTile(int64_t columns, const Vec (&tile)[kTileColumnsLimit]) {
  Vec sum = Broadcast(0);
  for (int64_t j = 0; j < columns; ++j) sum = sum + tile[j];
  return sum;
}

// Leaves the deviations from each row's mean in the tile; gives the sum of
// their squares.
inline Vec DeviationsOfTile(int64_t columns, Vec (&tile)[kTileColumnsLimit]) {
  const Vec count = Broadcast(static_cast<float>(columns));
  const Vec mean = SumOfTile(columns, tile) / count;
  Vec squares = Broadcast(0);
  for (int64_t j = 0; j < columns; ++j) {
    tile[j] = tile[j] - mean;
    squares = MulAdd(tile[j], tile[j], squares);
  }
  return squares;
}

inline Vec InverseRoots(Vec squares, int64_t columns, float epsilon) {
  const Vec count = Broadcast(static_cast<float>(columns));
  return Broadcast(1) / Sqrt(squares / count + Broadcast(epsilon));
}

inline bool AllFinite(Vec x) {
  const Vec difference = x - x;
  return !Any(Unordered(difference, difference));
}

void LayerNorm(const float* x, int64_t rows, int64_t columns, float epsilon,
               const float* scale, const float* shift, float* y) {
  if (columns > kTiledColumns) {
    LayerNormByRow(x, rows, columns, epsilon, scale, shift, y);
    return;
  }
  for (int64_t r = 0; r < rows; r += kWidth) {
    const int64_t n = Least(kWidth, rows - r);
    const int64_t at = r * columns;
    Vec tile[kTileColumnsLimit];
    LoadTile(x + at, n, columns, tile);
    const Vec squares = DeviationsOfTile(columns, tile);
    if (!AllFinite(squares)) {
      LayerNormByRow(x + at, n, columns, epsilon, scale, shift, y + at);
      continue;
    }
    const Vec inverse = InverseRoots(squares, columns, epsilon);
    for (int64_t j = 0; j < columns; ++j) {
      tile[j] =
          MulAdd(tile[j] * inverse, Broadcast(scale[j]), Broadcast(shift[j]));
    }
    StoreTile(y + at, n, columns, tile);
  }
}

void LayerNormBackward(const float* x, const float* dy, int64_t rows,
                       int64_t columns, float epsilon, const float* scale,
                       float* dx) {
  const auto by_row = scale == nullptr ? LayerNormBackwardByRow<false>
                                       : LayerNormBackwardByRow<true>;
  if (columns > kTiledColumns) {
    by_row(x, dy, rows, columns, epsilon, scale, dx);
    return;
  }
  for (int64_t r = 0; r < rows; r += kWidth) {
    const int64_t n = Least(kWidth, rows - r);
    const int64_t at = r * columns;
    Vec deviations[kTileColumnsLimit], tile[kTileColumnsLimit];
    LoadTile(x + at, n, columns, deviations);
    LoadTile(dy + at, n, columns, tile);
    for (int64_t j = 0; scale != nullptr && j < columns; ++j) {
      tile[j] = tile[j] * Broadcast(scale[j]);
    }
    const Vec squares = DeviationsOfTile(columns, deviations);
    Vec dot = Broadcast(0);
    for (int64_t j = 0; j < columns; ++j) {
      dot = MulAdd(tile[j], deviations[j], dot);
    }
    const Vec sum = SumOfTile(columns, tile);
    if (!AllFinite(squares) || !AllFinite(dot) || !AllFinite(sum)) {
      by_row(x + at, dy + at, n, columns, epsilon, scale, dx + at);
      continue;
    }
    const Vec count = Broadcast(static_cast<float>(columns));
    const Vec inverse = InverseRoots(squares, columns, epsilon);
    const Vec mean = sum / count;
    const Vec slope = dot / count * inverse * inverse;
    for (int64_t j = 0; j < columns; ++j) {
      tile[j] = NegMulAdd(deviations[j], slope, tile[j] - mean) * inverse;
    }
    StoreTile(dx + at, n, columns, tile);
  }
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_LAYER_NORM_KERNELS_H_
