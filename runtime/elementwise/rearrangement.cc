#include "runtime/elementwise/rearrangement.h"

#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/elementwise/fork.h"

namespace espalier {
namespace {

constexpr double kNanoseconds = 0.1;     // per element that is moved
constexpr int64_t kTileElements = 8192;  // 32 KiB, written while in cache
constexpr int64_t kBlock = 64;           // rows and columns of a transpose
constexpr int64_t kLongRow = 128;        // elements
constexpr size_t kElementBytes = sizeof(uint32_t);

int64_t DivideRoundingUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Row r of n elements at from + r * from_stride goes to to + r * to_stride.
struct RowsCopy {
  int64_t rows, n;
  const uint32_t* from;
  int64_t from_stride;
  uint32_t* to;
  int64_t to_stride;
};

// The compiler makes loads and stores of a copy of known size.
template <size_t n>
void CopyRowsOf(const RowsCopy& c) {
  for (int64_t r = 0; r < c.rows; ++r) {
    std::memcpy(c.to + r * c.to_stride, c.from + r * c.from_stride,
                n * kElementBytes);
  }
}

void CopyRows(const RowsCopy& c) {
  static constexpr void (*kShort[])(const RowsCopy&) = {
      nullptr,       CopyRowsOf<1>, CopyRowsOf<2>, CopyRowsOf<3>, CopyRowsOf<4>,
      CopyRowsOf<5>, CopyRowsOf<6>, CopyRowsOf<7>, CopyRowsOf<8>};
  if (c.n <= 8) return kShort[c.n](c);
  const auto bytes = static_cast<size_t>(c.n) * kElementBytes;
  for (int64_t r = 0; r < c.rows; ++r) {
    std::memcpy(c.to + r * c.to_stride, c.from + r * c.from_stride, bytes);
  }
}

// Rows of kBlock elements.
void CopyBlockRows(const RowsCopy& c) {
  for (int64_t r = 0; r < c.rows; ++r) {
    const uint32_t* const from = c.from + r * c.from_stride;
    uint32_t* const to = c.to + r * c.to_stride;
    for (int64_t i = 0; i < kBlock; i += 4) {
      _mm_storeu_si128(
          reinterpret_cast<__m128i*>(to + i),
          _mm_loadu_si128(reinterpret_cast<const __m128i*>(from + i)));
    }
  }
}

// to[i * to_stride + j] = from[j * from_stride + i] for i, j < 4.
void Transpose4x4(const uint32_t* from, int64_t from_stride, uint32_t* to,
                  int64_t to_stride) {
  const auto load = [&](int j) {
    return _mm_loadu_si128(
        reinterpret_cast<const __m128i*>(from + j * from_stride));
  };
  const auto store = [&](int i, __m128i row) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to + i * to_stride), row);
  };
  const __m128i a = load(0), b = load(1), c = load(2), d = load(3);
  const __m128i ab_low = _mm_unpacklo_epi32(a, b);
  const __m128i cd_low = _mm_unpacklo_epi32(c, d);
  const __m128i ab_high = _mm_unpackhi_epi32(a, b);
  const __m128i cd_high = _mm_unpackhi_epi32(c, d);
  store(0, _mm_unpacklo_epi64(ab_low, cd_low));
  store(1, _mm_unpackhi_epi64(ab_low, cd_low));
  store(2, _mm_unpacklo_epi64(ab_high, cd_high));
  store(3, _mm_unpackhi_epi64(ab_high, cd_high));
}

