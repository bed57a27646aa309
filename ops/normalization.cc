#include "ops/normalization.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

// All axes but that of the channels.
std::vector<int64_t> StatisticAxes(const Shape& x) {
  std::vector<int64_t> axes;
  for (int axis = 0; axis < x.rank(); ++axis) {
    if (axis != 1) axes.push_back(axis);
  }
  return axes;
}

// The channel of an element of x, by its index.
class Channels {
 public:
  explicit Channels(const Shape& x) : channels_(x.dim(1)) {
    for (int axis = 2; axis < x.rank(); ++axis) inner_ *= x.dim(axis);
  }
  int64_t Of(int64_t i) const { return i / inner_ % channels_; }

 private:
  int64_t channels_;
  int64_t inner_ = 1;
};

// The shape in which a vector over channels broadcasts to x: [C, 1, ...].
Shape ChannelShape(const Shape& x) {
  std::vector<int64_t> dims(static_cast<size_t>(x.rank() - 1), 1);
  dims[0] = x.dim(1);
  return Shape(dims);
}

Value Along(const Shape& x, Value channels) {
  if (!channels.valid() || x.rank() == 2) return channels;
  return Reshape(channels, ChannelShape(x));
}

// `factor` / n times a vector over the channels of x, in the shape in which it
// broadcasts to x, where n elements make a channel but for the batch N: what
// is known of the channels' size costs no pass over x.
Value OverStaticCount(const Shape& x, Value channels, float factor) {
  const auto count = static_cast<float>(StaticCount(x, StatisticAxes(x)));
  return Along(x, Scale(channels, factor / count));
}

// A value divided by N if that is symbolic.
Value OverBatch(Value value) {
  if (!value.valid() || !value.shape().has_symbolic_batch()) return value;
  return Scale(value, 1, /*over_batch=*/true);
}

absl::Status CheckX(const TensorType& x) {
  RETURN_IF_ERROR(CheckF32("x", x));
  if (x.shape.rank() >= 2) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "x is ", x.ToString(), ": expected f32[N, C] or f32[N, C, ...]"));
}

absl::Status CheckChannels(const TensorType& x, absl::string_view what,
                           const TensorType& type) {
  const TensorType expected = {DataType::kF32, Shape({x.shape.dim(1)})};
  if (type == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", type.ToString(), ", x is ", x.ToString(),
                   ": expected ", expected.ToString(), ", a number a channel"));
}

absl::Status CheckSomething(const TensorType& x) {
  if (StaticCount(x.shape, StatisticAxes(x.shape)) > 0) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "x is ", x.ToString(), ": expected an element in each channel"));
}

double Count(const Shape& x) {
  return static_cast<double>(StaticCount(x, StatisticAxes(x)));
}

class BatchMeanOp : public Op {
 public:
  absl::string_view kind() const override { return "batch_mean"; }
  int arity() const override { return 2; }  // x, running mean
  absl::optional<int> inference_input() const override { return 1; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckX(inputs[0]));
    RETURN_IF_ERROR(CheckChannels(inputs[0], "running mean", inputs[1]));
    RETURN_IF_ERROR(CheckSomething(inputs[0]));
    return inputs[1];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const Channels channels(x.shape());
    DoubleTensor y(output);
    for (int64_t i = 0; i < x.num_elements(); ++i) y[channels.Of(i)] += x[i];
    for (int64_t c = 0; c < y.num_elements(); ++c) y[c] /= Count(x.shape());
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    std::vector<Value> gradients(2);
    const Shape x = inputs[0].shape();
    if (wanted[0]) {
      gradients[0] = OverBatch(BroadcastTo(OverStaticCount(x, dy, 1), x));
    }
    return gradients;
  }

  absl::Status Lower(Lowering& lowering) const override {
    const Shape& x = lowering.input_type(0).shape;
    lowering.SetResult(lowering.Reduce(ReduceKind::kMean, lowering.input(0),
                                       StatisticAxes(x),
                                       lowering.output_type().shape));
    return absl::OkStatus();
  }
};

