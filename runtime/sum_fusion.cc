// FuseSums: sums over rows or columns of what an elementwise step makes.
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "runtime/elementwise/program_variant.h"
#include "runtime/elementwise/segment_cut.h"
#include "runtime/elementwise_emitter.h"
#include "runtime/fusion.h"

namespace espalier {
namespace {

// Longer chunks would leave too few for the threads where rows are few. What is
// fused is the same for all numbers of threads and rows, so that results are.
constexpr int64_t kMostChunkElements = 1 << 17;

struct SumOfMatrix {
  Access access;  // of the result
  int64_t columns;
};

// What the step sums a matrix over, with its columns; nothing if it does
// something else.
absl::optional<SumOfMatrix> AsSumOfMatrix(const ReduceStep& step) {
  if (step.fold != ReduceStep::Fold::kSum) return absl::nullopt;
  if (step.outer == Extent{1, false} && step.inner > 1) {
    return SumOfMatrix{Access::kRow, step.inner};
  }
  if (step.inner == 1 && !step.reduced.times_batch) {
    return SumOfMatrix{Access::kColumn, step.reduced.factor};
  }
  return absl::nullopt;
}

// Whether an elementwise step sums it well: short rows it would not group (see
// LayoutOf), and with long ones a thread would take too much at a time.
bool Pays(const SumOfMatrix& sum) {
  return sum.columns >= kWideColumns &&
         sum.columns <=
             kMostChunkElements / RowsOfChunk(sum.access, sum.columns);
}

// What the step stores in the buffer; nothing if it does not write it.
absl::optional<Term> StoredIn(const Plan& plan, const ElementwiseStep& step,
                              BufferId root) {
  for (const ElementwiseCode::Store& store : step.code.stores) {
    if (plan.Root(step.segments[0].arrays[store.array]) == root) {
      return store.term;
    }
  }
  return absl::nullopt;
}

bool TakeOver(const Plan& plan, const ReduceStep& sum, ElementwiseStep& step) {
  const absl::optional<SumOfMatrix> matrix = AsSumOfMatrix(sum);
  ElementwiseStep::Segment& segment = step.segments[0];
  if (!matrix.has_value() || !Pays(*matrix) || step.segments.size() != 1 ||
      (segment.columns != 0 && segment.columns != matrix->columns)) {
    return false;
  }
  const absl::optional<Term> term = StoredIn(plan, step, plan.Root(sum.x));
  if (!term.has_value()) return false;
  ElementwiseCode code = step.code;
  code.sums.push_back({code.AddArray(matrix->access), *term, {}, sum.scale});
  if (!FitsEngine(code)) return false;
  step.code = std::move(code);
  segment.columns = matrix->columns;
  segment.arrays.push_back(sum.y);
  return true;
}

}  // namespace

void FuseSums(Plan& plan) {
  std::vector<int> producer(plan.buffers.size(), -1);  // by root, in `kept`
  std::vector<Step> kept;
  kept.reserve(plan.steps.size());
  for (Step& step : plan.steps) {
    if (const auto* sum = absl::get_if<ReduceStep>(&step.work)) {
      const int at = producer[plan.Root(sum->x)];
      if (at >= 0 &&
          TakeOver(plan, *sum, absl::get<ElementwiseStep>(kept[at].work))) {
        continue;
      }
    }
    kept.push_back(std::move(step));
    if (absl::holds_alternative<ElementwiseStep>(kept.back().work)) {
      for (BufferId id : WritesOf(plan, kept.back())) {
        producer[id] = static_cast<int>(kept.size()) - 1;
      }
    }
  }
  plan.steps = std::move(kept);
}

}  // namespace espalier
