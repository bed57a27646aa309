#include "ops/binary.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "graph/status_macros.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/integers.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

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

class BinaryOp : public Op {
 public:
  explicit BinaryOp(BinaryKind binary)
      : binary_(binary), row_(kRows[static_cast<int>(binary)]) {}

  BinaryKind binary() const { return binary_; }
  absl::string_view kind() const override { return row_.kind; }
  int arity() const override { return 2; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32("a", inputs[0]));
    RETURN_IF_ERROR(CheckF32("b", inputs[1]));
    ASSIGN_OR_RETURN(const Shape shape,
                     BroadcastShapes(inputs[0].shape, inputs[1].shape));
    return TensorType{DataType::kF32, shape};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& a = *inputs[0];
    const DoubleTensor& b = *inputs[1];
    const std::vector<int64_t> ia = BroadcastIndices(a.shape(), output);
    const std::vector<int64_t> ib = BroadcastIndices(b.shape(), output);
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      const auto at = static_cast<size_t>(i);
      y[i] = row_.f(a[ia[at]], b[ib[at]]);
    }
    return y;
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

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const std::vector<int64_t> ia = BroadcastIndices(inputs[0]->shape, output);
    const std::vector<int64_t> ib = BroadcastIndices(inputs[1]->shape, output);
    IntervalTensor y = IntervalTensor::Everything(output);
    for (size_t i = 0; i < ia.size(); ++i) {
      SetInterval(y, static_cast<int64_t>(i),
                  row_.bounds(IntervalAt(*inputs[0], ia[i]),
                              IntervalAt(*inputs[1], ib[i])));
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Elementwise(
        row_.expr(Expr::Operand(0), Expr::Operand(1)),
        {lowering.input(0), lowering.input(1)}, lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  BinaryKind binary_;
  const Row& row_;
};

template <BinaryKind binary>
absl::StatusOr<OpPtr> Read(AttributeReader& /*attributes*/) {
  return std::make_shared<BinaryOp>(binary);
}

constexpr OpTable::Entry kEntries[] = {
    {"add", Read<BinaryKind::kAdd>}, {"div", Read<BinaryKind::kDiv>},
    {"max", Read<BinaryKind::kMax>}, {"min", Read<BinaryKind::kMin>},
    {"mul", Read<BinaryKind::kMul>}, {"sub", Read<BinaryKind::kSub>},
};

Value ApplyBinary(BinaryKind binary, Value a, Value b, absl::string_view name) {
  return Apply(std::make_shared<BinaryOp>(binary), {a, b}, name);
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
  const auto* op = dynamic_cast<const BinaryOp*>(node.op.get());
  if (op == nullptr) return absl::nullopt;
  return op->binary();
}

absl::Span<const OpTable::Entry> BinaryEntries() { return kEntries; }

}  // namespace espalier
