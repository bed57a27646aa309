// Everything is computed from x - max(x), so no exponential overflows. A row
// with a NaN or +infinity gives NaN throughout.
#include "ops/softmax.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/interval_math.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/type_checks.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

// What Bounds relies on for float32 kernels of the logarithms here, besides the
// rounding of the sum of exponentials.
constexpr double kRelativeError = 1e-5;
constexpr double kAbsoluteError = 1e-5;

// One row: max(x) and log(sum(exp(x - max))), the second at least 0.
struct RowSum {
  double max;
  double log_sum;
};

RowSum SumRow(const DoubleTensor& x, int64_t row, int64_t columns) {
  double max = x[row * columns];
  for (int64_t j = 1; j < columns; ++j) {
    max = std::max(max, x[row * columns + j]);
  }
  double sum = 0;
  for (int64_t j = 0; j < columns; ++j) {
    sum += std::exp(x[row * columns + j] - max);
  }
  return {max, std::log(sum)};
}

// Whether an element of the row may be infinite, so that a NaN may come out.
bool MayBeInfinite(const IntervalTensor& x, int64_t row, int64_t columns) {
  for (int64_t j = 0; j < columns; ++j) {
    const Interval e = IntervalAt(x, row * columns + j);
    if (!std::isfinite(e.lower) || !std::isfinite(e.upper)) return true;
  }
  return false;
}

// The least that log softmax can be at an element of at least `lower`, in a row
// with elements of at most `max`.
double LeastLogSoftmax(double lower, double max, int64_t columns) {
  const double exact = lower - max - std::log(static_cast<double>(columns));
  const double sum_error = SumError(columns + 8, 1);
  return FloatBelow(RoundDown(exact - std::fabs(exact) * kRelativeError -
                              kAbsoluteError - 2 * sum_error));
}

double RowMax(const IntervalTensor& x, int64_t row, int64_t columns) {
  return *std::max_element(x.upper.begin() + row * columns,
                           x.upper.begin() + (row + 1) * columns);
}

// y * (dy - sum(dy * y)), y the softmax.
Value SoftmaxGradient(Value y, Value dy) {
  return Mul(y, Sub(dy, Sum(Mul(dy, y), {-1}, /*keep_axes=*/true)));
}

Value CrossEntropyGrad(Value logits, Value labels, Value dy);

class SoftmaxOp : public Op {
 public:
  explicit SoftmaxOp(bool log) : log_(log) {}

  bool log() const { return log_; }

  absl::string_view kind() const override {
    return log_ ? "log_softmax" : "softmax";
  }
  int arity() const override { return 1; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckF32("x", inputs[0]));
    const Shape& x = inputs[0].shape;
    if (x.rank() == 0 || x.dim(x.rank() - 1) < 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("x has shape ", x.ToString(),
                       x.rank() == 1 && x.has_symbolic_batch()
                           ? ": the last axis must not be the batch N"
                           : ": expected a last axis of size at least 1"));
    }
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& x = *inputs[0];
    const int64_t columns = output.dim(output.rank() - 1);
    DoubleTensor y(output);
    for (int64_t row = 0; row < y.num_elements() / columns; ++row) {
      const RowSum sum = SumRow(x, row, columns);
      for (int64_t i = row * columns; i < (row + 1) * columns; ++i) {
        y[i] = x[i] - sum.max - sum.log_sum;
        if (!log_) y[i] = std::exp(y[i]);
      }
    }
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> /*inputs*/, Value output, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    if (log_) {
      return std::vector<Value>{
          Sub(dy, Mul(Exp(output), Sum(dy, {-1}, /*keep_axes=*/true)))};
    }
    return std::vector<Value>{SoftmaxGradient(output, dy)};
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const IntervalTensor& x = *inputs[0];
    const int64_t columns = output.dim(output.rank() - 1);
    IntervalTensor y = IntervalTensor::Everything(output);
    for (int64_t row = 0; row < output.num_elements() / columns; ++row) {
      if (MayBeInfinite(x, row, columns)) continue;
      const double max = RowMax(x, row, columns);
      for (int64_t i = row * columns; i < (row + 1) * columns; ++i) {
        SetInterval(y, i,
                    log_ ? Interval{LeastLogSoftmax(IntervalAt(x, i).lower, max,
                                                    columns),
                                    0}
                         : Interval{0, 1});
      }
    }
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Softmax(lowering.input(0), log_,
                                        lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  bool log_;
};

