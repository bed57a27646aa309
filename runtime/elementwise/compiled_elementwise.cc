#include "runtime/elementwise/compiled_elementwise.h"

#include <algorithm>
#include <cstring>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status_macros.h"
#include "runtime/elementwise/divide.h"
#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"
#include "runtime/elementwise/program_variant.h"
#include "runtime/elementwise/segment_cut.h"

namespace espalier {
namespace {

constexpr int64_t kMostPiecesSummed =
    16;  // blocks of a row, in single precision

// What a thread works in.
struct Frame {
  alignas(64) float blocks[kMaxLiveBlocks][kBlock + kExpandSlack];
  float scalars[kMaxSlots];
  float* slots[kMaxSlots];
  float* row_sums[kMaxSlots];     // of the chunk
  double column_sums[kMaxSlots];  // of the row so far
};

// Adds what the lanes have of a row so far.
void TakeLanes(const ProgramVariant& variant, Frame& frame) {
  for (const Reduction& sum : variant.column_sums) {
    float* const lanes = frame.blocks[sum.block];
    frame.column_sums[sum.array] += SumOfLanes(lanes);
    std::memset(lanes, 0, kReductionLanes * sizeof(float));
  }
}

// Leaves the sums of a row where they go, and 0 for the next one.
void EndRow(const ProgramVariant& variant, float* const* arrays, int64_t row,
            Frame& frame) {
  for (const Reduction& sum : variant.column_sums) {
    double& total = frame.column_sums[sum.array];
    arrays[sum.array][row] = static_cast<float>(sum.factor * total);
    total = 0;
  }
}

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
    case Opcode::kHardSwishSlope:
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

}  // namespace

struct CompiledElementwise::Code {
  const KernelTable* kernels;
  int num_arrays;
  int64_t num_chunks;
  int threads;
  std::vector<std::unique_ptr<const ProgramVariant>> variants;
  std::vector<BoundSegment> segments;

  const ProgramVariant& variant() const { return *variants[0]; }  // for sums
  int64_t partials() const {  // of all elements, before the rows of sums
    return static_cast<int64_t>(variant().reductions.size()) * num_chunks;
  }
  void RunChunks(absl::Span<float* const> arrays, int64_t begin, int64_t end,
                 double* partials) const;
  void SumChunk(const BoundSegment& segment, float* const* arrays,
                int64_t chunk, double* partials, Frame& frame) const;
  void EnterSegment(const BoundSegment& segment, float* const* arrays,
                    const BoundSegment* previous, float* const* previous_arrays,
                    Frame& frame) const;
  void RunBlocks(const BoundSegment& segment, float* const* arrays,
                 int64_t begin, int64_t end, Frame& frame) const;
  void RunRepeated(const BoundSegment& segment, float* const* arrays,
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
  for (const Instruction& instruction : program.code) {
    cost += ElementCost(instruction.opcode);
  }
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
          ProgramVariant variant,
          BindVariant(program, *code->kernels, layout, std::move(access)));
      code->variants.push_back(
          std::make_unique<const ProgramVariant>(std::move(variant)));
      bound.variant = code->variants.back().get();
    }
    if (layout == Layout::kWide && segment.columns == 0) {
      return absl::InvalidArgumentError(
          "elementwise program with sums of rows or columns over no column");
    }
    CutSegment(program, &bound);
    bound.first_chunk = code->num_chunks;
    code->num_chunks += DivideRoundingUp(bound.num_blocks, bound.chunk_blocks);
    bound.end_chunk = code->num_chunks;
    code->segments.push_back(std::move(bound));
  }
  if (segments.size() > 1 && (!code->variant().column_sums.empty() ||
                              !code->variant().row_sums.empty())) {
    return absl::InvalidArgumentError(
        "elementwise program with sums of rows or columns over several "
        "segments");
  }
  code->threads = ForkWidth(elements * cost * IsaCost(isa) * 1e-3,
                            code->num_chunks, threads);
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
  const auto rows = static_cast<int64_t>(code_->variant().row_sums.size());
  return code_->partials() * static_cast<int64_t>(sizeof(double)) +
         rows * code_->num_chunks * code_->segments[0].columns *
             static_cast<int64_t>(sizeof(float));
}

void CompiledElementwise::Run(absl::Span<float* const> arrays,
                              void* scratch) const {
  const Code& code = *code_;
  ESPALIER_CHECK(arrays.size() == code.segments.size() * code.num_arrays);
  double* partials = static_cast<double*>(scratch);
  ForkOver(code.num_chunks, code.threads, [&](int64_t begin, int64_t end) {
    code.RunChunks(arrays, begin, end, partials);
  });
  for (const Reduction& reduction : code.variant().reductions) {
    double total = 0;
    for (int64_t i = 0; i < code.num_chunks; ++i) total += partials[i];
    *arrays[reduction.array] = static_cast<float>(reduction.factor * total);
    partials += code.num_chunks;
  }
  const int64_t columns = code.segments[0].columns;
  auto* row = reinterpret_cast<float*>(partials);
  for (const RowSum& sum : code.variant().row_sums) {
    code.kernels->add_partials(row, code.num_chunks, columns, columns,
                               static_cast<float>(sum.factor),
                               arrays[sum.array]);
    row += code.num_chunks * columns;
  }
}

