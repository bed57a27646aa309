// To add an op without attributes: its row, a line in kEntries, its builder
// function here and in the header. Gradients read the
// result y where they can, so that the runtime need not keep x.
#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/interval_math.h"
#include "ops/type_checks.h"
#include "ops/unary_op.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

// What a tanh or sigmoid that was fused into a product may be off by, besides.
constexpr double kFusedError = 1e-6;

double SigmoidOf(double x) { return 1 / (1 + std::exp(-x)); }

double SoftplusOf(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
}

double NormalCdfOf(double x) { return 0.5 * std::erfc(x * -M_SQRT1_2); }

// The derivative of NormalCdf.
Value NormalDensity(Value x) {
  constexpr auto kInverseRootOf2Pi =
      static_cast<float>(0.5 * M_SQRT1_2 * M_2_SQRTPI);
  return Scale(Exp(Scale(Square(x), -0.5f)), kInverseRootOf2Pi);
}

double SignOf(double x) {
  if (std::isnan(x)) return x;
  return static_cast<double>(x > 0) - static_cast<double>(x < 0);
}

Interval LogBounds(Interval x) {
  if (x.lower < 0) return kEverything;  // NaN
  return Approximated(std::log(x.lower), std::log(x.upper), 0, kEverything);
}

Interval Log1pBounds(Interval x) {
  if (x.lower < -1) return kEverything;  // NaN
  return Approximated(std::log1p(x.lower), std::log1p(x.upper), 0, kEverything);
}

Interval AbsBounds(Interval x) {
  if (x.lower >= 0) return x;
  if (x.upper <= 0) return NegInterval(x);
  return {0, std::max(-x.lower, x.upper)};
}

Interval SignBounds(Interval x) { return {SignOf(x.lower), SignOf(x.upper)}; }

Interval SqrtBounds(Interval x) {
  if (x.lower < 0) return kEverything;  // NaN
  return FloatRounded(std::sqrt(x.lower), std::sqrt(x.upper));
}

Value ReluGrad(Value y, Value dy);
Value LeakyReluGrad(Value condition, Value dy, float slope);

// 1 + x
Value OnePlus(Value x) {
  if (!x.valid()) return x;
  return Add(x, x.builder()->Constant(1.0f));
}

// 1 - x
Value OneMinus(Value x) {
  if (!x.valid()) return x;
  return Sub(x.builder()->Constant(1.0f), x);
}

constexpr UnaryRow kAbs = {
    "abs",
    true,
    [](double x) { return std::fabs(x); },
    [](Value x, Value, Value dy) { return Mul(dy, Sign(x)); },
    AbsBounds,
    [](const Expr& x) { return Abs(x); }};

constexpr UnaryRow kExp = {"exp",
                           false,
                           [](double x) { return std::exp(x); },
                           [](Value, Value y, Value dy) { return Mul(dy, y); },
                           [](Interval x) {
                             return Approximated(std::exp(x.lower),
                                                 std::exp(x.upper), 0,
                                                 {0, kEverything.upper});
                           },
                           [](const Expr& x) { return Exp(x); }};

// The gradient is no y + 1, which loses what is left of it far below 0.
constexpr UnaryRow kExpm1 = {
    "expm1",
    true,
    [](double x) { return std::expm1(x); },
    [](Value x, Value, Value dy) { return Mul(dy, Exp(x)); },
    [](Interval x) {
      return Approximated(std::expm1(x.lower), std::expm1(x.upper), 0,
                          {-1, kEverything.upper});
    },
    [](const Expr& x) { return Expm1(x); }};

constexpr UnaryRow kIdentity = {"identity",
                                true,
                                [](double x) { return x; },
                                [](Value, Value, Value dy) { return dy; },
                                [](Interval x) { return x; },
                                [](const Expr& x) { return x; }};

