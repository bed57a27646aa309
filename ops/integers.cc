#include "ops/integers.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary_op.h"
#include "ops/interval_math.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

constexpr double kLeast = std::numeric_limits<int32_t>::min();
constexpr double kMost = std::numeric_limits<int32_t>::max();
constexpr Interval kEveryInteger = {kLeast, kMost};

double ToInteger(double x) {
  if (std::isnan(x)) return 0;
  return x <= kLeast ? kLeast : x >= kMost ? kMost : std::trunc(x);
}

// Neither integers have gradients, nor what is rounded to them.
template <typename Base>
class WithoutGradient : public Base {
 public:
  using Base::Base;

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value /*dy*/,
      const std::vector<bool>& /*wanted*/) const override {
    return std::vector<Value>(inputs.size());
  }
};

class CastOp : public WithoutGradient<Op> {
 public:
  explicit CastOp(DataType to) : to_(to) {}

  absl::string_view kind() const override { return "cast"; }
  int arity() const override { return 1; }
  Attributes attributes() const override {
    return {{"to", std::string(DataTypeName(to_))}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    if (inputs[0].dtype == to_) {
      return absl::InvalidArgumentError(
          absl::StrCat("x is ", inputs[0].ToString(), ": expected ",
                       to_ == DataType::kF32 ? "i32" : "f32", ", to cast to ",
                       DataTypeName(to_)));
    }
    return TensorType{to_, inputs[0].shape};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      const double x = (*inputs[0])[i];
      y[i] = to_ == DataType::kF32 ? x : ToInteger(x);
    }
    return y;
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    IntervalTensor y = IntervalTensor::Everything(output);
    for (int64_t i = 0; i < output.num_elements(); ++i) {
      const Interval x = IntervalAt(*inputs[0], i);
      if (to_ == DataType::kF32) {
        SetInterval(y, i, FloatRounded(x.lower, x.upper));
      } else {
        SetInterval(y, i,
                    MayBeNan(x)
                        ? kEveryInteger
                        : Interval{ToInteger(x.lower), ToInteger(x.upper)});
      }
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    const Expr x = Expr::Operand(0);
    lowering.SetResult(lowering.Elementwise(
        to_ == DataType::kF32 ? IntToFloat(x) : FloatToInt(x),
        {lowering.input(0)}, lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  DataType to_;
};

class AddI32Op : public WithoutGradient<BinaryOp> {
 public:
  AddI32Op() : WithoutGradient(DataType::kI32) {}

  absl::string_view kind() const override { return "add_i32"; }

 protected:
  double ValueOf(double a, double b) const override {
    const double sum = a + b;
    return sum > kMost ? sum - 0x1p32 : sum < kLeast ? sum + 0x1p32 : sum;
  }
  Interval BoundsOf(Interval a, Interval b) const override {
    const Interval sum = {a.lower + b.lower, a.upper + b.upper};
    const bool wraps = sum.lower < kLeast || sum.upper > kMost;
    return wraps ? kEveryInteger : sum;
  }
  Expr ExprOf(const Expr& a, const Expr& b) const override {
    return AddInts(a, b);
  }
};

absl::StatusOr<OpPtr> ReadCast(AttributeReader& attributes) {
  ASSIGN_OR_RETURN(const DataType to, ParseDataType(attributes.String("to")));
  return std::make_shared<CastOp>(to);
}

absl::StatusOr<OpPtr> ReadAddI32(AttributeReader& /*attributes*/) {
  return std::make_shared<AddI32Op>();
}

constexpr OpTable::Entry kEntries[] = {{"add_i32", ReadAddI32},
                                       {"cast", ReadCast}};

}  // namespace

Value Cast(Value x, DataType dtype, absl::string_view name) {
  if (x.valid() && x.type().dtype == dtype) return x;
  return Apply(std::make_shared<CastOp>(dtype), {x}, name);
}

Value AddI32(Value a, Value b, absl::string_view name) {
  return Apply(std::make_shared<AddI32Op>(), {a, b}, name);
}

bool IsAddI32(const Node& node) {
  return dynamic_cast<const AddI32Op*>(node.op.get()) != nullptr;
}

absl::Span<const OpTable::Entry> IntegerEntries() { return kEntries; }

}  // namespace espalier