// to[i * to_stride + j] = from[j * from_stride + i] for i < rows, j < n.
// Blocks are read through a buffer: rows a power of two apart would push each
// other out of the cache before they are used up.
void Transpose(int64_t rows, int64_t n, const uint32_t* from,
               int64_t from_stride, uint32_t* to, int64_t to_stride) {
  constexpr int64_t kStride = kBlock + 4;
  alignas(64) uint32_t buffer[kBlock * kStride];
  for (int64_t i0 = 0; i0 < rows; i0 += kBlock) {
    const int64_t block_rows = std::min(kBlock, rows - i0);
    for (int64_t j0 = 0; j0 < n; j0 += kBlock) {
      const int64_t block_n = std::min(kBlock, n - j0);
      const RowsCopy rows = {
          block_n,     block_rows, from + j0 * from_stride + i0,
          from_stride, buffer,     kStride};
      block_rows == kBlock ? CopyBlockRows(rows) : CopyRows(rows);
      uint32_t* const block_to = to + i0 * to_stride + j0;
      for (int64_t i = 0; i < block_rows; i += 4) {
        for (int64_t j = 0; j < block_n; j += 4) {
          const uint32_t* const corner = buffer + j * kStride + i;
          uint32_t* const corner_to = block_to + i * to_stride + j;
          if (i + 4 <= block_rows && j + 4 <= block_n) {
            Transpose4x4(corner, kStride, corner_to, to_stride);
            continue;
          }
          for (int64_t ii = 0; ii < std::min<int64_t>(4, block_rows - i); ++ii)
            for (int64_t jj = 0; jj < std::min<int64_t>(4, block_n - j); ++jj)
              corner_to[ii * to_stride + jj] = corner[jj * kStride + ii];
        }
      }
    }
  }
}

// One element n times; copies of what is there already are faster than a loop.
void Repeat(uint32_t element, int64_t n, uint32_t* to) {
  constexpr int64_t kFirst = 256;
  std::fill_n(to, std::min(n, kFirst), element);
  for (int64_t i = kFirst; i < n; i += kFirst) {
    std::memcpy(to + i, to,
                static_cast<size_t>(std::min(kFirst, n - i)) * kElementBytes);
  }
}

// Along the last axis: from_step apart in the source, to_step in the result.
void CopyStrided(const RowsCopy& c, int64_t from_step, int64_t to_step) {
  for (int64_t r = 0; r < c.rows; ++r) {
    const uint32_t* from = c.from + r * c.from_stride;
    uint32_t* to = c.to + r * c.to_stride;
    if (from_step == 0 && to_step == 1) {
      Repeat(*from, c.n, to);
    } else if (from_step == 2 && to_step == 1) {  // with vectors
      for (int64_t j = 0; j < c.n; ++j) to[j] = from[j * 2];
    } else {
      for (int64_t j = 0; j < c.n; ++j) to[j * to_step] = from[j * from_step];
    }
  }
}

}  // namespace

Rearrangement::Rearrangement(const Shape& shape, std::vector<Box> boxes,
                             bool zeros, int threads)
    : dims_(shape.dims().begin(), shape.dims().end()), zeros_(zeros) {
  const int64_t elements = shape.num_elements();
  if (elements == 0) return;
  for (size_t b = 0; b < boxes.size(); ++b) {
    const bool empty =
        std::any_of(boxes[b].axes.begin(), boxes[b].axes.end(),
                    [](const BoxAxis& axis) { return axis.size == 0; });
    if (!empty) pieces_.push_back({std::move(boxes[b]), b, Loops::kRows, 0});
  }
  DropAxesOfOne();
  JoinAxes();
  strides_.assign(dims_.size(), 1);
  for (int i = rank() - 1; i > 0; --i) {
    strides_[i - 1] = strides_[i] * dims_[i];
  }
  for (Piece& piece : pieces_) ChooseLoops(piece);
  ChooseTiles();
  threads_ = ForkWidth(static_cast<double>(elements) * kNanoseconds * 1e-3,
                       num_tiles_, threads);
}

void Rearrangement::DropAxesOfOne() {
  for (size_t i = dims_.size(); i-- > 0;) {
    if (dims_[i] != 1 || dims_.size() == 1) continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    dims_.erase(dims_.begin() + at);
    for (Piece& piece : pieces_) {
      piece.box.axes.erase(piece.box.axes.begin() + at);
    }
  }
  if (!dims_.empty()) return;
  dims_ = {1};
  for (Piece& piece : pieces_) piece.box.axes = {{1, 0, 0, 1}};
}

