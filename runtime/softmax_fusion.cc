// FuseSoftmaxGradients: the steps of a softmax's gradient that become one.
#include <array>
#include <cstdint>
#include <iterator>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "absl/types/optional.h"
#include "runtime/fusion.h"

namespace espalier {
namespace {

// A buffer as a step reads it.
struct Read {
  BufferId root = kNoBuffer;
  Access access = Access::kFull;
};

// A step that is one operation on arrays.
struct SingleOperation {
  Opcode opcode;
  std::array<Read, kMaxSources> sources;
  BufferId result;
  Extent elements;
  int64_t columns;
};

absl::optional<SingleOperation> AsSingleOperation(const Plan& plan,
                                                  const Step& step) {
  const auto* work = absl::get_if<ElementwiseStep>(&step.work);
  if (work == nullptr || work->segments.size() != 1 ||
      work->code.values.size() != 1 || work->code.stores.size() != 1 ||
      !work->code.sums.empty() ||
      !(work->code.stores[0].term == Term::Value(0))) {
    return absl::nullopt;
  }
  const ElementwiseStep::Segment& segment = work->segments[0];
  const Operation& operation = work->code.values[0];
  SingleOperation single = {operation.opcode,
                            {},
                            segment.arrays[work->code.stores[0].array],
                            segment.elements,
                            segment.columns};
  for (int s = 0; s < OpcodeArity(operation.opcode); ++s) {
    const Term& source = operation.sources[s];
    if (source.kind != Term::Kind::kArray) return absl::nullopt;
    single.sources[s] = {plan.Root(segment.arrays[source.index]),
                         work->code.arrays[source.index]};
  }
  return single;
}

class Matcher {
 public:
  explicit Matcher(const Plan& plan)
      : plan_(plan),
        writer_(plan.buffers.size(), -1),
        readers_(ReadersOf(plan)),
        needed_(NeededAtEnd(plan)) {
    for (size_t i = 0; i < plan.steps.size(); ++i) {
      for (BufferId id : WritesOf(plan, plan.steps[i])) {
        writer_[id] = static_cast<int>(i);
      }
    }
  }

  // The gradient whose last step is that at `at`; the positions of the others
  // are added to `absorbed`.
  absl::optional<SoftmaxGradientStep> Match(size_t at,
                                            std::vector<int>& absorbed) const {
    const auto last = AsSingleOperation(plan_, plan_.steps[at]);
    if (!last.has_value()) return absl::nullopt;
    const Shape& shape = plan_.shape(last->result);
    if (shape.rank() < 2) return absl::nullopt;
    const int64_t columns = shape.dim(shape.rank() - 1);
    if (last->opcode == Opcode::kMul) {
      for (int s : {0, 1}) {
        auto found = MatchSoftmax(*last, last->sources[s], last->sources[1 - s],
                                  columns, absorbed);
        if (found.has_value()) return found;
      }
    }
    if (last->opcode == Opcode::kSub) {
      return MatchLogSoftmax(*last, columns, absorbed);
    }
    return absl::nullopt;
  }

 private:
  // The operation over `like`'s elements that makes what is read, if nothing
  // else reads it.
  absl::optional<SingleOperation> Inner(const SingleOperation& like,
                                        const Read& read, Opcode opcode,
                                        std::vector<int>& steps) const {
    if (read.access != Access::kFull || !ReadOnce(read.root)) {
      return absl::nullopt;
    }
    auto single = AsSingleOperation(plan_, plan_.steps[writer_[read.root]]);
    if (!single.has_value() || single->opcode != opcode ||
        single->elements != like.elements) {
      return absl::nullopt;
    }
    steps.push_back(writer_[read.root]);
    return single;
  }

