// How a segment is cut. A block is what one call of a kernel works on:
//   flat    kBlock elements; no array is a row or a column
//   narrow  as many whole rows as fit kBlock; a row array is repeated into a
//           block of its own once per run, a column array once per block
//   wide    a piece of one row of at most kBlock; a row array is read where
//           it is, and a column array is one float
// Blocks are numbered through the segment. A unit is what a thread takes: one
// block, or kUnitBlocks where the program reduces; the sum over a unit is a
// function of the unit alone, so no sum depends on the number of threads.
#include "runtime/elementwise/compiled_elementwise.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status_macros.h"
#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr int64_t kBlock = 256;
constexpr int64_t kWideColumns = 128;  // from here on rows are not grouped
constexpr int64_t kUnitBlocks = 16;
constexpr int64_t kPrefetchBytes = 128 << 10;  // of a segment; below it costs

using Slot = uint8_t;
static_assert(kMaxSlots <= 256, "a Slot holds it");

struct BoundInstruction {
  ElementwiseKernel kernel;
  Slot destination;
  std::array<Slot, kMaxSources> sources;
};

// An array that is copied into a block, or an accumulator (array: where its
// total goes).
struct BlockOfArray {
  int array;
  int block;
};

struct Reduction {
  int array;
  int block;  // of its lanes
  double factor;
};

enum class Layout { kFlat, kNarrow, kWide };

// The program bound for segments of one layout and one normalised access of
// each array. Slots: arrays, blocks, scalars (computed, then immediates).
struct Variant {
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
  std::vector<Reduction> reductions;
  int num_blocks = 0;
  int num_computed_scalars = 0;
  std::vector<float> immediates;
};

struct BoundSegment {
  const Variant* variant;
  int64_t elements;
  int64_t columns;
  int64_t block;                // elements of a block (the last may have fewer)
  int64_t rows;                 // of a block (narrow)
  std::vector<int32_t> row_of;  // element of a block (narrow)
  int64_t pieces;               // blocks of a row (wide)
  int64_t num_blocks;
  int64_t first_unit;  // numbered through all segments
  int64_t end_unit;
  bool prefetch;
};

// What a thread works in.
struct Frame {
  alignas(64) float blocks[kMaxLiveBlocks][kBlock + kExpandSlack];
  float scalars[kMaxSlots];
  float* slots[kMaxSlots];
};

inline void RunAll(const std::vector<BoundInstruction>& code,
                   float* const* slots, int64_t n) {
  for (const BoundInstruction& i : code) {
    i.kernel(slots[i.destination], slots[i.sources[0]], slots[i.sources[1]],
             slots[i.sources[2]], slots[i.sources[3]], n);
  }
}

// Rough time per element in nanoseconds on one AVX-512 thread, in cache; only
// decides how many threads a run takes.
double ElementCost(Opcode opcode) {
  switch (opcode) {
    case Opcode::kDiv:
    case Opcode::kSqrt:
    case Opcode::kScaleSqrtAdd:
    case Opcode::kScaleDivAdd:
      return 0.4;
    case Opcode::kExp:
    case Opcode::kExpm1:
    case Opcode::kLog:
    case Opcode::kLog1p:
      return 0.5;
    case Opcode::kTanh:
    case Opcode::kSigmoid:
    case Opcode::kSoftplus:
    case Opcode::kNormalCdf:
      return 0.9;
    default:
      return 0.08;
  }
}

Layout LayoutOf(const ElementwiseProgram& program, const Segment& segment,
                std::vector<Access>* normalised) {
  *normalised = program.arrays;
  bool broadcasts = false;
  for (Access& access : *normalised) {
    if (segment.columns == 1) {
      if (access == Access::kRow) access = Access::kScalar;
      if (access == Access::kColumn) access = Access::kFull;
    } else if (segment.elements == segment.columns) {
      if (access == Access::kRow) access = Access::kFull;
      if (access == Access::kColumn) access = Access::kScalar;
    }
    broadcasts |= access == Access::kRow || access == Access::kColumn;
  }
  if (!broadcasts) return Layout::kFlat;
  return segment.columns < kWideColumns ? Layout::kNarrow : Layout::kWide;
}

