#include "ops/gates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/type_checks.h"
#include "ops/unary_op.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

class SelectGreaterOp : public Op {
 public:
  absl::string_view kind() const override { return "select_greater"; }
  int arity() const override { return 4; }  // a, b, greater, otherwise
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    constexpr absl::string_view kNames[] = {"a", "b", "greater", "otherwise"};
    Shape shape = inputs[0].shape;
    for (size_t i = 0; i < inputs.size(); ++i) {
      RETURN_IF_ERROR(CheckF32(kNames[i], inputs[i]));
      ASSIGN_OR_RETURN(shape, BroadcastShapes(shape, inputs[i].shape));
    }
    return TensorType{DataType::kF32, shape};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    std::vector<std::vector<int64_t>> indices;
    for (const DoubleTensor* input : inputs) {
      indices.push_back(BroadcastIndices(input->shape(), output));
    }
    const auto at = [&](size_t input, int64_t i) {
      return (*inputs[input])[indices[input][static_cast<size_t>(i)]];
    };
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      const double a = at(0, i);
      const double b = at(1, i);
      if (std::isnan(a) || std::isnan(b)) {
        y[i] = std::numeric_limits<double>::quiet_NaN();
      } else {
        y[i] = a > b ? at(2, i) : at(3, i);
      }
    }
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    const Value a = inputs[0];
    const Value b = inputs[1];
    std::vector<Value> gradients(4);
    if (wanted[2]) {
      gradients[2] = SumTo(SelectGreater(a, b, dy, NumberBeside(dy, 0)),
                           inputs[2].shape());
    }
    if (wanted[3]) {
      gradients[3] = SumTo(SelectGreater(a, b, NumberBeside(dy, 0), dy),
                           inputs[3].shape());
    }
    return gradients;
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    std::vector<std::vector<int64_t>> indices;
    for (const IntervalTensor* input : inputs) {
      indices.push_back(BroadcastIndices(input->shape, output));
    }
    IntervalTensor y = IntervalTensor::Everything(output);
    for (int64_t i = 0; i < output.num_elements(); ++i) {
      const auto at = [&](size_t input) {
        return IntervalAt(*inputs[input],
                          indices[input][static_cast<size_t>(i)]);
      };
      const Interval a = at(0);
      const Interval b = at(1);
      if (MayBeNan(a) || MayBeNan(b)) continue;
      SetInterval(y, i,
                  a.lower > b.upper    ? at(2)
                  : a.upper <= b.lower ? at(3)
                                       : Hull(at(2), at(3)));
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(
        lowering.Elementwise(SelectGreater(Expr::Operand(0), Expr::Operand(1),
                                           Expr::Operand(2), Expr::Operand(3)),
                             {lowering.input(0), lowering.input(1),
                              lowering.input(2), lowering.input(3)},
                             lowering.output_type().shape));
    return absl::OkStatus();
  }
};

constexpr UnaryRow kRelu = {
    "relu", /*maps_zero_to_zero=*/true, /*total=*/true,
    [](double x) { return x > 0 || std::isnan(x) ? x : 0.0; },
    // Of the result, so that the runtime need not keep x.
    [](Value, Value y, Value dy) {
      return SelectGreater(y, NumberBeside(dy, 0), dy, NumberBeside(dy, 0));
    },
    [](Interval x) {
      return Interval{std::max(x.lower, 0.0), std::max(x.upper, 0.0)};
    },
    [](const Expr& x) { return Max(x, Expr::Number(0)); }};

// With a slope of 0 there is no product, so that -infinity gives no NaN.
class LeakyReluOp : public UnaryOp {
 public:
  explicit LeakyReluOp(float slope) : slope_(slope) {}

  absl::string_view kind() const override { return "leaky_relu"; }
  bool maps_zero_to_zero() const override { return true; }
  Attributes attributes() const override { return {{"slope", slope_}}; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckFiniteAttribute("slope", slope_));
    return UnaryOp::InferType(inputs);
  }

 protected:
  bool total() const override { return true; }
  double ValueOf(double x) const override {
    if (x > 0 || std::isnan(x)) return x;
    return slope_ == 0 ? 0 : slope_ * x;
  }
  Value GradientOf(Value x, Value y, Value dy) const override {
    const Value zero = NumberBeside(dy, 0);
    // With a negative slope y > 0 does not tell the sides apart.
    return SelectGreater(slope_ < 0 ? x : y, zero, dy,
                         slope_ == 0 ? zero : Scale(dy, slope_));
  }
  Interval BoundsOf(Interval x) const override {
    return BoundsOfSides(
        x,
        [this](Interval below) {
          return slope_ == 0 ? Interval{0, 0}
                             : MulIntervals(below, Exactly(slope_));
        },
        [](Interval above) { return above; });
  }
  Expr ExprOf(const Expr& x) const override {
    const Expr zero = Expr::Number(0);
    return SelectGreater(x, zero, x,
                         slope_ == 0 ? zero : Expr::Number(slope_) * x);
  }

 private:
  float slope_;
};