  // What `read`, one number a row, is the sum of over rows of `columns`.
  absl::optional<Read> SummedRows(const SingleOperation& reader,
                                  const Read& read, int64_t columns,
                                  std::vector<int>& steps) const {
    if (read.access != Access::kColumn || reader.columns != columns ||
        !ReadOnce(read.root)) {
      return absl::nullopt;
    }
    const auto* sum =
        absl::get_if<ReduceStep>(&plan_.steps[writer_[read.root]].work);
    if (sum == nullptr || sum->fold != ReduceStep::Fold::kSum ||
        sum->inner != 1 || sum->reduced != Extent{columns, false} ||
        !(sum->scale == BatchNumber{1, 0})) {
      return absl::nullopt;
    }
    steps.push_back(writer_[read.root]);
    return Read{plan_.Root(sum->x), Access::kFull};
  }

  bool ReadOnce(BufferId root) const {
    return writer_[root] >= 0 && readers_[root].size() == 1 && !needed_[root];
  }

  bool IsWhole(const SingleOperation& like, const Read& read) const {
    return read.access == Access::kFull &&
           ExtentOf(plan_.shape(read.root)) == like.elements;
  }

  // y * (dy - sum(dy * y))
  absl::optional<SoftmaxGradientStep> MatchSoftmax(
      const SingleOperation& last, const Read& y, const Read& difference,
      int64_t columns, std::vector<int>& absorbed) const {
    std::vector<int> steps;
    const auto sub = Inner(last, difference, Opcode::kSub, steps);
    if (!sub.has_value()) return absl::nullopt;
    const Read& dy = sub->sources[0];
    const auto products = SummedRows(*sub, sub->sources[1], columns, steps);
    if (!products.has_value()) return absl::nullopt;
    const auto product = Inner(last, *products, Opcode::kMul, steps);
    if (!product.has_value() || !IsWhole(last, y) || !IsWhole(last, dy)) {
      return absl::nullopt;
    }
    const auto& factors = product->sources;
    const bool of_both =
        factors[0].access == Access::kFull &&
        factors[1].access == Access::kFull &&
        ((factors[0].root == dy.root && factors[1].root == y.root) ||
         (factors[0].root == y.root && factors[1].root == dy.root));
    if (!of_both) return absl::nullopt;
    absl::c_copy(steps, std::back_inserter(absorbed));
    return SoftmaxGradientStep{y.root, dy.root, false, last.result};
  }

  // dy - exp(y) * sum(dy)
  absl::optional<SoftmaxGradientStep> MatchLogSoftmax(
      const SingleOperation& last, int64_t columns,
      std::vector<int>& absorbed) const {
    const Read& dy = last.sources[0];
    std::vector<int> steps;
    const auto product = Inner(last, last.sources[1], Opcode::kMul, steps);
    if (!product.has_value() || !IsWhole(last, dy)) return absl::nullopt;
    const bool sum_first = product->sources[0].access == Access::kColumn;
    const auto exponential =
        Inner(last, product->sources[sum_first ? 1 : 0], Opcode::kExp, steps);
    const auto summed = SummedRows(
        *product, product->sources[sum_first ? 0 : 1], columns, steps);
    if (!exponential.has_value() || !summed.has_value() ||
        summed->root != dy.root || !IsWhole(last, exponential->sources[0])) {
      return absl::nullopt;
    }
    absl::c_copy(steps, std::back_inserter(absorbed));
    return SoftmaxGradientStep{exponential->sources[0].root, dy.root, true,
                               last.result};
  }

  const Plan& plan_;
  std::vector<int> writer_;                      // by root: its step, or -1
  const std::vector<std::vector<int>> readers_;  // by root
  const std::vector<bool> needed_;               // by root, at the end
};

}  // namespace

void FuseSoftmaxGradients(Plan& plan) {
  std::vector<std::pair<size_t, SoftmaxGradientStep>> found;
  std::vector<int> absorbed;
  const Matcher matcher(plan);
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    const auto step = matcher.Match(i, absorbed);
    if (step.has_value()) found.emplace_back(i, *step);
  }
  if (found.empty()) return;
  for (const auto& [at, step] : found) plan.steps[at].work = step;
  std::vector<bool> gone(plan.steps.size());
  for (int at : absorbed) gone[at] = true;
  std::vector<Step> kept;
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    if (!gone[i]) kept.push_back(std::move(plan.steps[i]));
  }
  plan.steps = std::move(kept);
}

}  // namespace espalier
