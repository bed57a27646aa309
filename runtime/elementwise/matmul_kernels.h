// Small matrix products over whatever Vec is. For the kernel sources only.
//
// Both orientations are one problem: out(i, j) = sum over k of left(i, k) *
// right(k, j), where vectors run along j. Either that is C itself, or, when C
// is a narrow matrix, its transpose. `right` is read where it is if its j are
// neighbours; otherwise a panel of it (kPanelDepth of k by the columns of one
// tile) is transposed into a buffer first.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_MATMUL_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_MATMUL_KERNELS_H_

#include "runtime/elementwise/small_matmul.h"

namespace espalier {
// A copy for each set of instructions.
namespace {  // NOLINT(google-build-namespaces)

constexpr int64_t kPanelDepth = 128;

// A matrix with any strides.
struct Strided {
  const float* data;
  int64_t row;
  int64_t column;
};

// One tile of out, for a range of k.
struct Tile {
  const float* left;
  int64_t left_row, left_k;
  const float* right;  // vectors of neighbouring j, right_k apart
  int64_t right_k;
  int64_t depth;
  float* out;
  int64_t out_row, out_column;
  int64_t columns;       // of out; the last vector may have fewer than kWidth
  bool right_is_padded;  // whole vectors may be read
  bool first, last;      // range of k
  const float* bias;     // or null
  int64_t bias_row, bias_column;  // strides: one of them is 0
  MatMulActivation activation;
  float slope;
};

// The tile's part of out, columns out_column apart.
template <int kRows, int kVectors>
void LoadOut(const Tile& tile, Vec (&sums)[kRows][kVectors]) {
  float row[kVectors * kWidth] = {};
  for (int i = 0; i < kRows; ++i) {
    for (int64_t j = 0; j < tile.columns; ++j) {
      row[j] = tile.out[i * tile.out_row + j * tile.out_column];
    }
    for (int v = 0; v < kVectors; ++v) sums[i][v] = Load(row + v * kWidth);
  }
}

template <int kRows, int kVectors>
void StoreOut(const Tile& tile, const Vec (&sums)[kRows][kVectors]) {
  if (tile.out_column == 1) {
    const int64_t rest = tile.columns - (kVectors - 1) * kWidth;
    ESPALIER_UNROLL
    for (int i = 0; i < kRows; ++i) {
      float* p = tile.out + i * tile.out_row;
      ESPALIER_UNROLL
      for (int v = 0; v + 1 < kVectors; ++v) Store(p + v * kWidth, sums[i][v]);
      StoreUpTo(p + (kVectors - 1) * kWidth, sums[i][kVectors - 1], rest);
    }
    return;
  }
  float row[kVectors * kWidth];
  for (int i = 0; i < kRows; ++i) {
    for (int v = 0; v < kVectors; ++v) Store(row + v * kWidth, sums[i][v]);
    for (int64_t j = 0; j < tile.columns; ++j) {
      tile.out[i * tile.out_row + j * tile.out_column] = row[j];
    }
  }
}

// Adds the bias and applies the activation.
template <int kRows, int kVectors>
void Finish(const Tile& tile, Vec (&sums)[kRows][kVectors]) {
  if (tile.bias != nullptr && tile.bias_column == 1) {
    const int64_t rest = tile.columns - (kVectors - 1) * kWidth;
    ESPALIER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      const float* p = tile.bias + v * kWidth;
      const Vec bias = v + 1 < kVectors ? Load(p) : LoadUpTo(p, rest);
      ESPALIER_UNROLL
      for (int i = 0; i < kRows; ++i) sums[i][v] = sums[i][v] + bias;
    }
  } else if (tile.bias != nullptr) {
    ESPALIER_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const Vec bias = Broadcast(tile.bias[i]);
      ESPALIER_UNROLL
      for (int v = 0; v < kVectors; ++v) sums[i][v] = sums[i][v] + bias;
    }
  }
  const Vec zero = Broadcast(0);
  const Vec slope = Broadcast(tile.slope);
  switch (tile.activation) {
    case MatMulActivation::kNone:
      break;
    case MatMulActivation::kRelu:
      ESPALIER_UNROLL
      for (int i = 0; i < kRows; ++i) {
        ESPALIER_UNROLL
        for (Vec& sum : sums[i]) sum = Maximum(sum, zero);
      }
      break;
    case MatMulActivation::kLeakyRelu:
      ESPALIER_UNROLL
      for (int i = 0; i < kRows; ++i) {
        ESPALIER_UNROLL
        for (Vec& sum : sums[i]) {
          sum = Select(Greater(sum, zero), sum, sum * slope);
        }
      }
      break;
  }
}

