// Loops over the rows of a matrix, whatever Vec is: softmax and cross-entropy.
// For the kernel sources only.
//
// Rows are taken kWidth at a time. Either the matrix is narrow and the group
// is transposed into a tile, one vector per column with one row in each lane;
// or each row is folded by itself, and what is found for the kWidth rows is
// put into the lanes of one vector.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_ROW_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_ROW_KERNELS_H_

#include "runtime/elementwise/kernels.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

constexpr int64_t kTileColumnsLimit = 128;
static_assert(kTileColumnsLimit % kWidth == 0, "whole squares");

inline Vec Plus(Vec a, Vec b) { return a + b; }

inline int64_t Least(int64_t a, int64_t b) { return a < b ? a : b; }

// tile[j] lane i = x[i, j] for i < rows <= kWidth; lanes beyond are 0.
inline void LoadTile(const float* x, int64_t rows, int64_t columns,
                     Vec (&tile)[kTileColumnsLimit]) {
  for (int64_t j = 0; j < columns; j += kWidth) {
    Vec square[kWidth];
    LoadTransposedUpTo(x + j, columns, rows, columns - j, square);
    ESPALIER_UNROLL
    for (int i = 0; i < kWidth; ++i) tile[j + i] = square[i];
  }
}

// The tile's vectors beyond the columns are not used, but read.
inline void StoreTile(float* y, int64_t rows, int64_t columns,
                      const Vec (&tile)[kTileColumnsLimit]) {
  for (int64_t j = 0; j < columns; j += kWidth) {
    Vec square[kWidth];
    ESPALIER_UNROLL
    for (int i = 0; i < kWidth; ++i) square[i] = tile[j + i];
    Transpose(square);
    const int64_t n = columns - j;
    if (rows >= kWidth && n >= kWidth) {
      ESPALIER_UNROLL
      for (int i = 0; i < kWidth; ++i) Store(y + i * columns + j, square[i]);
    } else {
      ESPALIER_UNROLL
      for (int i = 0; i < kWidth; ++i) {
        if (i < rows) StoreUpTo(y + i * columns + j, square[i], n);
      }
    }
  }
}

// Calls f(i, vector) for each vector of x; the last one is filled up with
// `rest` and of n <= kWidth elements.
template <class F>
void ForRow(const float* x, int64_t columns, Vec rest, F f) {
  int64_t j = 0;
  for (; j + kWidth <= columns; j += kWidth) f(j, Load(x + j), kWidth);
  if (j < columns) f(j, LoadOr(x + j, columns - j, rest), columns - j);
}

// The largest or smallest element, from `start` on; the fold decides what
// becomes of a NaN.
template <Vec (*kFold)(Vec, Vec)>
float FoldRow(const float* x, int64_t columns, float start) {
  const Vec starts = Broadcast(start);
  Vec even = starts, odd = starts;
  int64_t j = 0;
  for (; j + 2 * kWidth <= columns; j += 2 * kWidth) {
    even = kFold(Load(x + j), even);
    odd = kFold(Load(x + j + kWidth), odd);
  }
  ForRow(x + j, columns - j, starts,
         [&](int64_t, Vec v, int64_t) { even = kFold(v, even); });
  return FoldLanes<kFold>(kFold(even, odd));
}

// exp(x - largest) where x <= largest.
inline Vec ExpBelow(Vec x, Vec largest) {
  return ExpInRange(MaxOrSecond(Broadcast(-104), x - largest), Broadcast(0));
}

// x - largest, kept finite if x is: the difference may overflow.
inline Vec Below(Vec x, Vec largest) {
  return Select(Greater(x, Broadcast(-kInfinity)),
                MaxOrSecond(Broadcast(-kLargest), x - largest), x - largest);
}

// The largest element of each of kWidth rows, and the sum of exp(x - largest);
// what a row needs for all that follows. The sum is at least 1, or NaN.
struct RowFacts {
  Vec largest;
  Vec sum;
};

// Leaves exp(x - largest) in the tile.
inline RowFacts ExponentiateTile(int64_t columns,
                                 Vec (&tile)[kTileColumnsLimit]) {
  RowFacts facts = {tile[0], Broadcast(0)};
  for (int64_t j = 1; j < columns; ++j) {
    facts.largest = MaxOrSecond(tile[j], facts.largest);
  }
  for (int64_t j = 0; j < columns; ++j) {
    tile[j] = ExpBelow(tile[j], facts.largest);
    facts.sum = facts.sum + tile[j];
  }
  return facts;
}