class PreluOp : public Op {
 public:
  absl::string_view kind() const override { return "prelu"; }
  int arity() const override { return 2; }  // x, slope
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32("x", inputs[0]));
    RETURN_IF_ERROR(CheckF32("slope", inputs[1]));
    ASSIGN_OR_RETURN(const Shape shape,
                     BroadcastShapes(inputs[0].shape, inputs[1].shape));
    if (shape != inputs[0].shape) {
      return absl::InvalidArgumentError(
          absl::StrCat("slope has shape ", inputs[1].shape.ToString(),
                       ", x has ", inputs[0].shape.ToString(),
                       ": expected a slope that broadcasts to x"));
    }
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const DoubleTensor& slope = *inputs[1];
    const std::vector<int64_t> of = BroadcastIndices(slope.shape(), output);
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      y[i] = x[i] > 0 ? x[i] : slope[of[static_cast<size_t>(i)]] * x[i];
    }
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    const Value x = inputs[0];
    const Value slope = inputs[1];
    const Value zero = NumberBeside(dy, 0);
    std::vector<Value> gradients(2);
    if (wanted[0]) gradients[0] = SelectGreater(x, zero, dy, Mul(dy, slope));
    if (wanted[1]) {
      gradients[1] =
          SumTo(SelectGreater(x, zero, zero, Mul(dy, x)), slope.shape());
    }
    return gradients;
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const std::vector<int64_t> of = BroadcastIndices(inputs[1]->shape, output);
    IntervalTensor y = IntervalTensor::Everything(output);
    for (int64_t i = 0; i < output.num_elements(); ++i) {
      const Interval x = IntervalAt(*inputs[0], i);
      if (MayBeNan(x)) continue;
      const Interval slope = IntervalAt(*inputs[1], of[static_cast<size_t>(i)]);
      SetInterval(
          y, i,
          BoundsOfSides(
              x, [&](Interval below) { return MulIntervals(below, slope); },
              [](Interval above) { return above; }));
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    const Expr x = Expr::Operand(0);
    lowering.SetResult(lowering.Elementwise(
        SelectGreater(x, Expr::Number(0), x, Expr::Operand(1) * x),
        {lowering.input(0), lowering.input(1)}, lowering.output_type().shape));
    return absl::OkStatus();
  }
};

class ClipOp : public UnaryOp {
 public:
  ClipOp(float lower, float upper) : lower_(lower), upper_(upper) {}

  absl::string_view kind() const override { return "clip"; }
  bool maps_zero_to_zero() const override { return lower_ <= 0 && upper_ >= 0; }
  Attributes attributes() const override {
    return {{"lower", lower_}, {"upper", upper_}};
  }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    if (!(lower_ <= upper_) || lower_ == kInfinity || upper_ == -kInfinity) {
      return absl::InvalidArgumentError(absl::StrCat(
          "lower is ", lower_, ", upper is ", upper_,
          ": expected numbers in this order, or no limit (-inf, inf)"));
    }
    return UnaryOp::InferType(inputs);
  }

 protected:
  bool total() const override { return true; }
  double ValueOf(double x) const override {
    return x < lower_ ? lower_ : x > upper_ ? upper_ : x;
  }
  Value GradientOf(Value x, Value /*y*/, Value dy) const override {
    Value dx = dy;
    if (upper_ < kInfinity) {
      dx = SelectGreater(x, NumberBeside(dy, upper_), NumberBeside(dy, 0), dx);
    }
    if (lower_ > -kInfinity) {
      dx = SelectGreater(NumberBeside(dy, lower_), x, NumberBeside(dy, 0), dx);
    }
    return dx;
  }
  Interval BoundsOf(Interval x) const override {
    const Interval low = Exactly(lower_);
    const Interval high = Exactly(upper_);
    return {std::min(std::max(x.lower, low.lower), high.lower),
            std::min(std::max(x.upper, low.upper), high.upper)};
  }
  Expr ExprOf(const Expr& x) const override {
    Expr y = x;
    if (lower_ > -kInfinity) y = Max(y, Expr::Number(lower_));
    if (upper_ < kInfinity) y = Min(y, Expr::Number(upper_));
    return y;
  }

 private:
  float lower_;
  float upper_;
};

absl::StatusOr<OpPtr> ReadSelectGreater(AttributeReader& /*attributes*/) {
  return std::make_shared<SelectGreaterOp>();
}

absl::StatusOr<OpPtr> ReadLeakyRelu(AttributeReader& attributes) {
  return std::make_shared<LeakyReluOp>(attributes.Float("slope"));
}

absl::StatusOr<OpPtr> ReadPrelu(AttributeReader& /*attributes*/) {
  return std::make_shared<PreluOp>();
}

absl::StatusOr<OpPtr> ReadClip(AttributeReader& attributes) {
  const float lower = attributes.Float("lower");
  const float upper = attributes.Float("upper");
  return std::make_shared<ClipOp>(lower, upper);
}

constexpr OpTable::Entry kEntries[] = {
    {"clip", ReadClip},
    {"leaky_relu", ReadLeakyRelu},
    {"prelu", ReadPrelu},
    RowEntry<kRelu>(),
    {"select_greater", ReadSelectGreater},
};

}  // namespace

Value SelectGreater(Value a, Value b, Value greater, Value otherwise,
                    absl::string_view name) {
  return Apply(std::make_shared<SelectGreaterOp>(), {a, b, greater, otherwise},
               name);
}

Value Relu(Value x, absl::string_view name) { return ApplyRow(kRelu, x, name); }
Value LeakyRelu(Value x, float slope, absl::string_view name) {
  return Apply(std::make_shared<LeakyReluOp>(slope), {x}, name);
}
Value Prelu(Value x, Value slope, absl::string_view name) {
  return Apply(std::make_shared<PreluOp>(), {x, slope}, name);
}

Value Clip(Value x, float lower, float upper, absl::string_view name) {
  return Apply(std::make_shared<ClipOp>(lower, upper), {x}, name);
}
Value Relu6(Value x, absl::string_view name) { return Clip(x, 0, 6, name); }

bool IsRelu(const Node& node) {
  const auto* op = dynamic_cast<const UnaryRowOp*>(node.op.get());
  return op != nullptr && op->Is(kRelu);
}

absl::Span<const OpTable::Entry> GateEntries() { return kEntries; }

}  // namespace espalier