// Binds a valid program for one layout.
class Binder {
 public:
  Binder(const ElementwiseProgram& program, const KernelTable& kernels,
         Layout layout, std::vector<Access> access)
      : program_(program),
        kernels_(kernels),
        places_(program.num_registers),
        last_use_(program.num_registers, -1) {
    variant_.layout = layout;
    variant_.access = std::move(access);
  }

  absl::StatusOr<Variant> Bind() {
    PlaceArrays();
    const int n = static_cast<int>(program_.code.size());
    for (int i = 0; i < n; ++i) {
      for (const Operand& source : program_.code[i].sources) {
        if (source.kind == Operand::Kind::kRegister) {
          last_use_[source.index] = i;
        }
      }
    }
    for (int i = 0; i < n; ++i) BindInstruction(i);
    return Number();
  }

 private:
  // Where an operand is found while the numbers of blocks and scalars are
  // still open: slots are given out by Number().
  enum class Region { kArray, kBlock, kComputed, kImmediate };
  struct Place {
    Region region = Region::kArray;
    int index = 0;
    bool vector = true;
  };
  struct Draft {
    Opcode opcode;
    Place destination;
    std::array<Place, kMaxSources> sources;
    int arity;
  };

  void PlaceArrays() {
    const int arrays = static_cast<int>(variant_.access.size());
    std::vector<bool> reduced(arrays);
    for (const Instruction& instruction : program_.code) {
      if (IsReduction(instruction.opcode)) {
        reduced[instruction.destination.index] = true;
      }
    }
    for (int j = 0; j < arrays; ++j) {
      Place place = {Region::kArray, j, true};
      const bool narrow = variant_.layout == Layout::kNarrow;
      switch (variant_.access[j]) {
        case Access::kFull:
          variant_.full_arrays.push_back(j);
          break;
        case Access::kScalar:
          if (!reduced[j]) variant_.scalar_arrays.push_back(j);
          place.vector = false;
          break;
        case Access::kRow:
          if (narrow) {
            place = {Region::kBlock, variant_.num_blocks++, true};
            variant_.expanded_rows.push_back({j, place.index});
          } else {
            variant_.row_arrays.push_back(j);
          }
          break;
        case Access::kColumn:
          if (narrow) {
            place = {Region::kBlock, variant_.num_blocks++, true};
            variant_.expanded_columns.push_back({j, place.index});
          } else {
            variant_.column_arrays.push_back(j);
            place.vector = false;
          }
          break;
      }
      arrays_.push_back(place);
    }
  }

  Place PlaceOf(const Operand& operand) {
    if (operand.kind == Operand::Kind::kRegister) return places_[operand.index];
    if (operand.kind == Operand::Kind::kArray) return arrays_[operand.index];
    std::vector<float>& immediates = variant_.immediates;
    int i = 0;
    while (i < static_cast<int>(immediates.size()) &&
           std::memcmp(&immediates[i], &operand.value, sizeof(float)) != 0) {
      ++i;
    }
    if (i == static_cast<int>(immediates.size())) {
      immediates.push_back(operand.value);
    }
    return {Region::kImmediate, i, false};
  }

  // The same for all elements of a run, not only of a row.
  bool IsUniform(const Place& place) const {
    return !place.vector && !(place.region == Region::kArray &&
                              variant_.access[place.index] == Access::kColumn);
  }