// Stores exp(x - largest) in y, if not null, which may be x.
inline void ExponentiateRow(const float* x, int64_t columns, float* y,
                            float* largest, float* sum) {
  // A NaN may get lost here: it shows in the sum.
  *largest = FoldRow<MaxOrSecond>(x, columns, -kInfinity);
  const Vec most = Broadcast(*largest);
  Vec sums = Broadcast(0);
  ForRow(x, columns, Broadcast(-kInfinity), [&](int64_t j, Vec v, int64_t n) {
    const Vec e = ExpBelow(v, most);
    if (y != nullptr) StoreUpTo(y + j, e, n);
    // What fills up the last vector adds nothing, unless all is NaN.
    sums = sums + e;
  });
  *sum = FoldLanes<Plus>(sums);
}

void Softmax(const float* x, int64_t rows, int64_t columns, float* y) {
  const Vec one = Broadcast(1);
  if (columns <= kTileColumnsLimit) {
    for (int64_t r = 0; r < rows; r += kWidth) {
      const int64_t n = Least(kWidth, rows - r);
      Vec tile[kTileColumnsLimit];
      LoadTile(x + r * columns, n, columns, tile);
      const Vec inverse = one / ExponentiateTile(columns, tile).sum;
      for (int64_t j = 0; j < columns; ++j) {
        tile[j] = MinOrSecond(one, tile[j] * inverse);
      }
      StoreTile(y + r * columns, n, columns, tile);
    }
    return;
  }
  for (int64_t r = 0; r < rows; ++r) {
    float* const row = y + r * columns;
    float largest, sum;
    ExponentiateRow(x + r * columns, columns, row, &largest, &sum);
    const Vec inverse = Broadcast(1 / sum);
    ForRow(row, columns, one, [&](int64_t j, Vec v, int64_t n) {
      StoreUpTo(row + j, MinOrSecond(one, v * inverse), n);
    });
  }
}

void LogSoftmax(const float* x, int64_t rows, int64_t columns, float* y) {
  if (columns <= kTileColumnsLimit) {
    for (int64_t r = 0; r < rows; r += kWidth) {
      const int64_t n = Least(kWidth, rows - r);
      Vec tile[kTileColumnsLimit], exponentials[kTileColumnsLimit];
      LoadTile(x + r * columns, n, columns, tile);
      for (int64_t j = 0; j < columns; ++j) exponentials[j] = tile[j];
      const RowFacts facts = ExponentiateTile(columns, exponentials);
      const Vec log_sum = Log(facts.sum);
      for (int64_t j = 0; j < columns; ++j) {
        tile[j] = Below(tile[j], facts.largest) - log_sum;
      }
      StoreTile(y + r * columns, n, columns, tile);
    }
    return;
  }
  for (int64_t r = 0; r < rows; ++r) {
    float largest, sum;
    ExponentiateRow(x + r * columns, columns, nullptr, &largest, &sum);
    const Vec most = Broadcast(largest);
    const Vec log_sum = Log(Broadcast(sum));
    float* const row = y + r * columns;
    ForRow(x + r * columns, columns, most, [&](int64_t j, Vec v, int64_t n) {
      StoreUpTo(row + j, Below(v, most) - log_sum, n);
    });
  }
}

void SoftmaxBackward(const float* y, const float* dy, int64_t rows,
                     int64_t columns, float* dx) {
  const Vec zero = Broadcast(0);
  for (int64_t r = 0; r < rows; ++r) {
    const float* const gradient = dy + r * columns;
    float* const result = dx + r * columns;
    Vec sums = zero;
    ForRow(y + r * columns, columns, zero, [&](int64_t j, Vec v, int64_t n) {
      sums = MulAdd(v, LoadUpTo(gradient + j, n), sums);
    });
    const Vec dot = Broadcast(FoldLanes<Plus>(sums));
    ForRow(y + r * columns, columns, zero, [&](int64_t j, Vec v, int64_t n) {
      StoreUpTo(result + j, (LoadUpTo(gradient + j, n) - dot) * v, n);
    });
  }
}

void LogSoftmaxBackward(const float* y, const float* dy, int64_t rows,
                        int64_t columns, float* dx) {
  const Vec zero = Broadcast(0);
  for (int64_t r = 0; r < rows; ++r) {
    const float* const gradient = dy + r * columns;
    float* const result = dx + r * columns;
    Vec sums = zero;
    ForRow(gradient, columns, zero,
           [&](int64_t, Vec v, int64_t) { sums = sums + v; });
    const Vec total = Broadcast(FoldLanes<Plus>(sums));
    ForRow(y + r * columns, columns, zero, [&](int64_t j, Vec v, int64_t n) {
      StoreUpTo(result + j, NegMulAdd(Exp(v), total, LoadUpTo(gradient + j, n)),
                n);
    });
  }
}

