// Rearrangement: an array made of boxes of other arrays. Slices, transposes,
// paddings, concatenations and stretched copies are all of this kind. Elements
// have 4 bytes, of which nothing is read but the bits.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_REARRANGEMENT_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_REARRANGEMENT_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"
#include "graph/shape.h"
#include "runtime/elementwise/box_axis.h"
#include "runtime/elementwise/isa.h"

namespace espalier {

struct KernelTable;

// One of the BoxCopy of a plan, the batch size in place of kBatch.
struct Box {
  int64_t from_offset = 0;
  std::vector<BoxAxis> axes;
};

class Rearrangement {
 public:
  // Of a result of this shape on at most so many threads. What no box fills
  // becomes zero if `zeros` and is not written otherwise.
  // REQUIRES: boxes lie within the shape and do not meet.
  Rearrangement(const Shape& shape, std::vector<Box> boxes, bool zeros, Isa isa,
                int threads);

  int threads() const { return threads_; }

  // sources[b] is the array of box number b. `result` overlaps none of them.
  void Run(absl::Span<void* const> sources, void* result) const;

  // Several on arrays of which no result overlaps any other: the sources of
  // the first, its result, the sources of the next and so on. Long rows are
  // made in turns, so that an array that is cut into columns is read in order.
  friend void RunTogether(absl::Span<const Rearrangement> rearrangements,
                          absl::Span<void* const> arrays);

 private:
  using Index = std::array<int64_t, kMaxRank>;

  // How the innermost loops over a box run.
  enum class Loops {
    kRows,       // runs that are contiguous on both sides
    kTranspose,  // over the last axis and one that is contiguous in the source
    kStrided,
  };

  class RowMaker;

  struct Piece {
    Box box;
    size_t source;
    Loops loops;
    int outer;  // the axis of the loop around that over the last one
  };

  // What every row of a matrix has at the same place: elements of a row of a
  // source, or zeros.
  struct RowPart {
    int64_t begin, size;
    int source = -1;  // of zeros
    int64_t from_offset = 0;
    int64_t from_stride = 0;  // from row to row
  };

  void DropAxesOfOne();
  void JoinAxes();
  void ChooseLoops(Piece& piece) const;
  void ChooseTiles();
  void FindRowParts();
  void RunTile(int64_t tile, absl::Span<void* const> sources,
               float* result) const;
  // The rows' parts within the tile.
  void AddRows(const Index& begin, const Index& end,
               absl::Span<void* const> sources, float* result,
               RowMaker* maker) const;
  void FillZeros(const Index& begin, const Index& end, float* result) const;
  static bool Fills(const BoxAxis& axis, int64_t index);
  // The last axis of the only box, if its rows are long and contiguous.
  const BoxAxis* RowOfOnlyBox() const;
  // The part of the piece within the tile.
  void CopyPart(const Piece& piece, const Index& begin, const Index& end,
                const float* source, float* result) const;

  int rank() const { return static_cast<int>(dims_.size()); }

  const KernelTable* kernels_;
  // Of the result, with neighbouring axes joined where no box tells them apart.
  std::vector<int64_t> dims_;
  std::vector<int64_t> strides_;
  size_t num_sources_;
  std::vector<Piece> pieces_;
  bool zeros_;
  // In order; empty where rows are made otherwise.
  std::vector<RowPart> row_parts_;
  // The result is cut into tiles; each is made by one thread.
  std::vector<int64_t> tile_;   // size along each axis
  std::vector<int64_t> tiles_;  // how many
  int64_t num_tiles_ = 0;
  int threads_ = 1;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_REARRANGEMENT_H_