  void BindInstruction(int i) {
    const Instruction& instruction = program_.code[i];
    Draft draft = {instruction.opcode, {}, {}, OpcodeArity(instruction.opcode)};
    if (IsReduction(draft.opcode))
      --draft.arity;  // the factor comes at the end
    bool uniform = true;
    for (int s = 0; s < draft.arity; ++s) {
      draft.sources[s] = PlaceOf(instruction.sources[s]);
      uniform &= IsUniform(draft.sources[s]);
    }
    if (IsReduction(draft.opcode)) {
      draft.destination = {Region::kBlock, variant_.num_blocks++, true};
      variant_.reductions.push_back({instruction.destination.index,
                                     draft.destination.index,
                                     instruction.sources[draft.arity].value});
      body_.push_back(draft);
      return;
    }
    const bool to_array = instruction.destination.kind == Operand::Kind::kArray;
    if (uniform && !(to_array && draft.opcode == Opcode::kCopy)) {
      draft.destination = {Region::kComputed, variant_.num_computed_scalars++,
                           false};
      uniform_.push_back(draft);
      if (!to_array) {
        places_[instruction.destination.index] = draft.destination;
        return;
      }
      draft = {Opcode::kCopy, {}, {draft.destination}, 1};
    } else {
      // One float per row in every source: fill first, then compute.
      SpreadIfOnlyScalars(&draft);
      ReleaseRegisters(instruction, i);
    }
    if (to_array) {
      draft.destination = arrays_[instruction.destination.index];
    } else {
      draft.destination = {Region::kBlock, TakeRegister(), true};
      Place& place = places_[instruction.destination.index];
      place = draft.destination;
      if (last_use_[instruction.destination.index] < 0) {
        free_registers_.push_back(place.index);
      }
    }
    body_.push_back(draft);
  }

  // In the wide layout a column array is one float, and kernels but kCopy want
  // a vector: a copy fills a block with the first such source.
  void SpreadIfOnlyScalars(Draft* draft) {
    if (draft->opcode == Opcode::kCopy) return;
    for (int s = 0; s < draft->arity; ++s) {
      if (draft->sources[s].vector) return;
    }
    for (int s = 0; s < draft->arity; ++s) {
      Place& source = draft->sources[s];
      if (IsUniform(source)) continue;
      Draft fill = {Opcode::kCopy, {}, {source}, 1};
      fill.destination = {Region::kBlock, TakeRegister(), true};
      source = fill.destination;
      free_registers_.push_back(source.index);
      body_.push_back(fill);
      return;
    }
  }

  int TakeRegister() {
    if (free_registers_.empty()) return variant_.num_blocks++;
    const int block = free_registers_.back();
    free_registers_.pop_back();
    return block;
  }

  // Gives back the blocks of the registers read last here; a kernel may write
  // the block that it reads.
  void ReleaseRegisters(const Instruction& instruction, int i) {
    for (const Operand& source : instruction.sources) {
      if (source.kind != Operand::Kind::kRegister) continue;
      const Place& place = places_[source.index];
      if (last_use_[source.index] != i || place.region != Region::kBlock) {
        continue;
      }
      free_registers_.push_back(place.index);
      last_use_[source.index] = -1;  // also if it is read twice
    }
  }

  absl::StatusOr<Variant> Number() {
    const int arrays = static_cast<int>(variant_.access.size());
    const int computed = arrays + variant_.num_blocks;
    const int immediates = computed + variant_.num_computed_scalars;
    const int slots = immediates + static_cast<int>(variant_.immediates.size());
    if (variant_.num_blocks > kMaxLiveBlocks || slots > kMaxSlots) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "elementwise program needs ", variant_.num_blocks, " blocks and ",
          slots, " slots; there are ", kMaxLiveBlocks, " and ", kMaxSlots));
    }
    const auto slot_of = [&](const Place& place) {
      switch (place.region) {
        case Region::kArray:
          return static_cast<Slot>(place.index);
        case Region::kBlock:
          return static_cast<Slot>(arrays + place.index);
        case Region::kComputed:
          return static_cast<Slot>(computed + place.index);
        case Region::kImmediate:
          break;
      }
      return static_cast<Slot>(immediates + place.index);
    };
    const auto bind = [&](const Draft& draft, bool uniform) {
      BoundInstruction bound = {};
      bound.destination = slot_of(draft.destination);
      bound.sources.fill(bound.destination);  // what is not read
      int form = 0;
      for (int s = 0; s < draft.arity; ++s) {
        bound.sources[s] = slot_of(draft.sources[s]);
        if (draft.sources[s].vector) form |= 1 << s;
      }
      const int opcode = static_cast<int>(draft.opcode);
      bound.kernel = uniform ? kernels_.uniform[opcode]
                             : kernels_.elementwise[opcode][form];
      ESPALIER_CHECK(bound.kernel != nullptr);
      return bound;
    };
    for (const Draft& draft : uniform_) {
      variant_.uniform.push_back(bind(draft, true));
    }
    for (const Draft& draft : body_) {
      variant_.body.push_back(bind(draft, false));
    }
    return std::move(variant_);
  }

  const ElementwiseProgram& program_;
  const KernelTable& kernels_;
  Variant variant_;
  std::vector<Place> arrays_;
  std::vector<Place> places_;  // of registers
  std::vector<int> last_use_;
  std::vector<int> free_registers_;
  std::vector<Draft> uniform_;
  std::vector<Draft> body_;
};