template <int kRows, int kVectors, bool kMasked>
void Accumulate(const Tile& tile, Vec (&sums)[kRows][kVectors]) {
  const int64_t rest = tile.columns - (kVectors - 1) * kWidth;
  for (int64_t k = 0; k < tile.depth; ++k) {
    const float* p = tile.right + k * tile.right_k;
    Vec right[kVectors];
    ESPALIER_UNROLL
    for (int v = 0; v < kVectors; ++v) {
      right[v] = kMasked && v == kVectors - 1 ? Load(p + v * kWidth, rest)
                                              : Load(p + v * kWidth);
    }
    ESPALIER_UNROLL
    for (int i = 0; i < kRows; ++i) {
      const Vec left =
          Broadcast(tile.left[i * tile.left_row + k * tile.left_k]);
      ESPALIER_UNROLL
      for (int v = 0; v < kVectors; ++v) {
        sums[i][v] = MulAdd(left, right[v], sums[i][v]);
      }
    }
  }
}

template <int kRows, int kVectors>
void RunTile(const Tile& tile) {
  Vec sums[kRows][kVectors];
  if (tile.first) {
    ESPALIER_UNROLL
    for (int i = 0; i < kRows; ++i) {
      ESPALIER_UNROLL
      for (Vec& sum : sums[i]) sum = Broadcast(0);
    }
  } else {
    LoadOut(tile, sums);
  }
  if (tile.right_is_padded || tile.columns == kVectors * kWidth) {
    Accumulate<kRows, kVectors, false>(tile, sums);
  } else {
    Accumulate<kRows, kVectors, true>(tile, sums);
  }
  if (tile.last) Finish(tile, sums);
  StoreOut(tile, sums);
}

// Rows of a tile by its vectors: sums, one row of `right` and one broadcast
// fit the registers, and enough sums are open to hide the latency of adding.
constexpr int TileRows(int vectors) {
  return kWidth == 16 ? (vectors == 1   ? 12
                         : vectors == 4 ? 6
                                        : 8)
                      : (vectors == 1 ? 8 : 6);
}

constexpr int kMaxTileRows = 12;

struct TileTable {
  void (*run[kTileVectors][kMaxTileRows])(const Tile&);
};

// The entry [vectors - 1][rows - 1] and those after it.
template <int kVectors, int kRows>
constexpr void FillTiles(TileTable& table) {
  table.run[kVectors - 1][kRows - 1] = RunTile<kRows, kVectors>;
  if constexpr (kRows < TileRows(kVectors)) {
    FillTiles<kVectors, kRows + 1>(table);
  } else if constexpr (kVectors < kTileVectors) {
    FillTiles<kVectors + 1, 1>(table);
  }
}

constexpr TileTable MakeTiles() {
  TileTable table = {};
  FillTiles<1, 1>(table);
  return table;
}

constexpr TileTable kTiles = MakeTiles();

