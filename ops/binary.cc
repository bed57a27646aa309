#include "ops/binary.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "ops/binary_op.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/integers.h"
#include "ops/reduce.h"

namespace espalier {
namespace {

struct Row {
  absl::string_view kind;
  double (*f)(double a, double b);
  // Of the broadcast operands; the op sums them back to the operands' shapes.
  Value (*gradient_a)(Value a, Value b, Value y, Value dy);
  Value (*gradient_b)(Value a, Value b, Value y, Value dy);
  Interval (*bounds)(Interval a, Interval b);
  Expr (*expr)(const Expr& a, const Expr& b);
};

// `dy` where a > b, half of it where they are equal, else 0.
Value GradientOfGreater(Value a, Value b, Value dy) {
  if (!dy.valid()) return dy;
  const Value zero = dy.builder()->Constant(0.0f);
  return SelectGreater(a, b, dy, SelectGreater(b, a, zero, Scale(dy, 0.5f)));
}

Interval MaxIntervals(Interval a, Interval b) {
  if (MayBeNan(a) || MayBeNan(b)) return kEverything;
  return {std::max(a.lower, b.lower), std::max(a.upper, b.upper)};
}

// In the order of BinaryKind.
constexpr Row kRows[] = {
    {"add", [](double a, double b) { return a + b; },
     [](Value, Value, Value, Value dy) { return dy; },
     [](Value, Value, Value, Value dy) { return dy; }, AddIntervals,
     [](const Expr& a, const Expr& b) { return a + b; }},
    {"sub", [](double a, double b) { return a - b; },
     [](Value, Value, Value, Value dy) { return dy; },
     [](Value, Value, Value, Value dy) { return Neg(dy); },
     [](Interval a, Interval b) { return AddIntervals(a, NegInterval(b)); },
     [](const Expr& a, const Expr& b) { return a - b; }},
    {"mul", [](double a, double b) { return a * b; },
     [](Value, Value b, Value, Value dy) { return Mul(dy, b); },
     [](Value a, Value, Value, Value dy) { return Mul(dy, a); }, MulIntervals,
     [](const Expr& a, const Expr& b) { return a * b; }},
    {"div", [](double a, double b) { return a / b; },
     [](Value, Value b, Value, Value dy) { return Div(dy, b); },
     [](Value, Value b, Value y, Value dy) { return Neg(Div(Mul(dy, y), b)); },
     DivIntervals, [](const Expr& a, const Expr& b) { return a / b; }},
    {"max", [](double a, double b) { return a > b || std::isnan(a) ? a : b; },
     [](Value a, Value b, Value, Value dy) {
       return GradientOfGreater(a, b, dy);
     },
     [](Value a, Value b, Value, Value dy) {
       return GradientOfGreater(b, a, dy);
     },
     MaxIntervals, [](const Expr& a, const Expr& b) { return Max(a, b); }},
    {"min", [](double a, double b) { return a < b || std::isnan(a) ? a : b; },
     [](Value a, Value b, Value, Value dy) {
       return GradientOfGreater(b, a, dy);
     },
     [](Value a, Value b, Value, Value dy) {
       return GradientOfGreater(a, b, dy);
     },
     [](Interval a, Interval b) {
       return NegInterval(MaxIntervals(NegInterval(a), NegInterval(b)));
     },
     [](const Expr& a, const Expr& b) { return Min(a, b); }},
};

class BinaryRowOp : public BinaryOp {
 public:
  explicit BinaryRowOp(BinaryKind binary)
      : BinaryOp(DataType::kF32),
        binary_(binary),
        row_(kRows[static_cast<int>(binary)]) {}

  BinaryKind binary() const { return binary_; }
  absl::string_view kind() const override { return row_.kind; }
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return binary_ != BinaryKind::kDiv;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value output, Value dy,
      const std::vector<bool>& wanted) const override {
    const Value a = inputs[0];
    const Value b = inputs[1];
    std::vector<Value> gradients(2);
    if (wanted[0]) {
      gradients[0] = SumTo(row_.gradient_a(a, b, output, dy), a.shape());
    }
    if (wanted[1]) {
      gradients[1] = SumTo(row_.gradient_b(a, b, output, dy), b.shape());
    }
    return gradients;
  }

 protected:
  double ValueOf(double a, double b) const override { return row_.f(a, b); }
  Interval BoundsOf(Interval a, Interval b) const override {
    return row_.bounds(a, b);
  }
  Expr ExprOf(const Expr& a, const Expr& b) const override {
    return row_.expr(a, b);
  }

 private:
  BinaryKind binary_;
  const Row& row_;
};

template <BinaryKind binary>
absl::StatusOr<OpPtr> Read(AttributeReader& /*attributes*/) {
  return std::make_shared<BinaryRowOp>(binary);
}

constexpr OpTable::Entry kEntries[] = {
    {"add", Read<BinaryKind::kAdd>}, {"div", Read<BinaryKind::kDiv>},
    {"max", Read<BinaryKind::kMax>}, {"min", Read<BinaryKind::kMin>},
    {"mul", Read<BinaryKind::kMul>}, {"sub", Read<BinaryKind::kSub>},
};

Value ApplyBinary(BinaryKind binary, Value a, Value b, absl::string_view name) {
  return Apply(std::make_shared<BinaryRowOp>(binary), {a, b}, name);
}

}  // namespace

Value Add(Value a, Value b, absl::string_view name) {
  if (a.type().dtype == DataType::kI32 && b.type().dtype == DataType::kI32) {
    return AddI32(a, b, name);
  }
  return ApplyBinary(BinaryKind::kAdd, a, b, name);
}
Value Sub(Value a, Value b, absl::string_view name) {
  return ApplyBinary(BinaryKind::kSub, a, b, name);
}
Value Mul(Value a, Value b, absl::string_view name) {
  return ApplyBinary(BinaryKind::kMul, a, b, name);
}
Value Div(Value a, Value b, absl::string_view name) {
  return ApplyBinary(BinaryKind::kDiv, a, b, name);
}
Value Max(Value a, Value b, absl::string_view name) {
  return ApplyBinary(BinaryKind::kMax, a, b, name);
}
Value Min(Value a, Value b, absl::string_view name) {
  return ApplyBinary(BinaryKind::kMin, a, b, name);
}

absl::optional<BinaryKind> AsBinary(const Node& node) {
  const auto* op = dynamic_cast<const BinaryRowOp*>(node.op.get());
  if (op == nullptr) return absl::nullopt;
  return op->binary();
}

absl::Span<const OpTable::Entry> BinaryEntries() { return kEntries; }

}  // namespace espalier
