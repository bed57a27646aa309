// To add an op without attributes: its row, a line in kEntries, its builder
// function here and in the header. Gradients read the
// result y where they can, so that the runtime need not keep x.
#include "ops/elementwise.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/interval_math.h"
#include "ops/unary_op.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

double SoftplusOf(double x) {
  return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
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

constexpr UnaryRow kAbs = {
    "abs",
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    [](double x) { return std::fabs(x); },
    [](Value x, Value, Value dy) { return Mul(dy, Sign(x)); },
    AbsBounds,
    [](const Expr& x) { return Abs(x); }};

constexpr UnaryRow kExp = {"exp",
                           /*maps_zero_to_zero=*/false,
                           /*total=*/true,
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
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    [](double x) { return std::expm1(x); },
    [](Value x, Value, Value dy) { return Mul(dy, Exp(x)); },
    [](Interval x) {
      return Approximated(std::expm1(x.lower), std::expm1(x.upper), 0,
                          {-1, kEverything.upper});
    },
    [](const Expr& x) { return Expm1(x); }};

constexpr UnaryRow kIdentity = {"identity",
                                /*maps_zero_to_zero=*/true,
                                /*total=*/true,
                                [](double x) { return x; },
                                [](Value, Value, Value dy) { return dy; },
                                [](Interval x) { return x; },
                                [](const Expr& x) { return x; }};

constexpr UnaryRow kLog = {"log",
                           /*maps_zero_to_zero=*/false,
                           /*total=*/false,
                           [](double x) { return std::log(x); },
                           [](Value x, Value, Value dy) { return Div(dy, x); },
                           LogBounds,
                           [](const Expr& x) { return Log(x); }};

constexpr UnaryRow kLog1p = {
    "log1p",
    /*maps_zero_to_zero=*/true,
    /*total=*/false,
    [](double x) { return std::log1p(x); },
    [](Value x, Value, Value dy) { return Div(dy, AddNumber(x, 1)); },
    Log1pBounds,
    [](const Expr& x) { return Log1p(x); }};

constexpr UnaryRow kNeg = {"neg",
                           /*maps_zero_to_zero=*/true,
                           /*total=*/true,
                           [](double x) { return -x; },
                           [](Value, Value, Value dy) { return Neg(dy); },
                           NegInterval,
                           [](const Expr& x) { return -x; }};

constexpr UnaryRow kNormalCdf = {
    "normal_cdf",
    /*maps_zero_to_zero=*/false,
    /*total=*/true,
    NormalCdfOf,
    [](Value x, Value, Value dy) { return Mul(dy, NormalDensity(x)); },
    [](Interval x) {
      return Approximated(NormalCdfOf(x.lower), NormalCdfOf(x.upper), 0,
                          {0, 1});
    },
    [](const Expr& x) { return NormalCdf(x); }};

constexpr UnaryRow kSign = {"sign",
                            /*maps_zero_to_zero=*/true,
                            /*total=*/true,
                            SignOf,
                            [](Value, Value, Value) { return Value(); },
                            SignBounds,
                            [](const Expr& x) { return Sign(x); }};

constexpr UnaryRow kSoftplus = {
    "softplus",
    /*maps_zero_to_zero=*/false,
    /*total=*/true,
    SoftplusOf,
    [](Value x, Value, Value dy) { return Mul(dy, Sigmoid(x)); },
    [](Interval x) {
      return Approximated(SoftplusOf(x.lower), SoftplusOf(x.upper), 0,
                          {0, kEverything.upper});
    },
    [](const Expr& x) { return Softplus(x); }};

constexpr UnaryRow kSqrt = {
    "sqrt",
    /*maps_zero_to_zero=*/true,
    /*total=*/false,
    [](double x) { return std::sqrt(x); },
    [](Value, Value y, Value dy) { return Div(Scale(dy, 0.5f), y); },
    SqrtBounds,
    [](const Expr& x) { return Sqrt(x); }};

constexpr UnaryRow kSquare = {
    "square",
    /*maps_zero_to_zero=*/true,
    /*total=*/true,
    [](double x) { return x * x; },
    [](Value x, Value, Value dy) { return Mul(Scale(dy, 2), x); },
    [](Interval x) {
      const Interval a = AbsBounds(x);
      return FloatRounded(a.lower * a.lower, a.upper * a.upper);
    },
    [](const Expr& x) { return x * x; }};

constexpr UnaryRow kStopGradient = {"stop_gradient",
                                    /*maps_zero_to_zero=*/true,
                                    /*total=*/true,
                                    [](double x) { return x; },
                                    [](Value, Value, Value) { return Value(); },
                                    [](Interval x) { return x; },
                                    [](const Expr& x) { return x; }};

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
  bool total() const override { return true; }
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
    RowEntry<kAbs>(),      RowEntry<kExp>(),
    RowEntry<kExpm1>(),    RowEntry<kIdentity>(),
    RowEntry<kLog>(),      RowEntry<kLog1p>(),
    RowEntry<kNeg>(),      RowEntry<kNormalCdf>(),
    {"scale", ReadScale},  RowEntry<kSign>(),
    RowEntry<kSoftplus>(), RowEntry<kSqrt>(),
    RowEntry<kSquare>(),   {"stop_gradient", ReadStopGradient},
};

}  // namespace

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