// panel[k * width + j] = right(k, j) for k < depth, j < columns, where right
// is stored with neighbouring k; whole vectors are written.
void PackPanel(const float* right, int64_t right_column, int64_t depth,
               int64_t columns, int64_t width, float* panel) {
  for (int64_t j = 0; j < columns; j += kWidth) {
    for (int64_t next = 0; next < depth; next += kWidth) {
      // The last square starts early, if it can, and repeats some work.
      const int64_t k =
          next + kWidth > depth && depth >= kWidth ? depth - kWidth : next;
      Vec square[kWidth];
      LoadTransposedUpTo(right + j * right_column + k, right_column,
                         columns - j, depth - k, square);
      float* to = panel + k * width + j;
      if (depth >= kWidth) {
        ESPALIER_UNROLL
        for (int i = 0; i < kWidth; ++i) Store(to + i * width, square[i]);
      } else {
        ESPALIER_UNROLL
        for (int i = 0; i < kWidth; ++i) {
          if (i < depth) Store(to + i * width, square[i]);
        }
      }
    }
  }
}

// Whether to compute the transpose of C: when that leaves fewer vectors to
// work on, counting what transposing `right` costs.
bool TransposePays(const SmallMatmulOptions& o) {
  const auto cost = [&o](int64_t rows, int64_t columns, bool pack,
                         bool scatter) {
    const int64_t vectors = (columns + kWidth - 1) / kWidth;
    return rows * o.k * vectors + (pack ? 4 * o.k * vectors : 0) +
           (scatter ? 2 * rows * columns : 0);
  };
  return cost(o.n, o.m, !o.transpose_a, o.n > 1) <
         cost(o.m, o.n, o.transpose_b, false);
}

void MultiplySmall(const SmallMatmulOptions& o, const float* a, const float* b,
                   const float* bias, float* c) {
  // left(i, k) and right(k, j) as strides.
  const Strided op_a = o.transpose_a ? Strided{a, 1, o.m} : Strided{a, o.k, 1};
  const Strided op_b = o.transpose_b ? Strided{b, 1, o.k} : Strided{b, o.n, 1};
  const bool transpose = TransposePays(o);
  const int64_t rows = transpose ? o.n : o.m;
  const int64_t columns = transpose ? o.m : o.n;
  const Strided left = transpose ? Strided{b, op_b.column, op_b.row} : op_a;
  const Strided right = transpose ? Strided{a, op_a.column, op_a.row} : op_b;
  const bool pack = right.column != 1 && columns > 1;

  Tile tile = {};
  tile.left_row = left.row;
  tile.left_k = left.column;
  tile.out_row = transpose ? 1 : o.n;
  tile.out_column = transpose ? o.n : 1;
  tile.bias_column = transpose ? 0 : 1;
  tile.activation = o.activation;
  tile.slope = o.slope;
  alignas(64) float panel[kPanelDepth * kTileVectors * kWidth];
  constexpr int64_t kTileColumns = kTileVectors * kWidth;
  const int64_t depth = pack ? kPanelDepth : (o.k > 0 ? o.k : 1);
  for (int64_t j = 0; j < columns; j += kTileColumns) {
    tile.columns = columns - j < kTileColumns ? columns - j : kTileColumns;
    const int64_t vectors = (tile.columns + kWidth - 1) / kWidth;
    int64_t k = 0;
    do {  // once even if there is no k, for the bias
      tile.depth = o.k - k < depth ? o.k - k : depth;
      tile.first = k == 0;
      tile.last = k + depth >= o.k;
      tile.right = right.data + k * right.row + j * right.column;
      tile.right_k = right.row;
      tile.right_is_padded = pack;
      if (pack) {
        tile.right_k = vectors * kWidth;
        PackPanel(tile.right, right.column, tile.depth, tile.columns,
                  tile.right_k, panel);
        tile.right = panel;
      }
      for (int64_t i = 0; i < rows;) {
        const int64_t most = TileRows(static_cast<int>(vectors));
        const int64_t tile_rows = rows - i < most ? rows - i : most;
        tile.left = left.data + i * left.row + k * left.column;
        tile.out = c + i * tile.out_row + j * tile.out_column;
        tile.bias = bias == nullptr ? nullptr : bias + (transpose ? i : j);
        kTiles.run[vectors - 1][tile_rows - 1](tile);
        i += tile_rows;
      }
      k += depth;
    } while (k < o.k);
  }
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_MATMUL_KERNELS_H_
