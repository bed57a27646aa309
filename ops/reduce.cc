#include "ops/reduce.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/elementwise.h"
#include "ops/interval_math.h"
#include "ops/reduction_op.h"
#include "ops/reshape.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

class SumOp : public ReductionOp {
 public:
  using ReductionOp::ReductionOp;

  // The mean of nothing is NaN.
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> inputs) const override {
    const Shape& x = inputs[0]->shape;
    return reduce() == ReduceKind::kSum || StaticCount(x, AxesFor(x)) > 0;
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const std::vector<int64_t> axes = AxesFor(x.shape());
    const std::vector<int64_t> target = ReductionTargets(x.shape(), axes);
    DoubleTensor y(output);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      y[target[static_cast<size_t>(i)]] += x[i];
    }
    if (reduce() == ReduceKind::kMean) {
      const auto count = static_cast<double>(StaticCount(x.shape(), axes));
      for (int64_t i = 0; i < y.num_elements(); ++i) y[i] /= count;
    }
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    const Shape x = inputs[0].shape();
    const std::vector<int64_t> axes = AxesFor(x);
    // Leading axes need not be put back: broadcasting aligns at the right.
    const bool leading =
        axes.empty() || axes.back() + 1 == static_cast<int64_t>(axes.size());
    if (!keep_axes() && !leading) dy = Reshape(dy, ReducedShape(x, axes, true));
    Value dx = BroadcastTo(dy, x);
    if (reduce() == ReduceKind::kMean) {
      const auto count = static_cast<float>(StaticCount(x, axes));
      // Of an empty x nothing is scaled; 1/0 would not be a factor.
      dx = Scale(dx, 1 / std::max(count, 1.0f),
                 x.has_symbolic_batch() && IsReduced(axes, 0));
    }
    return std::vector<Value>{dx};
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const IntervalTensor& x = *inputs[0];
    const std::vector<int64_t> axes = AxesFor(x.shape);
    const std::vector<int64_t> target = ReductionTargets(x.shape, axes);
    IntervalTensor y = IntervalTensor::Everything(output);
    std::vector<SumBounds> sums(y.lower.size());
    for (size_t i = 0; i < target.size(); ++i) {
      sums[static_cast<size_t>(target[i])].Add(
          IntervalAt(x, static_cast<int64_t>(i)));
    }
    const auto count = static_cast<double>(StaticCount(x.shape, axes));
    for (size_t i = 0; i < sums.size(); ++i) {
      Interval sum = sums[i].Finish(kScalingRoundings);
      if (reduce() == ReduceKind::kMean) {
        sum = count == 0 ? kEverything  // NaN
                         : FloatRounded(sum.lower / count - kMeanLoss,
                                        sum.upper / count + kMeanLoss);
      }
      SetInterval(y, static_cast<int64_t>(i), sum);
    }
    return y;
  }

 private:
  // A mean may be made of terms or sums times a rounded 1 / count.
  static constexpr int kScalingRoundings = 2;
  // A mean over all elements is summed at 2^-12 of its size, where what is
  // below 2^-114 becomes zero, as do the roundings of what is near it.
  static constexpr double kMeanLoss = 0x1p-112;
};

class BroadcastOp : public Op {
 public:
  explicit BroadcastOp(const Shape& shape) : shape_(shape) {}

  absl::string_view kind() const override { return "broadcast"; }
  int arity() const override { return 1; }
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }
  Attributes attributes() const override { return {{"shape", DimsOf(shape_)}}; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32("x", inputs[0]));
    RETURN_IF_ERROR(shape_.Validate());
    const absl::StatusOr<Shape> together =
        BroadcastShapes(inputs[0].shape, shape_);
    if (!together.ok() || *together != shape_) {
      return absl::InvalidArgumentError(
          absl::StrCat("x of shape ", inputs[0].shape.ToString(),
                       " cannot be stretched to ", shape_.ToString()));
    }
    return TensorType{DataType::kF32, shape_};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const std::vector<int64_t> source =
        BroadcastIndices(inputs[0]->shape(), output);
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      y[i] = (*inputs[0])[source[static_cast<size_t>(i)]];
    }
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    return std::vector<Value>{SumTo(dy, inputs[0].shape())};
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const std::vector<int64_t> source =
        BroadcastIndices(inputs[0]->shape, output);
    IntervalTensor y = IntervalTensor::Everything(output);
    for (size_t i = 0; i < source.size(); ++i) {
      SetInterval(y, static_cast<int64_t>(i),
                  IntervalAt(*inputs[0], source[i]));
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Elementwise(
        Expr::Operand(0), {lowering.input(0)}, lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  Shape shape_;
};

absl::StatusOr<OpPtr> ReadBroadcast(AttributeReader& attributes) {
  return std::make_shared<BroadcastOp>(attributes.ShapeValue("shape"));
}

constexpr OpTable::Entry kEntries[] = {
    {"broadcast", ReadBroadcast},
    {"mean", ReadReduction<SumOp, ReduceKind::kMean>},
    {"sum", ReadReduction<SumOp, ReduceKind::kSum>}};

}  // namespace

Value Sum(Value x, absl::Span<const int64_t> axes, bool keep_axes,
          absl::string_view name) {
  return ApplyReduction<SumOp>(ReduceKind::kSum, x, axes, keep_axes, name);
}

Value Mean(Value x, absl::Span<const int64_t> axes, bool keep_axes,
           absl::string_view name) {
  return ApplyReduction<SumOp>(ReduceKind::kMean, x, axes, keep_axes, name);
}

Value BroadcastTo(Value x, const Shape& shape, absl::string_view name) {
  if (x.valid() && x.shape() == shape) return x;
  return Apply(std::make_shared<BroadcastOp>(shape), {x}, name);
}

Value SumTo(Value x, const Shape& shape) {
  if (!x.valid() || x.shape() == shape) return x;
  const Shape from = x.shape();
  const absl::StatusOr<Shape> together = BroadcastShapes(shape, from);
  if (!together.ok() || *together != from) {
    return x.builder()->Fail(absl::InvalidArgumentError(absl::StrCat(
        "sum to shape ", shape.ToString(), ": ", x.node().ToString(),
        " of shape ", from.ToString(), " is not a stretch of it")));
  }
  const int lead = from.rank() - shape.rank();
  std::vector<int64_t> axes;
  for (int i = 0; i < from.rank(); ++i) {
    if (i < lead || shape.dim(i - lead) != from.dim(i)) axes.push_back(i);
  }
  const bool keep_axes = lead == 0;
  const Value sum = Sum(x, axes, keep_axes);
  return sum.valid() && sum.shape() != shape ? Reshape(sum, shape) : sum;
}

absl::Span<const OpTable::Entry> ReduceEntries() { return kEntries; }

}  // namespace espalier
