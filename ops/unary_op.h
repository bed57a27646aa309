// What elementwise ops of one input share. Private to this folder.
#ifndef ESPALIER_OPS_UNARY_OP_H_
#define ESPALIER_OPS_UNARY_OP_H_

#include <limits>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"
#include "ops/interval_math.h"
#include "runtime/lowering.h"

namespace espalier {

// An elementwise op of one input, f32, whose result has the input's shape.
class UnaryOp : public Op {
 public:
  int arity() const override { return 1; }
  // Exactly 0 gives exactly 0, in every execution.
  virtual bool maps_zero_to_zero() const = 0;

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override;
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override;
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override;
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value output, Value dy,
      const std::vector<bool>& wanted) const override;
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return total();
  }
  absl::Status Lower(Lowering& lowering) const override;

 protected:
  // Every number has a finite value.
  virtual bool total() const = 0;
  virtual double ValueOf(double x) const = 0;
  // A default Value: no gradient flows.
  virtual Value GradientOf(Value x, Value y, Value dy) const = 0;
  // REQUIRES: !MayBeNan(x).
  virtual Interval BoundsOf(Interval x) const = 0;
  virtual Expr ExprOf(const Expr& x) const = 0;
};

// An op without attributes, as a row of data.
struct UnaryRow {
  absl::string_view kind;
  bool maps_zero_to_zero;
  bool total;
  double (*f)(double x);
  Value (*gradient)(Value x, Value y, Value dy);
  Interval (*bounds)(Interval x);
  Expr (*expr)(const Expr& x);
};

class UnaryRowOp : public UnaryOp {
 public:
  // `row` lives as long as the program.
  explicit UnaryRowOp(const UnaryRow& row) : row_(row) {}

  bool Is(const UnaryRow& row) const { return &row_ == &row; }
  absl::string_view kind() const override { return row_.kind; }
  bool maps_zero_to_zero() const override { return row_.maps_zero_to_zero; }

 protected:
  bool total() const override { return row_.total; }
  double ValueOf(double x) const override { return row_.f(x); }
  Value GradientOf(Value x, Value y, Value dy) const override {
    return row_.gradient(x, y, dy);
  }
  Interval BoundsOf(Interval x) const override { return row_.bounds(x); }
  Expr ExprOf(const Expr& x) const override { return row_.expr(x); }

 private:
  const UnaryRow& row_;
};

template <const UnaryRow& row>
absl::StatusOr<OpPtr> ReadRow(AttributeReader& /*attributes*/) {
  return std::make_shared<UnaryRowOp>(row);
}

// The row's line in the table of kinds.
template <const UnaryRow& row>
constexpr OpTable::Entry RowEntry() {
  return {row.kind, ReadRow<row>};
}

Value ApplyRow(const UnaryRow& row, Value x, absl::string_view name);

// What bounds rely on: the float32 kernels of functions (math_error.h) are off
// by at most this much relative to a normal result, 8 units in the last place.
inline constexpr double kRelativeError = 0x1p-20;

// The float32 results of an increasing function that a kernel approximates,
// from the exact values at the ends; a kernel never leaves `range`.
Interval Approximated(double lower, double upper, double absolute,
                      Interval range);

// Of a function that is written in two pieces, from intervals without and with
// numbers above zero.
template <typename Below, typename Above>
Interval BoundsOfSides(Interval x, const Below& below, const Above& above) {
  if (x.upper <= 0) return below(x);
  if (x.lower > 0) return above(x);
  return Hull(below(Interval{x.lower, 0}), above(Interval{0, x.upper}));
}

// In place of an infinite x, whose product with a 0 would be NaN.
inline constexpr float kLargestFinite = std::numeric_limits<float>::max();
// The constant beside x: a default Value where x is empty.
Value NumberBeside(Value x, float number);
Value AddNumber(Value x, float number);
Value OneMinus(Value x);

double SigmoidOf(double x);
double NormalCdfOf(double x);
// The density of the standard normal distribution, whose integral is NormalCdf.
Value NormalDensity(Value x);

// "slope is nan: expected a finite number".
absl::Status CheckFiniteAttribute(absl::string_view what, float value);
// "beta is 0: expected a normal number": neither zero nor smaller than the
// smallest normal number, which runs take for zero.
absl::Status CheckNormalAttribute(absl::string_view what, float value);

}  // namespace espalier

#endif  // ESPALIER_OPS_UNARY_OP_H_