void Rearrangement::JoinAxes() {
  for (size_t i = dims_.size() - 1; i-- > 0;) {
    const int64_t inner_dim = dims_[i + 1];
    const bool joins =
        std::all_of(pieces_.begin(), pieces_.end(), [&](const Piece& piece) {
          const BoxAxis& outer = piece.box.axes[i];
          const BoxAxis& inner = piece.box.axes[i + 1];
          return inner.size == inner_dim &&
                 (outer.size == 1 ||
                  (outer.to_step == 1 &&
                   outer.from_stride == inner.from_stride * inner.size));
        });
    if (!joins) continue;
    const auto at = static_cast<std::ptrdiff_t>(i);
    dims_[i] *= inner_dim;
    dims_.erase(dims_.begin() + at + 1);
    for (Piece& piece : pieces_) {
      std::vector<BoxAxis>& axes = piece.box.axes;
      axes[i] = {axes[i].size * inner_dim, axes[i + 1].from_stride,
                 axes[i].to_begin * inner_dim, 1};
      axes.erase(axes.begin() + at + 1);
    }
  }
}

void Rearrangement::ChooseLoops(Piece& piece) const {
  const std::vector<BoxAxis>& axes = piece.box.axes;
  const BoxAxis& last = axes.back();
  piece.outer = rank() - 2;  // -1: there is none
  if (last.size == 1 || (last.from_stride == 1 && last.to_step == 1)) {
    piece.loops = Loops::kRows;
    return;
  }
  piece.loops = Loops::kStrided;
  if (last.to_step != 1 || last.from_stride == 0) return;
  for (int i = 0; i < rank() - 1; ++i) {
    if (axes[i].from_stride == 1 && axes[i].to_step == 1 && axes[i].size > 1) {
      piece.loops = Loops::kTranspose;
      piece.outer = i;
    }
  }
}

void Rearrangement::ChooseTiles() {
  tile_.assign(dims_.size(), 1);
  int64_t elements = 1;
  const auto grow = [&](size_t i, int64_t to) {
    elements /= tile_[i];
    tile_[i] = std::max(tile_[i], std::min(dims_[i], to));
    elements *= tile_[i];
  };
  for (const Piece& piece : pieces_) {
    if (piece.loops != Loops::kTranspose) continue;
    grow(static_cast<size_t>(piece.outer), kBlock);
    grow(dims_.size() - 1, kBlock);
  }
  for (size_t i = dims_.size(); i-- > 0;) {
    grow(i, std::max<int64_t>(1, kTileElements * tile_[i] / elements));
  }
  num_tiles_ = 1;
  for (size_t i = 0; i < dims_.size(); ++i) {
    tiles_.push_back(DivideRoundingUp(dims_[i], tile_[i]));
    num_tiles_ *= tiles_[i];
  }
}

void Rearrangement::Run(absl::Span<void* const> sources, void* result) const {
  ForkOver(num_tiles_, threads_, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      RunTile(tile, sources, static_cast<uint32_t*>(result));
    }
  });
}

void Rearrangement::RunTile(int64_t tile, absl::Span<void* const> sources,
                            uint32_t* result) const {
  Index begin, end;
  for (int i = rank() - 1; i >= 0; --i) {
    begin[i] = tile % tiles_[i] * tile_[i];
    end[i] = std::min(begin[i] + tile_[i], dims_[i]);
    tile /= tiles_[i];
  }
  if (zeros_) FillZeros(begin, end, result);
  for (const Piece& piece : pieces_) {
    CopyPart(piece, begin, end,
             static_cast<const uint32_t*>(sources[piece.source]), result);
  }
}