class BatchVarianceOp : public Op {
 public:
  absl::string_view kind() const override { return "batch_variance"; }
  int arity() const override { return 3; }  // x, mean, running variance
  absl::optional<int> inference_input() const override { return 2; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckX(inputs[0]));
    RETURN_IF_ERROR(CheckChannels(inputs[0], "mean", inputs[1]));
    RETURN_IF_ERROR(CheckChannels(inputs[0], "running variance", inputs[2]));
    RETURN_IF_ERROR(CheckSomething(inputs[0]));
    return inputs[2];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const Channels channels(x.shape());
    DoubleTensor y(output);
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const int64_t c = channels.Of(i);
      const double deviation = x[i] - (*inputs[1])[c];
      y[c] += deviation * deviation;
    }
    for (int64_t c = 0; c < y.num_elements(); ++c) y[c] /= Count(x.shape());
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    const Value x = inputs[0];
    const Value mean = inputs[1];
    std::vector<Value> gradients(3);
    if (wanted[0]) {
      const Value deviation = Sub(x, Along(x.shape(), mean));
      gradients[0] =
          OverBatch(Mul(deviation, OverStaticCount(x.shape(), dy, 2)));
    }
    if (wanted[1]) {
      // Nothing where `mean` is that of x; the runtime takes that once.
      const Value own = Mean(x, StatisticAxes(x.shape()));
      gradients[1] = Mul(dy, Scale(Sub(mean, own), 2));
    }
    return gradients;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.MeanSquaredDeviation(
        lowering.input(0), lowering.input(1), lowering.output_type().shape));
    return absl::OkStatus();
  }
};

class BatchNormalizeOp : public Op {
 public:
  explicit BatchNormalizeOp(float epsilon) : epsilon_(epsilon) {}

