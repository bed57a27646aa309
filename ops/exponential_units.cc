#include "ops/exponential_units.h"

#include <cmath>
#include <limits>
#include <memory>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/interval_math.h"
#include "ops/unary_op.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

constexpr float kSeluScale = 1.0507009873554804934f;  // lambda
constexpr float kSeluBelow = 1.7580993408473768599f;  // lambda * alpha

// x > 0 ? above * x : below * (exp(x / width) - 1). The gradient reads x, not
// the result, from which exp(x) cannot be had far below 0.
class ExponentialUnitOp : public UnaryOp {
 public:
  ExponentialUnitOp(float above, float below, float width)
      : above_(above), below_(below), width_(width) {}

  bool maps_zero_to_zero() const override { return true; }

 protected:
  bool total() const override { return true; }
  double ValueOf(double x) const override {
    if (x > 0 || std::isnan(x)) return above_ * x;
    return below_ * std::expm1(x / width_);
  }

  Value GradientOf(Value x, Value /*y*/, Value dy) const override {
    // What is not chosen must not overflow into the gradient's gradient.
    Value argument = Clip(x, -std::numeric_limits<float>::infinity(), 0);
    if (width_ != 1) argument = Div(argument, NumberBeside(x, width_));
    const float slope = below_ / width_;
    const Value slope_dy = slope == 1 ? dy : Scale(dy, slope);
    return SelectGreater(x, NumberBeside(dy, 0),
                         above_ == 1 ? dy : Scale(dy, above_),
                         Mul(slope_dy, Exp(argument)));
  }

  // x / width may have been flushed to zero.
  Interval BoundsOf(Interval x) const override {
    return BoundsOfSides(
        x,
        [this](Interval below) {
          const Interval power = Approximated(std::expm1(below.lower / width_),
                                              std::expm1(below.upper / width_),
                                              2 * kSmallestNormal, {-1, 0});
          return MulIntervals(Exactly(below_), power);
        },
        [this](Interval above) {
          return above_ == 1 ? above : MulIntervals(Exactly(above_), above);
        });
  }

  Expr ExprOf(const Expr& x) const override {
    return SelectGreater(
        x, Expr::Number(0), Expr::Number(above_) * x,
        Expr::Number(below_) * Expm1(x / Expr::Number(width_)));
  }

 private:
  float above_;
  float below_;
  float width_;
};

class EluOp : public ExponentialUnitOp {
 public:
  explicit EluOp(float alpha) : ExponentialUnitOp(1, alpha, 1), alpha_(alpha) {}

  absl::string_view kind() const override { return "elu"; }
  Attributes attributes() const override { return {{"alpha", alpha_}}; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckFiniteAttribute("alpha", alpha_));
    return UnaryOp::InferType(inputs);
  }

 private:
  float alpha_;
};

class SeluOp : public ExponentialUnitOp {
 public:
  SeluOp() : ExponentialUnitOp(kSeluScale, kSeluBelow, 1) {}
  absl::string_view kind() const override { return "selu"; }
};

class CeluOp : public ExponentialUnitOp {
 public:
  explicit CeluOp(float alpha)
      : ExponentialUnitOp(1, alpha, alpha), alpha_(alpha) {}

  absl::string_view kind() const override { return "celu"; }
  Attributes attributes() const override { return {{"alpha", alpha_}}; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckNormalAttribute("alpha", alpha_));
    if (alpha_ < 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("alpha is ", alpha_, ": expected a number above 0"));
    }
    return UnaryOp::InferType(inputs);
  }

 private:
  float alpha_;
};

absl::StatusOr<OpPtr> ReadCelu(AttributeReader& attributes) {
  return std::make_shared<CeluOp>(attributes.Float("alpha"));
}
absl::StatusOr<OpPtr> ReadElu(AttributeReader& attributes) {
  return std::make_shared<EluOp>(attributes.Float("alpha"));
}
absl::StatusOr<OpPtr> ReadSelu(AttributeReader& /*attributes*/) {
  return std::make_shared<SeluOp>();
}

constexpr OpTable::Entry kEntries[] = {
    {"celu", ReadCelu},
    {"elu", ReadElu},
    {"selu", ReadSelu},
};

}  // namespace

Value Elu(Value x, float alpha, absl::string_view name) {
  return Apply(std::make_shared<EluOp>(alpha), {x}, name);
}
Value Selu(Value x, absl::string_view name) {
  return Apply(std::make_shared<SeluOp>(), {x}, name);
}
Value Celu(Value x, float alpha, absl::string_view name) {
  return Apply(std::make_shared<CeluOp>(alpha), {x}, name);
}

absl::Span<const OpTable::Entry> ExponentialUnitEntries() { return kEntries; }

}  // namespace espalier