constexpr UnaryRow kLog = {"log",
                           false,
                           [](double x) { return std::log(x); },
                           [](Value x, Value, Value dy) { return Div(dy, x); },
                           LogBounds,
                           [](const Expr& x) { return Log(x); }};

constexpr UnaryRow kLog1p = {
    "log1p",
    true,
    [](double x) { return std::log1p(x); },
    [](Value x, Value, Value dy) { return Div(dy, OnePlus(x)); },
    Log1pBounds,
    [](const Expr& x) { return Log1p(x); }};

constexpr UnaryRow kNeg = {"neg",
                           true,
                           [](double x) { return -x; },
                           [](Value, Value, Value dy) { return Neg(dy); },
                           NegInterval,
                           [](const Expr& x) { return -x; }};

constexpr UnaryRow kNormalCdf = {
    "normal_cdf",
    false,
    NormalCdfOf,
    [](Value x, Value, Value dy) { return Mul(dy, NormalDensity(x)); },
    [](Interval x) {
      return Approximated(NormalCdfOf(x.lower), NormalCdfOf(x.upper), 0,
                          {0, 1});
    },
    [](const Expr& x) { return NormalCdf(x); }};

constexpr UnaryRow kRelu = {
    "relu",
    true,
    [](double x) { return x > 0 || std::isnan(x) ? x : 0.0; },
    [](Value, Value y, Value dy) { return ReluGrad(y, dy); },
    [](Interval x) {
      return Interval{std::max(x.lower, 0.0), std::max(x.upper, 0.0)};
    },
    [](const Expr& x) { return Max(x, Expr::Number(0)); }};

constexpr UnaryRow kSigmoid = {
    "sigmoid",
    false,
    SigmoidOf,
    [](Value, Value y, Value dy) { return Mul(dy, Mul(y, OneMinus(y))); },
    [](Interval x) {
      return Approximated(SigmoidOf(x.lower), SigmoidOf(x.upper), kFusedError,
                          {0, 1});
    },
    [](const Expr& x) { return Sigmoid(x); }};

constexpr UnaryRow kSign = {
    "sign",     true,
    SignOf,     [](Value, Value, Value) { return Value(); },
    SignBounds, [](const Expr& x) { return Sign(x); }};

constexpr UnaryRow kSoftplus = {
    "softplus",
    false,
    SoftplusOf,
    [](Value x, Value, Value dy) { return Mul(dy, Sigmoid(x)); },
    [](Interval x) {
      return Approximated(SoftplusOf(x.lower), SoftplusOf(x.upper), 0,
                          {0, kEverything.upper});
    },
    [](const Expr& x) { return Softplus(x); }};

constexpr UnaryRow kSqrt = {
    "sqrt",
    true,
    [](double x) { return std::sqrt(x); },
    [](Value, Value y, Value dy) { return Div(Scale(dy, 0.5f), y); },
    SqrtBounds,
    [](const Expr& x) { return Sqrt(x); }};

constexpr UnaryRow kSquare = {
    "square",
    true,
    [](double x) { return x * x; },
    [](Value x, Value, Value dy) { return Mul(Scale(dy, 2), x); },
    [](Interval x) {
      const Interval a = AbsBounds(x);
      return FloatRounded(a.lower * a.lower, a.upper * a.upper);
    },
    [](const Expr& x) { return x * x; }};

constexpr UnaryRow kStopGradient = {"stop_gradient",
                                    true,
                                    [](double x) { return x; },
                                    [](Value, Value, Value) { return Value(); },
                                    [](Interval x) { return x; },
                                    [](const Expr& x) { return x; }};

constexpr UnaryRow kTanh = {
    "tanh",
    true,
    [](double x) { return std::tanh(x); },
    [](Value, Value y, Value dy) { return Mul(dy, OneMinus(Square(y))); },
    [](Interval x) {
      return Approximated(std::tanh(x.lower), std::tanh(x.upper), kFusedError,
                          {-1, 1});
    },
    [](const Expr& x) { return Tanh(x); }};

