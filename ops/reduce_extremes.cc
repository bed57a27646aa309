// The largest and the smallest over axes.
#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/gates.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

class ExtremeOp : public Op {
 public:
  ExtremeOp(bool max, std::vector<int64_t> axes, bool keep_axes)
      : max_(max), axes_(std::move(axes)), keep_axes_(keep_axes) {}

  absl::string_view kind() const override {
    return max_ ? "reduce_max" : "reduce_min";
  }
  int arity() const override { return 1; }
  Attributes attributes() const override {
    return {{"axes", axes_}, {"keep_axes", keep_axes_}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32("x", inputs[0]));
    const Shape& x = inputs[0].shape;
    ASSIGN_OR_RETURN(const std::vector<int64_t> axes,
                     NormalizedAxes(axes_, x.rank()));
    if (StaticCount(x, axes) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("x is ", inputs[0].ToString(),
                       ": expected an element along the axes of which the ",
                       max_ ? "largest" : "smallest", " is taken"));
    }
    return TensorType{DataType::kF32, ReducedShape(x, axes, keep_axes_)};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const std::vector<int64_t> target =
        ReductionTargets(x.shape(), AxesFor(x.shape()));
    DoubleTensor y(output, max_ ? kEverything.lower : kEverything.upper);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      double& extreme = y[target[static_cast<size_t>(i)]];
      const bool further = max_ ? x[i] > extreme : x[i] < extreme;
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
    if (!keep_axes_) {
      output = Reshape(output, kept);
      dy = Reshape(dy, kept);
    }
    const Value zero = x.builder()->Constant(0.0f);
    const Value one = x.builder()->Constant(1.0f);
    const Value is_extreme = max_ ? SelectGreater(output, x, zero, one)
                                  : SelectGreater(x, output, zero, one);
    const Value count = Sum(is_extreme, axes, /*keep_axes=*/true);
    return std::vector<Value>{Mul(is_extreme, Div(dy, count))};
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const IntervalTensor& x = *inputs[0];
    const std::vector<int64_t> target =
        ReductionTargets(x.shape, AxesFor(x.shape));
    const double start = max_ ? kEverything.lower : kEverything.upper;
    std::vector<Interval> extremes(static_cast<size_t>(output.num_elements()),
                                   Interval{start, start});
    std::vector<bool> may_be_nan(extremes.size());
    for (size_t i = 0; i < target.size(); ++i) {
      const auto at = static_cast<size_t>(target[i]);
      const Interval element = IntervalAt(x, static_cast<int64_t>(i));
      if (MayBeNan(element)) may_be_nan[at] = true;
      Interval& e = extremes[at];
      e = max_ ? Interval{std::max(e.lower, element.lower),
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

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Reduce(
        max_ ? ReduceKind::kMax : ReduceKind::kMin, lowering.input(0),
        AxesFor(lowering.input_type(0).shape), lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  // REQUIRES: InferType has accepted x.
  std::vector<int64_t> AxesFor(const Shape& x) const {
    absl::StatusOr<std::vector<int64_t>> axes = NormalizedAxes(axes_, x.rank());
    ESPALIER_CHECK(axes.ok());
    return *std::move(axes);
  }

  bool max_;
  std::vector<int64_t> axes_;
  bool keep_axes_;
};

template <bool max>
absl::StatusOr<OpPtr> Read(AttributeReader& attributes) {
  std::vector<int64_t> axes = attributes.IntList("axes");
  const bool keep_axes = attributes.Bool("keep_axes");
  return std::make_shared<ExtremeOp>(max, std::move(axes), keep_axes);
}

constexpr OpTable::Entry kEntries[] = {{"reduce_max", Read<true>},
                                       {"reduce_min", Read<false>}};

Value Reduce(bool max, Value x, absl::Span<const int64_t> axes, bool keep_axes,
             absl::string_view name) {
  return Apply(
      std::make_shared<ExtremeOp>(
          max, std::vector<int64_t>(axes.begin(), axes.end()), keep_axes),
      {x}, name);
}

}  // namespace

Value ReduceMax(Value x, absl::Span<const int64_t> axes, bool keep_axes,
                absl::string_view name) {
  return Reduce(true, x, axes, keep_axes, name);
}

Value ReduceMin(Value x, absl::Span<const int64_t> axes, bool keep_axes,
                absl::string_view name) {
  return Reduce(false, x, axes, keep_axes, name);
}

absl::Span<const OpTable::Entry> ReduceExtremeEntries() { return kEntries; }

}  // namespace espalier
