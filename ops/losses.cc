#include "ops/losses.h"

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "ops/type_checks.h"

namespace espalier {
namespace {

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
  if (y.valid() && target.valid()) {
    const absl::Status same =
        CheckSameShape("y", y.shape(), "target", target.shape());
    if (!same.ok()) {
      return y.builder()->Fail(Annotate(same, "mean squared error"));
    }
  }
  return Mean(Square(Sub(y, target)));
}

Value MeanSoftmaxCrossEntropy(Value logits, Value labels) {
  return Mean(SoftmaxCrossEntropy(logits, labels));
}

Value L1Penalty(absl::Span<const Value> parameters, float scale) {
  return Penalty(parameters, scale, Abs);
}

Value L2Penalty(absl::Span<const Value> parameters, float scale) {
  return Penalty(parameters, scale, Square);
}

}  // namespace espalier