// condition > 0 ? x : slope * x; 0 instead of slope * x where `slope` is 0,
// so that an infinite x gives no NaN there.
double Gated(double condition, double x, float slope) {
  if (std::isnan(condition)) return condition;
  if (condition > 0) return x;
  return slope == 0 ? 0 : slope * x;
}

Expr GatedExpr(const Expr& condition, const Expr& x, float slope) {
  return SelectGreater(condition, Expr::Number(0), x,
                       slope == 0 ? Expr::Number(0) : Expr::Number(slope) * x);
}

Interval GatedBounds(Interval condition, Interval x, float slope) {
  if (MayBeNan(condition) || MayBeNan(x)) return kEverything;
  const Interval below =
      slope == 0 ? Interval{0, 0} : MulIntervals(x, Exactly(slope));
  if (condition.lower > 0) return x;
  if (condition.upper <= 0) return below;
  return {std::min(x.lower, below.lower), std::max(x.upper, below.upper)};
}

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
  double ValueOf(double x) const override { return Gated(x, x, slope_); }
  Value GradientOf(Value x, Value y, Value dy) const override {
    // With a negative slope y > 0 does not tell the sides apart.
    return LeakyReluGrad(slope_ < 0 ? x : y, dy, slope_);
  }
  Interval BoundsOf(Interval x) const override {
    const Interval positive = {std::max(x.lower, 0.0), std::max(x.upper, 0.0)};
    const Interval negative = GatedBounds(
        {-1, -1}, {std::min(x.lower, 0.0), std::min(x.upper, 0.0)}, slope_);
    if (x.upper <= 0) return negative;
    if (x.lower > 0) return positive;
    return {std::min(positive.lower, negative.lower),
            std::max(positive.upper, negative.upper)};
  }
  Expr ExprOf(const Expr& x) const override { return GatedExpr(x, x, slope_); }

 private:
  float slope_;
};

class ScaleOp : public UnaryOp {
 public:
  ScaleOp(float factor, bool over_batch)
      : factor_(factor), over_batch_(over_batch) {}

  bool over_batch() const { return over_batch_; }

  absl::string_view kind() const override { return "scale"; }
  bool maps_zero_to_zero() const override { return true; }
  Attributes attributes() const override {
    return {{"factor", factor_}, {"over_batch", over_batch_}};
  }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckFiniteAttribute("factor", factor_));
    if (over_batch_ && !inputs[0].shape.has_symbolic_batch()) {
      return absl::InvalidArgumentError(
          absl::StrCat("x is ", inputs[0].ToString(),
                       ": expected the batch N in front, to divide by it"));
    }
    return UnaryOp::InferType(inputs);
  }
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    DoubleTensor y = UnaryOp::Evaluate(inputs, output);
    for (int64_t i = 0; over_batch_ && i < y.num_elements(); ++i) {
      y[i] /= static_cast<double>(output.dim(0));
    }
    return y;
  }

 protected:
  double ValueOf(double x) const override { return factor_ * x; }
  Value GradientOf(Value, Value, Value dy) const override {
    return Scale(dy, factor_, over_batch_);
  }
  Interval BoundsOf(Interval x) const override {
    Interval factor = Exactly(factor_);
    if (over_batch_) factor = HullOfZeroAnd(factor);  // for every N
    return MulIntervals(factor, x);
  }
  Expr ExprOf(const Expr& x) const override {
    return Expr::Number(factor_, over_batch_ ? -1 : 0) * x;
  }

 private:
  float factor_;
  bool over_batch_;
};

// condition > 0 ? dy : slope * dy, where condition is the result (or, with a
// negative slope, the input) of a relu or leaky relu.
class GateGradOp : public Op {
 public:
  GateGradOp(bool leaky, float slope) : leaky_(leaky), slope_(slope) {}