absl::Status CheckSegment(const Segment& segment) {
  if (segment.elements < 0 || segment.columns < 0 ||
      (segment.columns == 0 && segment.elements != 0) ||
      (segment.columns > 0 && segment.elements % segment.columns != 0)) {
    return absl::InvalidArgumentError(
        absl::StrCat("elementwise segment of ", segment.elements,
                     " elements in rows of ", segment.columns));
  }
  return absl::OkStatus();
}

int64_t DivideRoundingUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Cuts a segment into blocks; elements and columns are set.
void CutIntoBlocks(Layout layout, BoundSegment* segment) {
  segment->block = kBlock;
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
    segment->pieces = DivideRoundingUp(segment->columns, kBlock);
    segment->block = DivideRoundingUp(segment->columns, segment->pieces);
    segment->block =
        std::min(kBlock, DivideRoundingUp(segment->block, 16) * 16);
    segment->num_blocks =
        segment->elements / segment->columns * segment->pieces;
    return;
  }
  segment->num_blocks = DivideRoundingUp(segment->elements, segment->block);
}

}  // namespace

struct CompiledElementwise::Code {
  const KernelTable* kernels;
  int num_arrays;
  int64_t unit_blocks;
  int64_t num_units;
  int threads;
  std::vector<std::unique_ptr<const Variant>> variants;
  std::vector<BoundSegment> segments;

  const std::vector<Reduction>& reductions() const {
    return variants[0]->reductions;
  }
  void RunUnits(absl::Span<float* const> arrays, int64_t begin, int64_t end,
                double* partials) const;
  void SumUnit(const BoundSegment& segment, float* const* arrays, int64_t unit,
               double* partials, Frame& frame) const;
  void EnterSegment(const BoundSegment& segment, float* const* arrays,
                    const BoundSegment* previous, float* const* previous_arrays,
                    Frame& frame) const;
  void RunBlocks(const BoundSegment& segment, float* const* arrays,
                 int64_t begin, int64_t end, Frame& frame) const;
  void RunBlock(const BoundSegment& segment, float* const* arrays,
                int64_t offset, int64_t n, Frame& frame) const;
};

