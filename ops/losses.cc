#include "ops/losses.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/gather.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/softmax.h"
#include "ops/type_checks.h"

namespace espalier {
namespace {

// Up to here every whole number is a float32.
constexpr int64_t kMostClasses = int64_t{1} << 24;

// The sum of each row's elements. x is [N, C].
Value RowSums(Value x) { return Sum(x, {1}); }

// Whether both are there; tells the builder what does not fit, after the name
// of the loss.
bool Fit(absl::string_view loss, absl::string_view y_name, Value y,
         absl::string_view target_name, Value target,
         absl::Status status = absl::OkStatus()) {
  if (!y.valid() || !target.valid()) return false;
  if (status.ok()) status = CheckF32(y_name, y.type());
  if (status.ok()) status = CheckF32(target_name, target.type());
  if (status.ok()) {
    status = CheckSameShape(y_name, y.shape(), target_name, target.shape());
  }
  if (!status.ok()) y.builder()->Fail(Annotate(status, loss));
  return status.ok();
}

// Likewise, and [N, C] with at least one class.
absl::Status CheckRows(absl::string_view name, Value rows) {
  RETURN_IF_ERROR(CheckF32Rank(name, rows.type(), 2));
  if (rows.shape().dim(1) > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      name, " is ", rows.type().ToString(), ": expected at least one class"));
}

absl::Status CheckSmoothing(float smoothing) {
  if (smoothing >= 0 && smoothing < 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      "the smoothing is ", smoothing, ": expected at least 0 and less than 1"));
}

// Per row, for class indices.
Value CrossEntropyOfIndices(Value logits, Value labels, float smoothing) {
  const Value rows = SoftmaxCrossEntropy(logits, labels);
  if (smoothing == 0 || !rows.valid()) return rows;
  const auto classes = static_cast<float>(logits.shape().dim(1));
  return Add(Scale(rows, 1 - smoothing),
             RowSums(Scale(LogSoftmax(logits), -smoothing / classes)));
}

// Per row, for the shares of the classes.
Value CrossEntropyOfShares(Value logits, Value shares, float smoothing) {
  if (smoothing != 0) {
    const auto classes = static_cast<float>(logits.shape().dim(1));
    shares = Add(Scale(shares, 1 - smoothing),
                 shares.builder()->Constant(smoothing / classes));
  }
  return Neg(RowSums(Mul(shares, LogSoftmax(logits))));
}

// scale * the sum over all elements of f of each parameter.
Value Penalty(absl::Span<const Value> parameters, float scale,
              Value (*f)(Value, absl::string_view)) {
  ESPALIER_CHECK(!parameters.empty());
  Value total = Sum(f(parameters[0], ""));
  for (const Value& parameter : parameters.subspan(1)) {
    total = Add(total, Sum(f(parameter, "")));
  }
  return Scale(total, scale);
}

}  // namespace

Value MeanSquaredError(Value y, Value target) {
  if (!Fit("mean squared error", "y", y, "target", target)) return Value();
  return Mean(Square(Sub(y, target)));
}

Value MeanAbsoluteError(Value y, Value target) {
  if (!Fit("mean absolute error", "y", y, "target", target)) return Value();
  return Mean(Abs(Sub(y, target)));
}

Value MeanHuber(Value y, Value target, float delta) {
  absl::Status status;
  if (!(delta > 0 && std::isfinite(delta))) {
    status = absl::InvalidArgumentError(
        absl::StrCat("delta is ", delta, ": expected more than 0, and finite"));
  }
  if (!Fit("huber", "y", y, "target", target, status)) return Value();
  // With c the difference d brought into [-delta, delta], both cases are
  // c (d - c / 2), of which nothing overflows that the loss does not.
  const Value d = Sub(y, target);
  const Value c = Clip(d, -delta, delta);
  return Mean(Mul(c, Sub(d, Scale(c, 0.5f))));
}

Value MeanSoftmaxCrossEntropy(Value logits, Value target, float smoothing) {
  if (!logits.valid() || !target.valid()) return Value();
  constexpr absl::string_view kLoss = "softmax cross-entropy";
  absl::Status status = CheckSmoothing(smoothing);
  if (status.ok()) status = CheckRows("logits", logits);
  const bool indices = target.type().dtype == DataType::kI32;
  if (indices) {
    if (status.ok()) {
      return Mean(CrossEntropyOfIndices(logits, target, smoothing));
    }
    return logits.builder()->Fail(Annotate(status, kLoss));
  }
  if (!Fit(kLoss, "logits", logits, "target", target, status)) return Value();
  return Mean(CrossEntropyOfShares(logits, target, smoothing));
}

Value MeanBinaryCrossEntropy(Value logits, Value target) {
  if (!Fit("binary cross-entropy", "logits", logits, "target", target)) {
    return Value();
  }
  // z softplus(-x) + (1 - z) softplus(x): no term is negative, so none cancels,
  // and unlike max(x, 0) - x z + log1p(exp(-|x|)) it has all its derivatives
  // at 0, from where weights of 0 start.
  const Value one = logits.builder()->Constant(1.0f);
  return Mean(Add(Mul(target, Softplus(Neg(logits))),
                  Mul(Sub(one, target), Softplus(logits))));
}

Value MeanHinge(Value y, Value target) {
  if (!Fit("hinge", "y", y, "target", target)) return Value();
  return Mean(Relu(Sub(y.builder()->Constant(1.0f), Mul(target, y))));
}

Value MeanKullbackLeibler(Value log_q, Value p) {
  if (!log_q.valid() || !p.valid()) return Value();
  if (!Fit("kullback-leibler", "log q", log_q, "p", p,
           CheckRows("log q", log_q))) {
    return Value();
  }
  // The logarithm of 1 where p is 0; where it is negative or NaN, its own.
  GraphBuilder& g = *p.builder();
  const Value counted =
      SelectGreater(Abs(p), g.Constant(0.0f), p, g.Constant(1.0f));
  return Mean(RowSums(Mul(p, Sub(Log(counted), log_q))));
}

Value OneHot(Value indices, int64_t classes) {
  if (!indices.valid()) return Value();
  GraphBuilder& g = *indices.builder();
  const TensorType& type = indices.type();
  absl::Status status;
  if (type.dtype != DataType::kI32 || type.shape.rank() != 1) {
    status = absl::InvalidArgumentError(absl::StrCat(
        "indices is ", type.ToString(), ": expected i32 of rank 1"));
  } else if (classes < 1 || classes > kMostClasses) {
    status = absl::InvalidArgumentError(
        absl::StrCat(classes, " classes: expected 1 to 2^24"));
  }
  if (!status.ok()) return g.Fail(Annotate(status, "one-hot"));
  std::vector<float> numbers(static_cast<size_t>(classes));
  std::iota(numbers.begin(), numbers.end(), 0.0f);
  // Picked by index, not cast: so that an index that is no class is an error.
  const Value number = g.Constant(Tensor({classes}, numbers));
  const Value column =
      Reshape(Gather(number, indices), Shape({type.shape.dim(0), 1}));
  const Value one = g.Constant(1.0f);
  // Whole numbers differ by 0 or by at least 1.
  const Value distance = Abs(Sub(column, number));
  return Sub(one, Min(one, distance));
}

Value L1Penalty(absl::Span<const Value> parameters, float scale) {
  return Penalty(parameters, scale, Abs);
}

Value L2Penalty(absl::Span<const Value> parameters, float scale) {
  return Penalty(parameters, scale, Square);
}

}  // namespace espalier