  absl::string_view kind() const override {
    return leaky_ ? "leaky_relu_grad" : "relu_grad";
  }
  int arity() const override { return 2; }  // condition, dy
  Attributes attributes() const override {
    if (leaky_) return {{"slope", slope_}};
    return {};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckFiniteAttribute("slope", slope_));
    RETURN_IF_ERROR(CheckF32("y", inputs[0]));
    RETURN_IF_ERROR(CheckF32("dy", inputs[1]));
    RETURN_IF_ERROR(
        CheckSameShape("y", inputs[0].shape, "dy", inputs[1].shape));
    return inputs[1];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    DoubleTensor dx(output);
    for (int64_t i = 0; i < dx.num_elements(); ++i) {
      dx[i] = Gated((*inputs[0])[i], (*inputs[1])[i], slope_);
    }
    return dx;
  }

  // Linear in dy; a step in the condition.
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    std::vector<Value> gradients(2);
    if (wanted[1]) {
      gradients[1] =
          Apply(std::make_shared<GateGradOp>(leaky_, slope_), {inputs[0], dy});
    }
    return gradients;
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    IntervalTensor dx = IntervalTensor::Everything(output);
    for (int64_t i = 0; i < output.num_elements(); ++i) {
      SetInterval(dx, i,
                  GatedBounds(IntervalAt(*inputs[0], i),
                              IntervalAt(*inputs[1], i), slope_));
    }
    return dx;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Elementwise(
        GatedExpr(Expr::Operand(0), Expr::Operand(1), slope_),
        {lowering.input(0), lowering.input(1)}, lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  bool leaky_;
  float slope_;
};

Value ReluGrad(Value y, Value dy) {
  return Apply(std::make_shared<GateGradOp>(false, 0.0f), {y, dy});
}

Value LeakyReluGrad(Value condition, Value dy, float slope) {
  return Apply(std::make_shared<GateGradOp>(true, slope), {condition, dy});
}

absl::StatusOr<OpPtr> ReadLeakyRelu(AttributeReader& attributes) {
  return std::make_shared<LeakyReluOp>(attributes.Float("slope"));
}

absl::StatusOr<OpPtr> ReadReluGrad(AttributeReader& /*attributes*/) {
  return std::make_shared<GateGradOp>(false, 0.0f);
}

absl::StatusOr<OpPtr> ReadLeakyReluGrad(AttributeReader& attributes) {
  return std::make_shared<GateGradOp>(true, attributes.Float("slope"));
}

class StopGradientOp : public UnaryRowOp {
 public:
  StopGradientOp() : UnaryRowOp(kStopGradient) {}
  absl::optional<int> inference_input() const override { return 0; }
};

absl::StatusOr<OpPtr> ReadStopGradient(AttributeReader& /*attributes*/) {
  return std::make_shared<StopGradientOp>();
}

absl::StatusOr<OpPtr> ReadScale(AttributeReader& attributes) {
  const float factor = attributes.Float("factor");
  const bool over_batch = attributes.Bool("over_batch");
  return std::make_shared<ScaleOp>(factor, over_batch);
}

constexpr OpTable::Entry kEntries[] = {
    RowEntry<kAbs>(),
    RowEntry<kExp>(),
    RowEntry<kExpm1>(),
    RowEntry<kIdentity>(),
    {"leaky_relu", ReadLeakyRelu},
    {"leaky_relu_grad", ReadLeakyReluGrad},
    RowEntry<kLog>(),
    RowEntry<kLog1p>(),
    RowEntry<kNeg>(),
    RowEntry<kNormalCdf>(),
    RowEntry<kRelu>(),
    {"relu_grad", ReadReluGrad},
    {"scale", ReadScale},
    RowEntry<kSigmoid>(),
    RowEntry<kSign>(),
    RowEntry<kSoftplus>(),
    RowEntry<kSqrt>(),
    RowEntry<kSquare>(),
    {"stop_gradient", ReadStopGradient},
    RowEntry<kTanh>(),
};

