#include "runtime/elementwise/rearrangement.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "runtime/elementwise/divide.h"
#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr double kNanoseconds = 0.1;     // per element that is moved
constexpr int64_t kTileElements = 8192;  // 32 KiB, written while in cache
constexpr int64_t kBlockRows = 64;       // of a transpose's result
constexpr int64_t kBlockColumns = 128;
constexpr int64_t kLongPart = 64;    // of a row, on average
constexpr int64_t kLongRow = 128;    // elements
constexpr int64_t kLongFill = 8192;  // from here on memset is faster
constexpr size_t kElementBytes = sizeof(float);

// The compiler makes loads and stores of a copy of known size.
template <size_t n>
void CopyRowsOf(const RowsCopy& c) {
  for (int64_t r = 0; r < c.rows; ++r) {
    std::memcpy(c.to + r * c.to_stride, c.from + r * c.from_stride,
                n * kElementBytes);
  }
}

void CopyRows(const KernelTable& kernels, const RowsCopy& c) {
  static constexpr void (*kShort[])(const RowsCopy&) = {
      nullptr,       CopyRowsOf<1>, CopyRowsOf<2>, CopyRowsOf<3>, CopyRowsOf<4>,
      CopyRowsOf<5>, CopyRowsOf<6>, CopyRowsOf<7>, CopyRowsOf<8>};
  c.n <= 8 ? kShort[c.n](c) : kernels.copy_rows(&c, 1);
}

// One element n times.
void Repeat(const KernelTable& kernels, const float* element, int64_t n,
            float* to) {
  kernels.elementwise[static_cast<int>(Opcode::kCopy)][0](to, element, nullptr,
                                                          nullptr, nullptr, n);
}

void FillWithZeros(const KernelTable& kernels, int64_t n, float* to) {
  constexpr float kZero = 0;
  if (n >= kLongFill) {
    std::memset(to, 0, static_cast<size_t>(n) * kElementBytes);
  } else if (n > 0) {
    Repeat(kernels, &kZero, n, to);
  }
}

// Along the last axis: from_step apart in the source, to_step in the result.
void CopyStrided(const KernelTable& kernels, const RowsCopy& c,
                 int64_t from_step, int64_t to_step) {
  for (int64_t r = 0; r < c.rows; ++r) {
    const float* from = c.from + r * c.from_stride;
    float* to = c.to + r * c.to_stride;
    if (from_step == 0 && to_step == 1) {
      Repeat(kernels, from, c.n, to);
    } else if (from_step == 2 && to_step == 1) {  // with vectors
      for (int64_t j = 0; j < c.n; ++j) to[j] = from[j * 2];
    } else {
      for (int64_t j = 0; j < c.n; ++j) to[j * to_step] = from[j * from_step];
    }
  }
}

}  // namespace

// Makes the rows of what is added, when enough is there or at the end.
class Rearrangement::RowMaker {
 public:
  explicit RowMaker(const KernelTable& kernels) : kernels_(kernels) {}
  ~RowMaker() { Make(); }
  RowMaker(const RowMaker&) = delete;
  RowMaker& operator=(const RowMaker&) = delete;

  void Add(const RowsCopy& part) {
    if (count_ == kMost) Make();
    parts_[count_++] = part;
  }

 private:
  static constexpr int kMost = 16;

  void Make() {
    if (count_ > 0) kernels_.copy_rows(parts_, count_);
    count_ = 0;
  }

  const KernelTable& kernels_;
  int count_ = 0;
  RowsCopy parts_[kMost];
};

