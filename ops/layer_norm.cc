#include "ops/layer_norm.h"

#include <cmath>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

int64_t LastDim(const Shape& x) { return x.dim(x.rank() - 1); }

absl::Status CheckRows(const TensorType& x) {
  RETURN_IF_ERROR(CheckF32("x", x));
  if (x.shape.rank() > 0 && LastDim(x.shape) > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "x is ", x.ToString(), ": expected a last axis of a known size above 0"));
}

absl::Status CheckColumns(const TensorType& x, absl::string_view what,
                          const TensorType& type) {
  const TensorType expected = {DataType::kF32, Shape({LastDim(x.shape)})};
  if (type == expected) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " is ", type.ToString(), ", x is ", x.ToString(),
                   ": expected ", expected.ToString()));
}

// What one row is normalized with.
struct Row {
  Row(const DoubleTensor& x, int64_t first, int64_t columns, float epsilon) {
    for (int64_t j = 0; j < columns; ++j) mean += x[first + j];
    mean /= static_cast<double>(columns);
    double variance = 0;
    for (int64_t j = 0; j < columns; ++j) {
      variance += (x[first + j] - mean) * (x[first + j] - mean);
    }
    variance /= static_cast<double>(columns);
    inverse = 1 / std::sqrt(variance + static_cast<double>(epsilon));
  }
  double mean = 0;
  double inverse;  // of the root
};

// J g with J = (I - 1 1'/C - h h'/C) / root, where h is the normalized row: J
// is the derivative of h by x, and symmetric. The gradient of LayerNorm.
Value LayerNormGrad(Value x, Value g, float epsilon);

class LayerNormOp : public Op {
 public:
  explicit LayerNormOp(float epsilon) : epsilon_(epsilon) {}