void CompiledElementwise::Code::RunChunks(absl::Span<float* const> arrays,
                                          int64_t begin, int64_t end,
                                          double* partials) const {
  Frame frame;
  const BoundSegment* previous = nullptr;
  float* const* previous_arrays = nullptr;
  float* const* segment_arrays = arrays.data();
  for (const BoundSegment& segment : segments) {
    const int64_t stop = std::min(end, segment.end_chunk);
    if (begin < stop) {
      EnterSegment(segment, segment_arrays, previous, previous_arrays, frame);
      previous = &segment;
      previous_arrays = segment_arrays;
      if (!SumsSomething(variant())) {
        RunRepeated(segment, segment_arrays, begin - segment.first_chunk,
                    stop - segment.first_chunk, frame);
      } else {
        for (int64_t chunk = begin; chunk < stop; ++chunk) {
          SumChunk(segment, segment_arrays, chunk, partials, frame);
        }
      }
      begin = stop;
    }
    segment_arrays += num_arrays;
  }
}

void CompiledElementwise::Code::SumChunk(const BoundSegment& segment,
                                         float* const* arrays, int64_t chunk,
                                         double* partials, Frame& frame) const {
  const auto clear = [&frame](const Reduction& reduction) {
    std::memset(frame.blocks[reduction.block], 0,
                kReductionLanes * sizeof(float));
  };
  for (const Reduction& sum : segment.variant->reductions) clear(sum);
  for (const Reduction& sum : segment.variant->column_sums) {
    clear(sum);
    frame.column_sums[sum.array] = 0;
  }
  auto* row = reinterpret_cast<float*>(partials + this->partials()) +
              chunk * segment.columns;
  for (const RowSum& sum : segment.variant->row_sums) {
    std::fill_n(row, segment.columns, 0.0f);
    frame.row_sums[sum.array] = row;
    row += num_chunks * segment.columns;
  }
  const int64_t first = (chunk - segment.first_chunk) * segment.chunk_blocks;
  RunBlocks(segment, arrays, first,
            std::min(first + segment.chunk_blocks, segment.num_blocks), frame);
  for (const Reduction& reduction : segment.variant->reductions) {
    partials[chunk] = SumOfLanes(frame.blocks[reduction.block]);
    partials += num_chunks;
  }
}

// Points the slots to the segment's arrays and computes what is the same for
// all its elements, unless the previous segment had the same.
void CompiledElementwise::Code::EnterSegment(const BoundSegment& segment,
                                             float* const* arrays,
                                             const BoundSegment* previous,
                                             float* const* previous_arrays,
                                             Frame& frame) const {
  const ProgramVariant& variant = *segment.variant;
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

void CompiledElementwise::Code::RunRepeated(const BoundSegment& segment,
                                            float* const* arrays, int64_t begin,
                                            int64_t end, Frame& frame) const {
  const int64_t repeated = segment.repeated_blocks;
  if (segment.repeated_arrays.empty() || end - begin <= repeated) {
    return RunBlocks(segment, arrays, begin, end, frame);
  }
  RunBlocks(segment, arrays, begin, begin + repeated, frame);
  const int64_t first = Offset(segment, begin);
  const int64_t step = Offset(segment, begin + repeated) - first;
  const int64_t past = Offset(segment, end);
  for (const int j : segment.repeated_arrays) {
    for (int64_t at = first + step; at < past; at += step) {
      std::memcpy(
          arrays[j] + at, arrays[j] + first,
          static_cast<size_t>(std::min(step, past - at)) * sizeof(float));
    }
  }
}

void CompiledElementwise::Code::RunBlocks(const BoundSegment& segment,
                                          float* const* arrays, int64_t begin,
                                          int64_t end, Frame& frame) const {
  switch (segment.variant->layout) {
    case Layout::kFlat:
      for (int64_t b = begin; b < end; ++b) {
        const int64_t offset = b * segment.block;
        RunBlock(segment, arrays, offset,
                 std::min(segment.block, segment.elements - offset), frame);
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
        for (const RowSum& sum : segment.variant->row_sums) {
          frame.slots[sum.array] = frame.row_sums[sum.array] + column;
        }
        RunBlock(segment, arrays, row * segment.columns + column,
                 std::min(segment.block, segment.columns - column), frame);
        column += segment.block;
        const bool ends = column >= segment.columns;
        if (!segment.variant->column_sums.empty() &&
            (ends || column % (kMostPiecesSummed * segment.block) == 0)) {
          TakeLanes(*segment.variant, frame);
        }
        if (ends) {
          EndRow(*segment.variant, arrays, row, frame);
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
  const ProgramVariant& variant = *segment.variant;
  for (const int j : variant.full_arrays) frame.slots[j] = arrays[j] + offset;
  if (segment.prefetch > 0) {
    for (const int j : variant.full_arrays) {
      const float* const ahead = frame.slots[j] + segment.prefetch;
      for (int64_t i = 0; i < n; i += 16) __builtin_prefetch(ahead + i);
    }
  }
  RunAll(variant.body, frame.slots, n);
}

}  // namespace espalier