inline RowFacts FactsOfRows(const float* x, int64_t rows, int64_t columns) {
  if (columns <= kTileColumnsLimit) {
    Vec tile[kTileColumnsLimit];
    LoadTile(x, rows, columns, tile);
    return ExponentiateTile(columns, tile);
  }
  float largest[kWidth] = {}, sum[kWidth] = {};
  for (int64_t i = 0; i < rows; ++i) {
    ExponentiateRow(x + i * columns, columns, nullptr, &largest[i], &sum[i]);
  }
  return {Load(largest), Load(sum)};
}

void CrossEntropy(const float* x, const int32_t* labels, int64_t rows,
                  int64_t columns, float* loss) {
  for (int64_t r = 0; r < rows; r += kWidth) {
    const int64_t n = Least(kWidth, rows - r);
    const RowFacts facts = FactsOfRows(x + r * columns, n, columns);
    float chosen[kWidth] = {};
    for (int64_t i = 0; i < n; ++i) {
      chosen[i] = x[(r + i) * columns + labels[r + i]];
    }
    // Both terms are at least 0.
    const Vec value = Log(facts.sum) - Below(Load(chosen), facts.largest);
    StoreUpTo(loss + r, value, n);
  }
}

void CrossEntropyBackward(const float* x, const int32_t* labels,
                          const float* dy, int64_t dy_stride, int64_t rows,
                          int64_t columns, float* dx) {
  const Vec one = Broadcast(1);
  if (columns <= kTileColumnsLimit) {
    for (int64_t r = 0; r < rows; r += kWidth) {
      const int64_t n = Least(kWidth, rows - r);
      Vec tile[kTileColumnsLimit];
      LoadTile(x + r * columns, n, columns, tile);
      const Vec inverse = one / ExponentiateTile(columns, tile).sum;
      float label[kWidth] = {}, scale[kWidth] = {};
      for (int64_t i = 0; i < n; ++i) {
        label[i] = static_cast<float>(labels[r + i]);  // exact: few columns
        scale[i] = dy[(r + i) * dy_stride];
      }
      const Vec chosen = Load(label), factor = Load(scale);
      for (int64_t j = 0; j < columns; ++j) {
        const Vec p = MinOrSecond(one, tile[j] * inverse);
        const Mask here = Equal(chosen, Broadcast(static_cast<float>(j)));
        tile[j] = Select(here, p - one, p) * factor;
      }
      StoreTile(dx + r * columns, n, columns, tile);
    }
    return;
  }
  for (int64_t r = 0; r < rows; ++r) {
    float* const row = dx + r * columns;
    float largest, sum;
    ExponentiateRow(x + r * columns, columns, row, &largest, &sum);
    const float factor = dy[r * dy_stride];
    const float inverse = 1 / sum;
    const float at_label = (row[labels[r]] * inverse - 1) * factor;
    const Vec inverses = Broadcast(inverse), factors = Broadcast(factor);
    ForRow(row, columns, one, [&](int64_t j, Vec v, int64_t n) {
      StoreUpTo(row + j, MinOrSecond(one, v * inverses) * factors, n);
    });
    row[labels[r]] = at_label;
  }
}

// Where the first vector starts that has a NaN or infinity in it, or n.
int64_t FindNonFinite(const float* x, int64_t n) {
  const Vec zero = Broadcast(0);
  int64_t i = 0;
  for (; i + 4 * kWidth <= n; i += 4 * kWidth) {
    // x * 0 is 0 or NaN, and NaN stays.
    const Vec s =
        (Load(x + i) * zero + Load(x + i + kWidth) * zero) +
        (Load(x + i + 2 * kWidth) * zero + Load(x + i + 3 * kWidth) * zero);
    if (Any(Unordered(s, s))) break;
  }
  for (; i < n; i += kWidth) {
    const Vec s = LoadUpTo(x + i, n - i) * zero;
    if (Any(Unordered(s, s))) return i;
  }
  return n;
}

int64_t FindOutside(const int32_t* labels, int64_t n, int32_t classes) {
  constexpr int64_t kGroup = 64;  // searched without a branch
  const auto outside = [&](int64_t i) {
    return static_cast<uint32_t>(labels[i]) >= static_cast<uint32_t>(classes);
  };
  int64_t i = 0;
  for (; i + kGroup <= n; i += kGroup) {
    bool any = false;
    for (int64_t k = i; k < i + kGroup; ++k) any |= outside(k);
    if (any) break;
  }
  while (i < n && !outside(i)) ++i;
  return i;
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_ROW_KERNELS_H_
