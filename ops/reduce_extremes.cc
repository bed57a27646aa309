// The largest and the smallest over axes.
#include <algorithm>
#include <cmath>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/gates.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/reduction_op.h"
#include "ops/reshape.h"

namespace espalier {
namespace {

class ExtremeOp : public ReductionOp {
 public:
  using ReductionOp::ReductionOp;

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    ASSIGN_OR_RETURN(TensorType result, ReductionOp::InferType(inputs));
    const Shape& x = inputs[0].shape;
    if (StaticCount(x, AxesFor(x)) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("x is ", inputs[0].ToString(),
                       ": expected an element along the axes of which the ",
                       max() ? "largest" : "smallest", " is taken"));
    }
    return result;
  }

  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const std::vector<int64_t> target =
        ReductionTargets(x.shape(), AxesFor(x.shape()));
    DoubleTensor y(output, max() ? kEverything.lower : kEverything.upper);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      double& extreme = y[target[static_cast<size_t>(i)]];
      const bool further = max() ? x[i] > extreme : x[i] < extreme;
      if (further || std::isnan(x[i])) extreme = x[i];
    }
    return y;
  }

  // Equal extremes share what flows back, each as much as the others.
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value output, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    const Value x = inputs[0];
    const std::vector<int64_t> axes = AxesFor(x.shape());
    const Shape kept = ReducedShape(x.shape(), axes, /*keep_axes=*/true);
    if (!keep_axes()) {
      output = Reshape(output, kept);
      dy = Reshape(dy, kept);
    }
    const Value zero = x.builder()->Constant(0.0f);
    const Value one = x.builder()->Constant(1.0f);
    const auto where_extreme = [&](Value value) {
      return max() ? SelectGreater(output, x, zero, value)
                   : SelectGreater(x, output, zero, value);
    };
    const Value count = Sum(where_extreme(one), axes, /*keep_axes=*/true);
    return std::vector<Value>{where_extreme(Div(dy, count))};
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const IntervalTensor& x = *inputs[0];
    const std::vector<int64_t> target =
        ReductionTargets(x.shape, AxesFor(x.shape));
    const double start = max() ? kEverything.lower : kEverything.upper;
    std::vector<Interval> extremes(static_cast<size_t>(output.num_elements()),
                                   Interval{start, start});
    std::vector<bool> may_be_nan(extremes.size());
    for (size_t i = 0; i < target.size(); ++i) {
      const auto at = static_cast<size_t>(target[i]);
      const Interval element = IntervalAt(x, static_cast<int64_t>(i));
      if (MayBeNan(element)) may_be_nan[at] = true;
      Interval& e = extremes[at];
      e = max() ? Interval{std::max(e.lower, element.lower),
                           std::max(e.upper, element.upper)}
                : Interval{std::min(e.lower, element.lower),
                           std::min(e.upper, element.upper)};
    }
    IntervalTensor y = IntervalTensor::Everything(output);
    for (size_t i = 0; i < extremes.size(); ++i) {
      if (!may_be_nan[i]) SetInterval(y, static_cast<int64_t>(i), extremes[i]);
    }
    return y;
  }

 private:
  bool max() const { return reduce() == ReduceKind::kMax; }
};

constexpr OpTable::Entry kEntries[] = {
    {"reduce_max", ReadReduction<ExtremeOp, ReduceKind::kMax>},
    {"reduce_min", ReadReduction<ExtremeOp, ReduceKind::kMin>}};

}  // namespace

Value ReduceMax(Value x, absl::Span<const int64_t> axes, bool keep_axes,
                absl::string_view name) {
  return ApplyReduction<ExtremeOp>(ReduceKind::kMax, x, axes, keep_axes, name);
}

Value ReduceMin(Value x, absl::Span<const int64_t> axes, bool keep_axes,
                absl::string_view name) {
  return ApplyReduction<ExtremeOp>(ReduceKind::kMin, x, axes, keep_axes, name);
}

absl::Span<const OpTable::Entry> ReduceExtremeEntries() { return kEntries; }

}  // namespace espalier