// In the order of Activation.
constexpr absl::string_view kActivationNames[] = {
    "identity", "relu", "leaky-relu", "sigmoid", "tanh"};

}  // namespace

Value Relu(Value x, absl::string_view name) { return ApplyRow(kRelu, x, name); }
Value LeakyRelu(Value x, float slope, absl::string_view name) {
  return Apply(std::make_shared<LeakyReluOp>(slope), {x}, name);
}
Value Sigmoid(Value x, absl::string_view name) {
  return ApplyRow(kSigmoid, x, name);
}
Value Tanh(Value x, absl::string_view name) { return ApplyRow(kTanh, x, name); }
Value Identity(Value x, absl::string_view name) {
  return ApplyRow(kIdentity, x, name);
}
Value Neg(Value x, absl::string_view name) { return ApplyRow(kNeg, x, name); }
Value Square(Value x, absl::string_view name) {
  return ApplyRow(kSquare, x, name);
}
Value Sqrt(Value x, absl::string_view name) { return ApplyRow(kSqrt, x, name); }
Value Exp(Value x, absl::string_view name) { return ApplyRow(kExp, x, name); }
Value Log(Value x, absl::string_view name) { return ApplyRow(kLog, x, name); }
Value Abs(Value x, absl::string_view name) { return ApplyRow(kAbs, x, name); }
Value Sign(Value x, absl::string_view name) { return ApplyRow(kSign, x, name); }
Value Expm1(Value x, absl::string_view name) {
  return ApplyRow(kExpm1, x, name);
}
Value Log1p(Value x, absl::string_view name) {
  return ApplyRow(kLog1p, x, name);
}
Value Softplus(Value x, absl::string_view name) {
  return ApplyRow(kSoftplus, x, name);
}
Value NormalCdf(Value x, absl::string_view name) {
  return ApplyRow(kNormalCdf, x, name);
}
Value StopGradient(Value x, absl::string_view name) {
  return Apply(std::make_shared<StopGradientOp>(), {x}, name);
}
Value Scale(Value x, float factor, bool over_batch, absl::string_view name) {
  return Apply(std::make_shared<ScaleOp>(factor, over_batch), {x}, name);
}

Value Activate(Value x, Activation activation, absl::string_view name) {
  switch (activation) {
    case Activation::kIdentity:
      return Identity(x, name);
    case Activation::kRelu:
      return Relu(x, name);
    case Activation::kLeakyRelu:
      return LeakyRelu(x, 0.01f, name);
    case Activation::kSigmoid:
      return Sigmoid(x, name);
    case Activation::kTanh:
      return Tanh(x, name);
  }
  ESPALIER_CHECK(false);
  return Value();
}

absl::string_view ActivationName(Activation activation) {
  return kActivationNames[static_cast<int>(activation)];
}

absl::StatusOr<Activation> ParseActivation(absl::string_view name) {
  for (size_t i = 0; i < std::size(kActivationNames); ++i) {
    if (kActivationNames[i] == name) return static_cast<Activation>(i);
  }
  return absl::InvalidArgumentError(
      absl::StrCat("unknown activation ", Quoted(name), ": expected ",
                   absl::StrJoin(kActivationNames, ", ")));
}

bool IsRelu(const Node& node) {
  const auto* op = dynamic_cast<const UnaryRowOp*>(node.op.get());
  return op != nullptr && op->Is(kRelu);
}

bool DividesByBatch(const Node& node) {
  const auto* op = dynamic_cast<const ScaleOp*>(node.op.get());
  return op != nullptr && op->over_batch();
}

bool MapsZeroToZero(const Node& node) {
  const auto* op = dynamic_cast<const UnaryOp*>(node.op.get());
  return op != nullptr && op->maps_zero_to_zero();
}

absl::Span<const OpTable::Entry> ElementwiseEntries() { return kEntries; }

}  // namespace espalier