// Also where a box will be copied to, since the tile is in cache then; but not
// over long rows of a box.
void Rearrangement::FillZeros(const Index& begin, const Index& end,
                              uint32_t* result) const {
  const int last = rank() - 1;
  const BoxAxis* const row = RowOfOnlyBox();
  // Axes from `whole` on are one run.
  int whole = last;
  while (row == nullptr && whole > 0 &&
         end[whole] - begin[whole] == dims_[whole]) {
    --whole;
  }
  const int64_t elements = (end[whole] - begin[whole]) * strides_[whole];
  const auto fill = [](uint32_t* to, int64_t count) {
    if (count > 0) {
      std::memset(to, 0, static_cast<size_t>(count) * kElementBytes);
    }
  };
  Index at = begin;
  for (;;) {
    int64_t offset = 0;
    bool in_box = row != nullptr;
    for (int i = 0; i <= whole; ++i) {
      offset += at[i] * strides_[i];
      in_box = in_box && (i == last || Fills(pieces_[0].box.axes[i], at[i]));
    }
    if (in_box) {
      const int64_t first = std::max(row->to_begin, begin[last]);
      const int64_t past = std::min(row->to_begin + row->size, end[last]);
      fill(result + offset, std::min(first, end[last]) - begin[last]);
      fill(result + offset + std::max(past, begin[last]) - begin[last],
           end[last] - std::max(past, begin[last]));
    } else {
      fill(result + offset, elements);
    }
    int i = whole - 1;
    while (i >= 0 && ++at[i] == end[i]) {
      at[i] = begin[i];
      --i;
    }
    if (i < 0) return;
  }
}

// Whether the box has an element at this index of the result.
bool Rearrangement::Fills(const BoxAxis& axis, int64_t index) {
  const int64_t past = index - axis.to_begin;
  return past >= 0 && past < axis.size * axis.to_step &&
         past % axis.to_step == 0;
}

const BoxAxis* Rearrangement::RowOfOnlyBox() const {
  if (pieces_.size() != 1) return nullptr;
  const BoxAxis& row = pieces_[0].box.axes.back();
  return row.to_step == 1 && row.size >= kLongRow ? &row : nullptr;
}

void Rearrangement::CopyPart(const Piece& piece, const Index& begin,
                             const Index& end, const uint32_t* source,
                             uint32_t* result) const {
  const std::vector<BoxAxis>& axes = piece.box.axes;
  const uint32_t* from = source + piece.box.from_offset;
  uint32_t* to = result;
  Index size, to_stride;
  for (int i = 0; i < rank(); ++i) {
    const BoxAxis& axis = axes[i];
    // Elements of the box before an index of the result.
    const auto before = [&axis](int64_t index) {
      const int64_t past = index - axis.to_begin;
      if (past <= 0) return int64_t{0};
      return std::min(axis.size, axis.to_step == 1
                                     ? past
                                     : DivideRoundingUp(past, axis.to_step));
    };
    const int64_t first = before(begin[i]);
    size[i] = before(end[i]) - first;
    if (size[i] == 0) return;
    from += first * axis.from_stride;
    to += (axis.to_begin + first * axis.to_step) * strides_[i];
    to_stride[i] = axis.to_step * strides_[i];
  }
  const int last = rank() - 1;
  const int outer = piece.outer;
  RowsCopy rows = {1, size[last], from, 0, to, 0};
  if (outer >= 0) {
    rows.rows = size[outer];
    rows.from_stride = axes[outer].from_stride;
    rows.to_stride = to_stride[outer];
  }
  Index at = {};
  for (;;) {
    switch (piece.loops) {
      case Loops::kRows:
        CopyRows(rows);
        break;
      case Loops::kTranspose:
        Transpose(rows.rows, rows.n, rows.from, axes[last].from_stride, rows.to,
                  rows.to_stride);
        break;
      case Loops::kStrided:
        CopyStrided(rows, axes[last].from_stride, to_stride[last]);
        break;
    }
    int i = last - 1;
    for (; i >= 0; --i) {
      if (i == outer) continue;
      rows.from += axes[i].from_stride;
      rows.to += to_stride[i];
      if (++at[i] < size[i]) break;
      at[i] = 0;
      rows.from -= size[i] * axes[i].from_stride;
      rows.to -= size[i] * to_stride[i];
    }
    if (i < 0) return;
  }
}

}  // namespace espalier