absl::StatusOr<CompiledElementwise> CompiledElementwise::Compile(
    const ElementwiseProgram& program, absl::Span<const Segment> segments,
    Isa isa, int threads) {
  RETURN_IF_ERROR(program.Validate());
  if (segments.empty()) {
    return absl::InvalidArgumentError("elementwise program without a segment");
  }
  auto code = std::make_unique<Code>();
  code->kernels = &KernelsFor(isa);
  code->num_arrays = static_cast<int>(program.arrays.size());
  double cost = 0;
  bool reduces = false;
  for (const Instruction& instruction : program.code) {
    cost += ElementCost(instruction.opcode);
    reduces |= IsReduction(instruction.opcode);
  }
  code->unit_blocks = reduces ? kUnitBlocks : 1;
  double elements = 0;
  for (const Segment& segment : segments) {
    RETURN_IF_ERROR(CheckSegment(segment));
    elements += static_cast<double>(segment.elements);
    BoundSegment bound = {};
    bound.elements = segment.elements;
    bound.columns = segment.columns;
    std::vector<Access> access;
    const Layout layout = LayoutOf(program, segment, &access);
    for (const auto& variant : code->variants) {
      if (variant->layout == layout && variant->access == access) {
        bound.variant = variant.get();
      }
    }
    if (bound.variant == nullptr) {
      ASSIGN_OR_RETURN(
          Variant variant,
          Binder(program, *code->kernels, layout, std::move(access)).Bind());
      code->variants.push_back(
          std::make_unique<const Variant>(std::move(variant)));
      bound.variant = code->variants.back().get();
    }
    CutIntoBlocks(layout, &bound);
    bound.first_unit = code->num_units;
    bound.prefetch =
        bound.elements * static_cast<int64_t>(sizeof(float)) *
            static_cast<int64_t>(bound.variant->full_arrays.size()) >
        kPrefetchBytes;
    code->num_units += DivideRoundingUp(bound.num_blocks, code->unit_blocks);
    bound.end_unit = code->num_units;
    code->segments.push_back(std::move(bound));
  }
  code->threads = ForkWidth(elements * cost * IsaCost(isa) * 1e-3,
                            code->num_units, threads);
  return CompiledElementwise(std::move(code));
}

CompiledElementwise::CompiledElementwise(std::unique_ptr<const Code> code)
    : code_(std::move(code)) {}
CompiledElementwise::CompiledElementwise(CompiledElementwise&&) noexcept =
    default;
CompiledElementwise& CompiledElementwise::operator=(
    CompiledElementwise&&) noexcept = default;
CompiledElementwise::~CompiledElementwise() = default;

int CompiledElementwise::threads() const { return code_->threads; }

int64_t CompiledElementwise::scratch_bytes() const {
  return static_cast<int64_t>(code_->reductions().size() * sizeof(double)) *
         code_->num_units;
}

void CompiledElementwise::Run(absl::Span<float* const> arrays,
                              void* scratch) const {
  const Code& code = *code_;
  ESPALIER_CHECK(arrays.size() == code.segments.size() * code.num_arrays);
  double* partials = static_cast<double*>(scratch);
  ForkOver(code.num_units, code.threads, [&](int64_t begin, int64_t end) {
    code.RunUnits(arrays, begin, end, partials);
  });
  for (const Reduction& reduction : code.reductions()) {
    double total = 0;
    for (int64_t u = 0; u < code.num_units; ++u) total += partials[u];
    *arrays[reduction.array] = static_cast<float>(reduction.factor * total);
    partials += code.num_units;
  }
}

void CompiledElementwise::Code::RunUnits(absl::Span<float* const> arrays,
                                         int64_t begin, int64_t end,
                                         double* partials) const {
  Frame frame;
  const BoundSegment* previous = nullptr;
  float* const* previous_arrays = nullptr;
  float* const* segment_arrays = arrays.data();
  for (const BoundSegment& segment : segments) {
    const int64_t stop = std::min(end, segment.end_unit);
    if (begin < stop) {
      EnterSegment(segment, segment_arrays, previous, previous_arrays, frame);
      previous = &segment;
      previous_arrays = segment_arrays;
      if (reductions().empty()) {
        RunBlocks(segment, segment_arrays, begin - segment.first_unit,
                  stop - segment.first_unit, frame);
      } else {
        for (int64_t unit = begin; unit < stop; ++unit) {
          SumUnit(segment, segment_arrays, unit, partials, frame);
        }
      }
      begin = stop;
    }
    segment_arrays += num_arrays;
  }
}

void CompiledElementwise::Code::SumUnit(const BoundSegment& segment,
                                        float* const* arrays, int64_t unit,
                                        double* partials, Frame& frame) const {
  for (const Reduction& reduction : segment.variant->reductions) {
    std::memset(frame.blocks[reduction.block], 0,
                kReductionLanes * sizeof(float));
  }
  const int64_t first = (unit - segment.first_unit) * unit_blocks;
  RunBlocks(segment, arrays, first,
            std::min(first + unit_blocks, segment.num_blocks), frame);
  for (const Reduction& reduction : segment.variant->reductions) {
    partials[unit] = SumOfLanes(frame.blocks[reduction.block]);
    partials += num_units;
  }
}