absl::Status CheckLogitsAndLabels(const TensorType& logits,
                                  const TensorType& labels) {
  RETURN_IF_ERROR(CheckF32Rank("logits", logits, 2));
  if (logits.shape.dim(1) < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "logits is ", logits.ToString(), ": expected at least one class"));
  }
  if (labels.dtype != DataType::kI32 || labels.shape.rank() != 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "labels is ", labels.ToString(), ": expected i32 of rank 1"));
  }
  if (labels.shape.dim(0) != logits.shape.dim(0)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "labels has ", DimName(labels.shape.dim(0)), " elements, logits has ",
        DimName(logits.shape.dim(0)), " rows"));
  }
  return absl::OkStatus();
}

// The interpreter has no errors: a label that is no class gives NaN.
bool IsClass(double label, int64_t classes) {
  return label >= 0 && label < static_cast<double>(classes);
}

class CrossEntropyOp : public Op {
 public:
  absl::string_view kind() const override { return "softmax_cross_entropy"; }
  int arity() const override { return 2; }  // logits, labels

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckLogitsAndLabels(inputs[0], inputs[1]));
    return TensorType{DataType::kF32, inputs[1].shape};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& logits = *inputs[0];
    const DoubleTensor& labels = *inputs[1];
    const int64_t classes = logits.shape().dim(1);
    DoubleTensor loss(output, std::numeric_limits<double>::quiet_NaN());
    for (int64_t row = 0; row < loss.num_elements(); ++row) {
      if (!IsClass(labels[row], classes)) continue;
      const RowSum sum = SumRow(logits, row, classes);
      const auto label = static_cast<int64_t>(labels[row]);
      // Neither difference is negative.
      loss[row] = (sum.max - logits[row * classes + label]) + sum.log_sum;
    }
    return loss;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    std::vector<Value> gradients(2);
    if (wanted[0]) gradients[0] = CrossEntropyGrad(inputs[0], inputs[1], dy);
    return gradients;
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const IntervalTensor& logits = *inputs[0];
    const int64_t classes = logits.shape.dim(1);
    IntervalTensor loss = IntervalTensor::Everything(output);
    for (int64_t row = 0; row < output.num_elements(); ++row) {
      if (MayBeInfinite(logits, row, classes)) continue;
      const double least =
          *std::min_element(logits.lower.begin() + row * classes,
                            logits.lower.begin() + (row + 1) * classes);
      const double max = RowMax(logits, row, classes);
      SetInterval(loss, row, {0, -LeastLogSoftmax(least, max, classes)});
    }
    return loss;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.CrossEntropy(
        lowering.input(0), lowering.input(1), lowering.output_type().shape));
    return absl::OkStatus();
  }
};

