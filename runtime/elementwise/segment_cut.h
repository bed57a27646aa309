// How the segments of an elementwise program are cut.
//
// A block is what one call of a kernel works on:
//   flat    kBlock elements, or kLongBlock where there is but one instruction;
//           no array is a row or a column
//   narrow  as many whole rows as fit kBlock; a row array is repeated into a
//           block of its own once per run, a column array once per block
//   wide    a piece of one row of at most kBlock; a row array is read where
//           it is, and a column array is one float
// Blocks are numbered through the segment. A chunk is what a thread takes: one
// block, or what makes kChunkElements where the program reduces (whole rows
// where it sums those, and more of them where it sums over the rows, since each
// chunk then makes a row of partial sums); the sum over a chunk is a function
// of the chunk alone, so no sum depends on the number of threads. What is made
// of scalars and rows only repeats itself: a thread computes the first blocks
// of a large segment and copies them to the rest.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_SEGMENT_CUT_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_SEGMENT_CUT_H_

#include <cstdint>
#include <vector>

#include "runtime/elementwise/program.h"
#include "runtime/elementwise/program_variant.h"

namespace espalier {

inline constexpr int64_t kBlock = 256;
inline constexpr int64_t kLongBlock = 4096;  // without registers

struct BoundSegment {
  const ProgramVariant* variant;
  int64_t elements;
  int64_t columns;
  int64_t block;                // elements of a block (the last may have fewer)
  int64_t rows;                 // of a block (narrow)
  std::vector<int32_t> row_of;  // element of a block (narrow)
  int64_t pieces;               // blocks of a row (wide)
  int64_t num_blocks;
  int64_t repeated_blocks;  // after so many the same comes again in
  std::vector<int> repeated_arrays;
  int64_t chunk_blocks;
  int64_t first_chunk;  // numbered through all segments
  int64_t end_chunk;
  int64_t prefetch;  // elements ahead; 0 for none
};

bool SumsSomething(const ProgramVariant& variant);

// Rows of a chunk where sums over the rows (Access::kRow, also beside others)
// or over the columns (kColumn) are made. REQUIRES: columns > 0.
int64_t RowsOfChunk(Access sums, int64_t columns);

// Sets the rest of a segment but for first_chunk and end_chunk, which count
// through all segments. REQUIRES: variant, elements and columns are set, and
// columns is above 0 in the wide layout.
void CutSegment(const ElementwiseProgram& program, BoundSegment* segment);

// The element that a block begins with.
int64_t Offset(const BoundSegment& segment, int64_t block);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_SEGMENT_CUT_H_