  absl::string_view kind() const override { return "layer_norm"; }
  int arity() const override { return 3; }  // x, scale, shift
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }
  Attributes attributes() const override { return {{"epsilon", epsilon_}}; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckEpsilon(epsilon_));
    RETURN_IF_ERROR(CheckRows(inputs[0]));
    RETURN_IF_ERROR(CheckColumns(inputs[0], "scale", inputs[1]));
    RETURN_IF_ERROR(CheckColumns(inputs[0], "shift", inputs[2]));
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const int64_t columns = LastDim(output);
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); i += columns) {
      const Row row(x, i, columns, epsilon_);
      for (int64_t j = 0; j < columns; ++j) {
        y[i + j] = (x[i + j] - row.mean) * row.inverse * (*inputs[1])[j] +
                   (*inputs[2])[j];
      }
    }
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    const Value x = inputs[0];
    const Shape row = inputs[1].shape();
    std::vector<Value> gradients(3);
    if (wanted[0]) {
      gradients[0] = LayerNormGrad(x, Mul(dy, inputs[1]), epsilon_);
    }
    if (wanted[1]) {
      GraphBuilder& g = *x.builder();
      const Value normalized =
          LayerNorm(x, BroadcastTo(g.Constant(1.0f), row),
                    BroadcastTo(g.Constant(0.0f), row), epsilon_);
      gradients[1] = SumTo(Mul(dy, normalized), row);
    }
    if (wanted[2]) gradients[2] = SumTo(dy, row);
    return gradients;
  }

  // With d the deviations of a row from its mean, as rounded, the variance is
  // at least d[j]^2 / C but for the rounding of a sum of C squares: so d[j] /
  // root is at most sqrt(C) but for that.
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const int64_t columns = LastDim(output);
    const auto count = static_cast<double>(columns);
    const double limit = std::sqrt(count) * (1 + (count + 16) * 0x1p-22);
    const Interval normalized = FloatRounded(-limit, limit);
    IntervalTensor y = IntervalTensor::Everything(output);
    for (int64_t i = 0; i < output.num_elements(); i += columns) {
      bool finite = true;
      for (int64_t j = 0; j < columns; ++j) {
        const Interval x = IntervalAt(*inputs[0], i + j);
        finite = finite && std::isfinite(x.lower) && std::isfinite(x.upper);
      }
      for (int64_t j = 0; finite && j < columns; ++j) {
        SetInterval(
            y, i + j,
            AddIntervals(MulIntervals(normalized, IntervalAt(*inputs[1], j)),
                         IntervalAt(*inputs[2], j)));
      }
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.LayerNorm(lowering.input(0), lowering.input(1),
                                          lowering.input(2), epsilon_,
                                          lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  float epsilon_;
};

class LayerNormGradOp : public Op {
 public:
  explicit LayerNormGradOp(float epsilon) : epsilon_(epsilon) {}

  absl::string_view kind() const override { return "layer_norm_grad"; }
  int arity() const override { return 2; }  // x, g
  Attributes attributes() const override { return {{"epsilon", epsilon_}}; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckEpsilon(epsilon_));
    RETURN_IF_ERROR(CheckRows(inputs[0]));
    RETURN_IF_ERROR(CheckF32("g", inputs[1]));
    RETURN_IF_ERROR(CheckSameShape("x", inputs[0].shape, "g", inputs[1].shape));
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const DoubleTensor& g = *inputs[1];
    const int64_t columns = LastDim(output);
    DoubleTensor y(output);
    for (int64_t i = 0; i < y.num_elements(); i += columns) {
      const Row row(x, i, columns, epsilon_);
      const auto h = [&](int64_t j) {
        return (x[i + j] - row.mean) * row.inverse;
      };
      double mean = 0, along = 0;  // of g, and of g h
      for (int64_t j = 0; j < columns; ++j) {
        mean += g[i + j] / static_cast<double>(columns);
        along += g[i + j] * h(j) / static_cast<double>(columns);
      }
      for (int64_t j = 0; j < columns; ++j) {
        y[i + j] = row.inverse * (g[i + j] - mean - h(j) * along);
      }
    }
    return y;
  }

  // With s = 1 / root, the cotangent v and means over the row, v' J g / C is
  //   s (mean(v (g - mean(g))) - a b), a = mean(v h), b = mean(g h).
  // By g, v' J g is J v. By x, since dh = J dx and ds = -(s^2 / C) h' dx, it is
  //   -s (s (mean(v (g - mean(g))) - a b) h + b J v + a J g).
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value output, Value v,
      const std::vector<bool>& wanted) const override {
    const Value x = inputs[0];
    const Value g = inputs[1];
    const Value jv = LayerNormGrad(x, v, epsilon_);
    std::vector<Value> gradients = {Value(), jv};
    if (!wanted[0]) return gradients;
    const auto row_mean = [](Value y) { return Mean(y, {-1}, true); };
    GraphBuilder& builder = *x.builder();
    const Value deviation = Sub(x, row_mean(x));
    const Value root =
        Sqrt(Add(row_mean(Square(deviation)), builder.Constant(epsilon_)));
    const Value s = Div(builder.Constant(1.0f), root);
    const Value h = Mul(deviation, s);
    const Value a = row_mean(Mul(v, h));
    const Value b = row_mean(Mul(g, h));
    const Value of_s = Sub(row_mean(Mul(v, Sub(g, row_mean(g)))), Mul(a, b));
    const Value sum =
        Add(Mul(Mul(s, of_s), h), Add(Mul(b, jv), Mul(a, output)));
    gradients[0] = Neg(Mul(s, sum));
    return gradients;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(
        lowering.LayerNormGradient(lowering.input(0), lowering.input(1),
                                   epsilon_, lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  float epsilon_;
};

Value LayerNormGrad(Value x, Value g, float epsilon) {
  return Apply(std::make_shared<LayerNormGradOp>(epsilon), {x, g});
}

template <typename T>
absl::StatusOr<OpPtr> Read(AttributeReader& attributes) {
  return std::make_shared<T>(attributes.Float("epsilon"));
}

constexpr OpTable::Entry kEntries[] = {
    {"layer_norm", Read<LayerNormOp>},
    {"layer_norm_grad", Read<LayerNormGradOp>}};

}  // namespace

Value LayerNorm(Value x, Value scale, Value shift, float epsilon,
                absl::string_view name) {
  return Apply(std::make_shared<LayerNormOp>(epsilon), {x, scale, shift}, name);
}

absl::Span<const OpTable::Entry> LayerNormEntries() { return kEntries; }

}  // namespace espalier
