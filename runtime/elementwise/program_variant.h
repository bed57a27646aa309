// Elementwise programs bound for one layout of their arrays: which kernel each
// instruction calls and on which slots.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_PROGRAM_VARIANT_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_PROGRAM_VARIANT_H_

#include <array>
#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise/kernels.h"
#include "runtime/elementwise/program.h"

namespace espalier {

using Slot = uint8_t;
static_assert(kMaxSlots <= 256, "a Slot holds it");

struct BoundInstruction {
  ElementwiseKernel kernel;
  Slot destination;
  std::array<Slot, kMaxSources> sources;
};

// An array that is copied into a block.
struct BlockOfArray {
  int array;
  int block;
};

struct Reduction {
  int array;  // where the total goes
  int block;  // of its lanes
  double factor;
};

// A row of sums, added up in place of its array.
struct RowSum {
  int array;
  double factor;
};

// How a segment is cut into blocks: see compiled_elementwise.cc.
enum class Layout { kFlat, kNarrow, kWide };

// From here on rows are not grouped.
inline constexpr int64_t kWideColumns = 128;

// The program bound for segments of one layout and one normalised access of
// each array. Slots: arrays, blocks, scalars (computed, then immediates).
struct ProgramVariant {
  Layout layout;
  std::vector<Access> access;
  std::vector<BoundInstruction> uniform;  // once per run, one element
  std::vector<BoundInstruction> body;     // per block
  std::vector<int> full_arrays;
  std::vector<int> scalar_arrays;
  std::vector<int> row_arrays;                 // wide
  std::vector<int> column_arrays;              // wide
  std::vector<BlockOfArray> expanded_rows;     // narrow
  std::vector<BlockOfArray> expanded_columns;  // narrow
  std::vector<Reduction> reductions;           // over all elements
  std::vector<Reduction> column_sums;          // wide: over each row
  std::vector<RowSum> row_sums;                // wide: over the rows
  int num_blocks = 0;
  int num_computed_scalars = 0;
  std::vector<float> immediates;
};

// The layout that a segment needs. `normalised` receives the access of each
// array: a row or column of one element is a scalar, one as long as the segment
// is read in full. Where rows or columns are summed the layout is wide, and
// nothing is normalised.
Layout LayoutOf(const ElementwiseProgram& program, const Segment& segment,
                std::vector<Access>* normalised);

// ResourceExhausted if it needs more than kMaxLiveBlocks or kMaxSlots.
// REQUIRES: the program is valid; layout and access come from LayoutOf.
absl::StatusOr<ProgramVariant> BindVariant(const ElementwiseProgram& program,
                                           const KernelTable& kernels,
                                           Layout layout,
                                           std::vector<Access> access);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_PROGRAM_VARIANT_H_
