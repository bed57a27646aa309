#include "ops/unary_op.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/type_checks.h"

namespace espalier {

absl::StatusOr<TensorType> UnaryOp::InferType(
    absl::Span<const TensorType> inputs) const {
  RETURN_IF_ERROR(CheckF32("x", inputs[0]));
  return inputs[0];
}

DoubleTensor UnaryOp::Evaluate(absl::Span<const DoubleTensor* const> inputs,
                               const Shape& output) const {
  DoubleTensor y(output);
  for (int64_t i = 0; i < y.num_elements(); ++i) {
    y[i] = ValueOf((*inputs[0])[i]);
  }
  return y;
}

IntervalTensor UnaryOp::Bounds(absl::Span<const IntervalTensor* const> inputs,
                               const Shape& output) const {
  IntervalTensor y = IntervalTensor::Everything(output);
  for (int64_t i = 0; i < output.num_elements(); ++i) {
    const Interval x = IntervalAt(*inputs[0], i);
    if (!MayBeNan(x)) SetInterval(y, i, BoundsOf(x));
  }
  return y;
}

absl::StatusOr<std::vector<Value>> UnaryOp::Gradient(
    absl::Span<const Value> inputs, Value output, Value dy,
    const std::vector<bool>& /*wanted*/) const {
  return std::vector<Value>{GradientOf(inputs[0], output, dy)};
}

absl::Status UnaryOp::Lower(Lowering& lowering) const {
  lowering.SetResult(lowering.Elementwise(ExprOf(Expr::Operand(0)),
                                          {lowering.input(0)},
                                          lowering.output_type().shape));
  return absl::OkStatus();
}

Value ApplyRow(const UnaryRow& row, Value x, absl::string_view name) {
  return Apply(std::make_shared<UnaryRowOp>(row), {x}, name);
}

Interval Approximated(double lower, double upper, double absolute,
                      Interval range) {
  const Interval widened =
      FloatRounded(lower - std::fabs(lower) * kRelativeError - absolute,
                   upper + std::fabs(upper) * kRelativeError + absolute);
  return {std::max(widened.lower, range.lower),
          std::min(widened.upper, range.upper)};
}

Value NumberBeside(Value x, float number) {
  return x.valid() ? x.builder()->Constant(number) : x;
}

Value AddNumber(Value x, float number) {
  return Add(x, NumberBeside(x, number));
}

Value OneMinus(Value x) { return Sub(NumberBeside(x, 1), x); }

double SigmoidOf(double x) { return 1 / (1 + std::exp(-x)); }

double NormalCdfOf(double x) { return 0.5 * std::erfc(x * -M_SQRT1_2); }

Value NormalDensity(Value x) {
  // This float is within 2e-10 of sqrt(2 pi), and its inverse 3e-8 from any.
  constexpr float kRootOf2Pi = 2.5066282746310002f;
  return Div(Exp(Scale(Square(x), -0.5f)), NumberBeside(x, kRootOf2Pi));
}

absl::Status CheckFiniteAttribute(absl::string_view what, float value) {
  if (std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", value, ": expected a finite number"));
}

absl::Status CheckNormalAttribute(absl::string_view what, float value) {
  if (std::isnormal(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", value, ": expected a normal number"));
}

}  // namespace espalier