// Points the slots to the segment's arrays and computes what is the same for
// all its elements, unless the previous segment had the same.
void CompiledElementwise::Code::EnterSegment(const BoundSegment& segment,
                                             float* const* arrays,
                                             const BoundSegment* previous,
                                             float* const* previous_arrays,
                                             Frame& frame) const {
  const Variant& variant = *segment.variant;
  bool same_scalars = previous != nullptr && previous->variant == &variant;
  if (!same_scalars) {
    float** slot = frame.slots + num_arrays;
    for (int b = 0; b < variant.num_blocks; ++b) *slot++ = frame.blocks[b];
    float* scalar = frame.scalars;
    for (int i = 0; i < variant.num_computed_scalars; ++i) *slot++ = scalar++;
    for (const float immediate : variant.immediates) {
      *scalar = immediate;
      *slot++ = scalar++;
    }
  }
  for (const int j : variant.scalar_arrays) {
    same_scalars = same_scalars && previous_arrays[j] == arrays[j];
    frame.slots[j] = arrays[j];
  }
  if (!same_scalars) RunAll(variant.uniform, frame.slots, 1);
  for (const BlockOfArray& row : variant.expanded_rows) {
    const int64_t rows = segment.num_blocks > 1
                             ? segment.rows
                             : segment.elements / segment.columns;
    kernels->expand_row(frame.blocks[row.block], arrays[row.array], rows,
                        segment.columns);
  }
}

void CompiledElementwise::Code::RunBlocks(const BoundSegment& segment,
                                          float* const* arrays, int64_t begin,
                                          int64_t end, Frame& frame) const {
  switch (segment.variant->layout) {
    case Layout::kFlat:
      for (int64_t b = begin; b < end; ++b) {
        const int64_t offset = b * kBlock;
        RunBlock(segment, arrays, offset,
                 std::min(kBlock, segment.elements - offset), frame);
      }
      break;
    case Layout::kNarrow:
      for (int64_t b = begin; b < end; ++b) {
        const int64_t offset = b * segment.block;
        const bool whole = offset + segment.block <= segment.elements;
        const int64_t n = whole ? segment.block : segment.elements - offset;
        const int64_t rows = whole ? segment.rows : n / segment.columns;
        for (const BlockOfArray& column : segment.variant->expanded_columns) {
          kernels->expand_column(frame.blocks[column.block],
                                 arrays[column.array] + b * segment.rows, rows,
                                 segment.row_of.data(), n);
        }
        RunBlock(segment, arrays, offset, n, frame);
      }
      break;
    case Layout::kWide: {
      int64_t row = begin / segment.pieces;
      int64_t column = begin % segment.pieces * segment.block;
      for (int64_t b = begin; b < end; ++b) {
        for (const int j : segment.variant->row_arrays) {
          frame.slots[j] = arrays[j] + column;
        }
        for (const int j : segment.variant->column_arrays) {
          frame.slots[j] = arrays[j] + row;
        }
        RunBlock(segment, arrays, row * segment.columns + column,
                 std::min(segment.block, segment.columns - column), frame);
        column += segment.block;
        if (column >= segment.columns) {
          column = 0;
          ++row;
        }
      }
      break;
    }
  }
}

// The body on n elements from `offset` on.
inline void CompiledElementwise::Code::RunBlock(const BoundSegment& segment,
                                                float* const* arrays,
                                                int64_t offset, int64_t n,
                                                Frame& frame) const {
  const Variant& variant = *segment.variant;
  for (const int j : variant.full_arrays) frame.slots[j] = arrays[j] + offset;
  if (segment.prefetch) {
    for (const int j : variant.full_arrays) {
      for (int64_t i = 0; i < segment.block; i += 16) {
        __builtin_prefetch(frame.slots[j] + n + i);
      }
    }
  }
  RunAll(variant.body, frame.slots, n);
}

}  // namespace espalier