Rearrangement::Rearrangement(const Shape& shape, std::vector<Box> boxes,
                             bool zeros, Isa isa, int threads)
    : kernels_(&KernelsFor(isa)),
      dims_(shape.dims().begin(), shape.dims().end()),
      num_sources_(boxes.size()),
      zeros_(zeros) {
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
  FindRowParts();
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
    grow(static_cast<size_t>(piece.outer), kBlockRows);
    grow(dims_.size() - 1, kBlockColumns);
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

// Where the result is a matrix whose rows are made of a few long parts, rows
// are made one after the other: memory is slower if it is written with gaps
// that are filled later.
void Rearrangement::FindRowParts() {
  if (rank() != 2) return;
  std::vector<RowPart> parts;
  for (const Piece& piece : pieces_) {
    const BoxAxis& rows = piece.box.axes[0];
    const BoxAxis& row = piece.box.axes[1];
    if (piece.loops != Loops::kRows || rows.size != dims_[0] ||
        rows.to_step != 1 || (row.to_step != 1 && row.size > 1)) {
      return;
    }
    parts.push_back({row.to_begin, row.size, static_cast<int>(piece.source),
                     piece.box.from_offset, rows.from_stride});
  }
  std::sort(parts.begin(), parts.end(), [](const RowPart& a, const RowPart& b) {
    return a.begin < b.begin;
  });
  if (zeros_) {
    std::vector<RowPart> with_zeros;
    int64_t end = 0;
    parts.push_back({dims_[1], 0});
    for (const RowPart& part : parts) {
      if (end < part.begin) with_zeros.push_back({end, part.begin - end});
      if (part.size > 0) with_zeros.push_back(part);
      end = part.begin + part.size;
    }
    parts = std::move(with_zeros);
  }
  if (dims_[1] < kLongPart * static_cast<int64_t>(parts.size())) return;
  row_parts_ = std::move(parts);
}

void Rearrangement::Run(absl::Span<void* const> sources, void* result) const {
  ForkOver(num_tiles_, threads_, [&](int64_t begin, int64_t end) {
    for (int64_t tile = begin; tile < end; ++tile) {
      RunTile(tile, sources, static_cast<float*>(result));
    }
  });
}

void RunTogether(absl::Span<const Rearrangement> rearrangements,
                 absl::Span<void* const> arrays) {
  using R = Rearrangement;
  const bool by_rows = std::all_of(
      rearrangements.begin(), rearrangements.end(), [&](const R& r) {
        return !r.row_parts_.empty() &&
               r.dims_[0] == rearrangements[0].dims_[0];
      });
  if (!by_rows || rearrangements.size() == 1) {
    for (const R& r : rearrangements) {
      r.Run(arrays.subspan(0, r.num_sources_), arrays[r.num_sources_]);
      arrays.remove_prefix(r.num_sources_ + 1);
    }
    return;
  }
  int threads = 1;
  for (const R& r : rearrangements) threads = std::max(threads, r.threads_);
  const int64_t rows = rearrangements[0].dims_[0];
  ForkOver(rows, threads, [&](int64_t begin, int64_t end) {
    R::RowMaker maker(*rearrangements[0].kernels_);
    size_t at = 0;
    for (const R& r : rearrangements) {
      r.AddRows({begin, 0}, {end, r.dims_[1]},
                arrays.subspan(at, r.num_sources_),
                static_cast<float*>(arrays[at + r.num_sources_]), &maker);
      at += r.num_sources_ + 1;
    }
  });
}

void Rearrangement::RunTile(int64_t tile, absl::Span<void* const> sources,
                            float* result) const {
  Index begin, end;
  for (int i = rank() - 1; i >= 0; --i) {
    begin[i] = tile % tiles_[i] * tile_[i];
    end[i] = std::min(begin[i] + tile_[i], dims_[i]);
    tile /= tiles_[i];
  }
  if (!row_parts_.empty()) {
    RowMaker maker(*kernels_);
    return AddRows(begin, end, sources, result, &maker);
  }
  if (zeros_) FillZeros(begin, end, result);
  for (const Piece& piece : pieces_) {
    CopyPart(piece, begin, end,
             static_cast<const float*>(sources[piece.source]), result);
  }
}

void Rearrangement::AddRows(const Index& begin, const Index& end,
                            absl::Span<void* const> sources, float* result,
                            RowMaker* maker) const {
  for (const RowPart& part : row_parts_) {
    const int64_t first = std::max(part.begin, begin[1]);
    const int64_t n = std::min(part.begin + part.size, end[1]) - first;
    if (n <= 0) continue;
    RowsCopy copy = {end[0] - begin[0],
                     n,
                     nullptr,
                     part.from_stride,
                     result + begin[0] * strides_[0] + first,
                     strides_[0]};
    if (part.source >= 0) {
      copy.from = static_cast<const float*>(sources[part.source]) +
                  part.from_offset + begin[0] * part.from_stride + first -
                  part.begin;
    }
    maker->Add(copy);
  }
}

// Also where a box will be copied to, since the tile is in cache then; but not
// over long rows of a box.
void Rearrangement::FillZeros(const Index& begin, const Index& end,
                              float* result) const {
  const int last = rank() - 1;
  const BoxAxis* const row = RowOfOnlyBox();
  // Axes from `whole` on are one run.
  int whole = last;
  while (row == nullptr && whole > 0 &&
         end[whole] - begin[whole] == dims_[whole]) {
    --whole;
  }
  const int64_t elements = (end[whole] - begin[whole]) * strides_[whole];
  const auto fill = [&](float* to, int64_t count) {
    FillWithZeros(*kernels_, count, to);
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
                             const Index& end, const float* source,
                             float* result) const {
  const std::vector<BoxAxis>& axes = piece.box.axes;
  const float* from = source + piece.box.from_offset;
  float* to = result;
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
        CopyRows(*kernels_, rows);
        break;
      case Loops::kTranspose:
        kernels_->transpose(rows.rows, rows.n, rows.from,
                            axes[last].from_stride, rows.to, rows.to_stride);
        break;
      case Loops::kStrided:
        CopyStrided(*kernels_, rows, axes[last].from_stride, to_stride[last]);
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