// (softmax(logits) - one_hot(label)) * dy[row]
class CrossEntropyGradOp : public Op {
 public:
  absl::string_view kind() const override {
    return "softmax_cross_entropy_grad";
  }
  int arity() const override { return 3; }  // logits, labels, dy

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(CheckLogitsAndLabels(inputs[0], inputs[1]));
    RETURN_IF_ERROR(CheckF32("dy", inputs[2]));
    RETURN_IF_ERROR(
        CheckSameShape("labels", inputs[1].shape, "dy", inputs[2].shape));
    return inputs[0];
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    const DoubleTensor& logits = *inputs[0];
    const DoubleTensor& labels = *inputs[1];
    const int64_t classes = output.dim(1);
    DoubleTensor dx(output, std::numeric_limits<double>::quiet_NaN());
    for (int64_t row = 0; row < output.dim(0); ++row) {
      if (!IsClass(labels[row], classes)) continue;
      const RowSum sum = SumRow(logits, row, classes);
      const double dy = (*inputs[2])[row];
      for (int64_t j = 0; j < classes; ++j) {
        const int64_t i = row * classes + j;
        const double p = std::exp(logits[i] - sum.max - sum.log_sum);
        dx[i] = (static_cast<double>(j) == labels[row] ? p - 1 : p) * dy;
      }
    }
    return dx;
  }

  // With v the gradient with respect to the result: to the logits goes
  // softmax's gradient of v * dy, to dy the sum over a row of v times the
  // result for dy = 1.
  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value v,
      const std::vector<bool>& wanted) const override {
    const Value logits = inputs[0];
    const Value labels = inputs[1];
    const Value dy = inputs[2];
    std::vector<Value> gradients(3);
    if (wanted[0]) {
      const Value column = Reshape(dy, Shape({dy.shape().dim(0), 1}));
      gradients[0] = SoftmaxGradient(Softmax(logits), Mul(v, column));
    }
    if (wanted[2]) {
      const Value ones = BroadcastTo(dy.builder()->Constant(1.0f), dy.shape());
      gradients[2] = Sum(Mul(v, CrossEntropyGrad(logits, labels, ones)), {1});
    }
    return gradients;
  }

  // Each factor softmax - one_hot is in [-1, 1].
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    const int64_t classes = output.dim(1);
    IntervalTensor dx = IntervalTensor::Everything(output);
    for (int64_t row = 0; row < output.dim(0); ++row) {
      if (MayBeInfinite(*inputs[0], row, classes)) continue;
      const Interval dy = IntervalAt(*inputs[2], row);
      const double largest = std::max(-dy.lower, dy.upper);
      if (!std::isfinite(largest)) continue;
      for (int64_t i = row * classes; i < (row + 1) * classes; ++i) {
        SetInterval(dx, i, {-largest, largest});
      }
    }
    return dx;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.CrossEntropyGradient(
        lowering.input(0), lowering.input(1), lowering.input(2),
        lowering.output_type().shape));
    return absl::OkStatus();
  }
};

Value CrossEntropyGrad(Value logits, Value labels, Value dy) {
  return Apply(std::make_shared<CrossEntropyGradOp>(), {logits, labels, dy});
}

template <bool log>
absl::StatusOr<OpPtr> ReadSoftmax(AttributeReader& /*attributes*/) {
  return std::make_shared<SoftmaxOp>(log);
}

template <typename T>
absl::StatusOr<OpPtr> Read(AttributeReader& /*attributes*/) {
  return std::make_shared<T>();
}

constexpr OpTable::Entry kEntries[] = {
    {"log_softmax", ReadSoftmax<true>},
    {"softmax", ReadSoftmax<false>},
    {"softmax_cross_entropy", Read<CrossEntropyOp>},
    {"softmax_cross_entropy_grad", Read<CrossEntropyGradOp>},
};

}  // namespace

Value Softmax(Value x, absl::string_view name) {
  return Apply(std::make_shared<SoftmaxOp>(false), {x}, name);
}

Value LogSoftmax(Value x, absl::string_view name) {
  return Apply(std::make_shared<SoftmaxOp>(true), {x}, name);
}

Value SoftmaxCrossEntropy(Value logits, Value labels, absl::string_view name) {
  return Apply(std::make_shared<CrossEntropyOp>(), {logits, labels}, name);
}

bool IsSoftmax(const Node& node) {
  const auto* op = dynamic_cast<const SoftmaxOp*>(node.op.get());
  return op != nullptr && !op->log();
}

bool IsLogSoftmax(const Node& node) {
  const auto* op = dynamic_cast<const SoftmaxOp*>(node.op.get());
  return op != nullptr && op->log();
}

absl::Span<const OpTable::Entry> SoftmaxEntries() { return kEntries; }

}  // namespace espalier
