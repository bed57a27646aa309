#include "ops/gates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/type_checks.h"
#include "ops/unary_op.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

Value ZeroBeside(Value x) {
  return x.valid() ? x.builder()->Constant(0.0f) : x;
}

Interval Hull(Interval a, Interval b) {
  return {std::min(a.lower, b.lower), std::max(a.upper, b.upper)};
}

class SelectGreaterOp : public Op {
 public:
  absl::string_view kind() const override { return "select_greater"; }
  int arity() const override { return 4; }  // a, b, greater, otherwise

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
      gradients[2] =
          SumTo(SelectGreater(a, b, dy, ZeroBeside(dy)), inputs[2].shape());
    }
    if (wanted[3]) {
      gradients[3] =
          SumTo(SelectGreater(a, b, ZeroBeside(dy), dy), inputs[3].shape());
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
  double ValueOf(double x) const override {
    return x < lower_ ? lower_ : x > upper_ ? upper_ : x;
  }
  Value GradientOf(Value x, Value /*y*/, Value dy) const override {
    if (!dy.valid()) return dy;
    GraphBuilder& g = *dy.builder();
    Value dx = dy;
    if (upper_ < kInfinity) {
      dx = SelectGreater(x, g.Constant(upper_), ZeroBeside(dy), dx);
    }
    if (lower_ > -kInfinity) {
      dx = SelectGreater(g.Constant(lower_), x, ZeroBeside(dy), dx);
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

absl::StatusOr<OpPtr> ReadClip(AttributeReader& attributes) {
  const float lower = attributes.Float("lower");
  const float upper = attributes.Float("upper");
  return std::make_shared<ClipOp>(lower, upper);
}

constexpr OpTable::Entry kEntries[] = {
    {"clip", ReadClip},
    {"select_greater", ReadSelectGreater},
};

}  // namespace

Value SelectGreater(Value a, Value b, Value greater, Value otherwise,
                    absl::string_view name) {
  return Apply(std::make_shared<SelectGreaterOp>(), {a, b, greater, otherwise},
               name);
}

Value Clip(Value x, float lower, float upper, absl::string_view name) {
  return Apply(std::make_shared<ClipOp>(lower, upper), {x}, name);
}
Value Relu6(Value x, absl::string_view name) { return Clip(x, 0, 6, name); }

absl::Span<const OpTable::Entry> GateEntries() { return kEntries; }

}  // namespace espalier
