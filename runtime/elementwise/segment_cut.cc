#include "runtime/elementwise/segment_cut.h"

#include <algorithm>

#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise/divide.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr int64_t kChunkElements = 4096;
constexpr int64_t kRepeated = 1 << 14;  // elements at least
constexpr int64_t kRowSumChunkElements = 1 << 16;
constexpr int64_t kLeastRowsSummed = 16;       // for one row of partial sums
constexpr int64_t kMostRowsSummed = 256;       // in single precision
constexpr int64_t kManyElements = 1 << 16;     // enough long blocks for threads
constexpr int64_t kPrefetchBytes = 128 << 10;  // of a segment; below it costs
// How far ahead: what of all arrays together waits in the first-level cache.
constexpr int64_t kPrefetchedElements = 9 * kBlock;
constexpr int64_t kMostBlocksAhead = 3;

// Blocks of a chunk; the segment's block and pieces are set.
int64_t ChunkBlocksOf(const BoundSegment& segment) {
  const ProgramVariant& variant = *segment.variant;
  if (!SumsSomething(variant)) return 1;
  if (!variant.row_sums.empty()) {
    return segment.pieces * RowsOfChunk(Access::kRow, segment.columns);
  }
  if (!variant.column_sums.empty()) {
    return segment.pieces * RowsOfChunk(Access::kColumn, segment.columns);
  }
  return kChunkElements /
         (variant.layout == Layout::kFlat ? segment.block : kBlock);
}

// What blocks are of when nothing but arrays is read and written.
int64_t BlockOf(const BoundSegment& segment) {
  const ProgramVariant& variant = *segment.variant;
  const bool lanes = SumsSomething(variant);
  // Sums go by blocks of the other layouts.
  const bool may_be_long = variant.layout == Layout::kFlat ||
                           (variant.layout == Layout::kWide && !lanes);
  return may_be_long && variant.body.size() == 1 &&
                 segment.elements >= kManyElements
             ? kLongBlock
             : kBlock;
}

// Where a block is passed over more than once, its arrays are fetched by hand.
int64_t PrefetchOf(const BoundSegment& segment) {
  const auto arrays = static_cast<int64_t>(segment.variant->full_arrays.size());
  const auto bytes =
      segment.elements * arrays * static_cast<int64_t>(sizeof(float));
  if (segment.variant->body.size() <= 1 || bytes <= kPrefetchBytes) return 0;
  return std::clamp(kPrefetchedElements / arrays, kBlock,
                    kMostBlocksAhead * kBlock);
}

// Cuts a segment into blocks; variant, elements and columns are set.
void CutIntoBlocks(BoundSegment* segment) {
  const Layout layout = segment->variant->layout;
  segment->block = BlockOf(*segment);
  segment->pieces = 1;
  if (layout == Layout::kNarrow) {
    segment->rows = kBlock / segment->columns;
    // Whole cache lines if that costs little of the block.
    for (int64_t rows = segment->rows; rows > segment->rows / 2; --rows) {
      if (rows * segment->columns % 16 == 0) {
        segment->rows = rows;
        break;
      }
    }
    segment->block = segment->rows * segment->columns;
    for (int64_t j = 0; j < segment->block + kExpandSlack; ++j) {
      segment->row_of.push_back(static_cast<int32_t>(
          std::min(j / segment->columns, segment->rows - 1)));
    }
  } else if (layout == Layout::kWide) {
    const int64_t most = segment->block;
    segment->pieces = DivideRoundingUp(segment->columns, most);
    segment->block = DivideRoundingUp(segment->columns, segment->pieces);
    segment->block = std::min(most, DivideRoundingUp(segment->block, 16) * 16);
  }
  segment->num_blocks =
      layout == Layout::kWide
          ? segment->elements / segment->columns * segment->pieces
          : DivideRoundingUp(segment->elements, segment->block);
  segment->chunk_blocks = ChunkBlocksOf(*segment);
}

// The arrays that are written, if no element depends on where it is but for its
// column.
std::vector<int> RepeatedArrays(const ElementwiseProgram& program,
                                const ProgramVariant& variant) {
  std::vector<int> written;
  for (const Instruction& instruction : program.code) {
    for (const Operand& source : instruction.sources) {
      if (source.kind != Operand::Kind::kArray) continue;
      const Access access = variant.access[source.index];
      if (access != Access::kScalar && access != Access::kRow) return {};
    }
    if (IsReduction(instruction.opcode)) return {};
    if (instruction.destination.kind == Operand::Kind::kArray) {
      written.push_back(instruction.destination.index);
    }
  }
  return written;
}

// Blocks are cut.
void CutIntoRepetitions(const ElementwiseProgram& program,
                        BoundSegment* segment) {
  segment->repeated_blocks =
      DivideRoundingUp(kRepeated, segment->block * segment->pieces) *
      segment->pieces;
  if (segment->repeated_blocks * 4 <= segment->num_blocks) {
    segment->repeated_arrays = RepeatedArrays(program, *segment->variant);
  }
}

}  // namespace

bool SumsSomething(const ProgramVariant& variant) {
  return !variant.reductions.empty() || !variant.column_sums.empty() ||
         !variant.row_sums.empty();
}

int64_t RowsOfChunk(Access sums, int64_t columns) {
  return sums == Access::kRow ? std::clamp(kRowSumChunkElements / columns,
                                           kLeastRowsSummed, kMostRowsSummed)
                              : std::max(int64_t{1}, kChunkElements / columns);
}

void CutSegment(const ElementwiseProgram& program, BoundSegment* segment) {
  CutIntoBlocks(segment);
  CutIntoRepetitions(program, segment);
  segment->prefetch = PrefetchOf(*segment);
}

int64_t Offset(const BoundSegment& segment, int64_t block) {
  const int64_t row = block / segment.pieces;
  const bool wide = segment.variant->layout == Layout::kWide;
  const int64_t row_elements = wide ? segment.columns : segment.block;
  return std::min(segment.elements,
                  row * row_elements + block % segment.pieces * segment.block);
}

}  // namespace espalier