  float epsilon() const { return epsilon_; }
  absl::string_view kind() const override { return "batch_normalize"; }
  int arity() const override { return 5; }
  Attributes attributes() const override { return {{"epsilon", epsilon_}}; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckEpsilon(epsilon_));
    RETURN_IF_ERROR(CheckX(inputs[0]));
    RETURN_IF_ERROR(CheckChannels(inputs[0], "mean", inputs[1]));
    RETURN_IF_ERROR(CheckChannels(inputs[0], "variance", inputs[2]));
    RETURN_IF_ERROR(CheckChannels(inputs[0], "scale", inputs[3]));
    RETURN_IF_ERROR(CheckChannels(inputs[0], "shift", inputs[4]));
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const Channels channels(x.shape());
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      const int64_t c = channels.Of(i);
      const double root =
          std::sqrt((*inputs[2])[c] + static_cast<double>(epsilon_));
      y[i] =
          (x[i] - (*inputs[1])[c]) * ((*inputs[3])[c] / root) + (*inputs[4])[c];
    }
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    const Value x = inputs[0];
    const Value scale = inputs[3];
    const Shape shape = x.shape();
    GraphBuilder& g = *x.builder();
    const Value inverse =
        Div(g.Constant(1.0f), Sqrt(Add(inputs[2], g.Constant(epsilon_))));
    const Value factor = Mul(scale, inverse);
    std::vector<Value> gradients(5);
    if (wanted[0]) gradients[0] = Mul(dy, Along(shape, factor));
    Value sum;  // of dy over each channel
    if (wanted[1] || wanted[4]) sum = Sum(dy, StatisticAxes(shape));
    if (wanted[1]) gradients[1] = Neg(Mul(sum, factor));
    if (wanted[4]) gradients[4] = sum;
    if (wanted[2] || wanted[3]) {
      const Value deviation = Sub(x, Along(shape, inputs[1]));
      const Value product = Sum(Mul(dy, deviation), StatisticAxes(shape));
      if (wanted[2]) {
        gradients[2] = Scale(Mul(Mul(product, factor), Square(inverse)), -0.5f);
      }
      if (wanted[3]) gradients[3] = Mul(product, inverse);
    }
    return gradients;
  }

  // With epsilon each variance is above 0 then.
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> inputs) const override {
    const std::vector<double>& least = inputs[2]->lower;
    return std::all_of(least.begin(), least.end(),
                       [](double variance) { return variance >= 0; });
  }

  // Each operation of Lower, on intervals.
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const Channels channels(output);
    const Interval half = Exactly(0.5);
    IntervalTensor y = IntervalTensor::Everything(output);
    for (int64_t i = 0; i < output.num_elements(); ++i) {
      const int64_t c = channels.Of(i);
      const Interval spread =
          AddIntervals(IntervalAt(*inputs[2], c), Exactly(epsilon_));
      if (!(spread.lower > 0)) continue;
      const Interval root =
          FloatRounded(std::sqrt(spread.lower), std::sqrt(spread.upper));
      const Interval factor = DivIntervals(
          MulIntervals(Exactly(2), IntervalAt(*inputs[3], c)), root);
      const Interval deviation = AddIntervals(
          MulIntervals(half, IntervalAt(*inputs[0], i)),
          NegInterval(MulIntervals(half, IntervalAt(*inputs[1], c))));
      SetInterval(y, i,
                  AddIntervals(MulIntervals(deviation, factor),
                               IntervalAt(*inputs[4], c)));
    }
    return y;
  }

  // Half the deviation times twice the factor: no difference of two numbers is
  // too large then.
  absl::Status Lower(Lowering& lowering) const override {
    const Shape& x = lowering.input_type(0).shape;
    const Shape channels({x.dim(1)});
    const BufferId factor = lowering.Elementwise(
        Expr::Number(2) * Expr::Operand(0) /
            Sqrt(Expr::Operand(1) + Expr::Number(epsilon_)),
        {lowering.input(3), lowering.input(2)}, channels);
    const auto along = [&](BufferId buffer) {
      return lowering.Reshape(buffer, ChannelShape(x));
    };
    const Expr deviation = Expr::Operand(0) * Expr::Number(0.5f) +
                           Expr::Operand(1) * Expr::Number(-0.5f);
    lowering.SetResult(
        lowering.Elementwise(deviation * Expr::Operand(2) + Expr::Operand(3),
                             {lowering.input(0), along(lowering.input(1)),
                              along(factor), along(lowering.input(4))},
                             x));
    return absl::OkStatus();
  }

 private:
  float epsilon_;
};

template <typename T>
absl::StatusOr<OpPtr> Read(AttributeReader& /*attributes*/) {
  return std::make_shared<T>();
}

absl::StatusOr<OpPtr> ReadBatchNormalize(AttributeReader& attributes) {
  return std::make_shared<BatchNormalizeOp>(attributes.Float("epsilon"));
}

constexpr OpTable::Entry kEntries[] = {
    {"batch_mean", Read<BatchMeanOp>},
    {"batch_normalize", ReadBatchNormalize},
    {"batch_variance", Read<BatchVarianceOp>},
};

}  // namespace

Value BatchMean(Value x, Value running_mean, absl::string_view name) {
  return Apply(std::make_shared<BatchMeanOp>(), {x, running_mean}, name);
}

Value BatchVariance(Value x, Value mean, Value running_variance,
                    absl::string_view name) {
  return Apply(std::make_shared<BatchVarianceOp>(), {x, mean, running_variance},
               name);
}

Value BatchNormalize(Value x, Value mean, Value variance, Value scale,
                     Value shift, float epsilon, absl::string_view name) {
  return Apply(std::make_shared<BatchNormalizeOp>(epsilon),
               {x, mean, variance, scale, shift}, name);
}

absl::optional<BatchNormalizeView> AsBatchNormalize(const Node& node) {
  const auto* op = dynamic_cast<const BatchNormalizeOp*>(node.op.get());
  if (op == nullptr) return absl::nullopt;
  return BatchNormalizeView{node.inputs[0], node.inputs[1], node.inputs[2],
                            node.inputs[3], node.inputs[4], op->epsilon()};
}

absl::Span<const OpTable::Entry> NormalizationEntries() { return kEntries; }

}  // namespace espalier
