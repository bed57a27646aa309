#include "ops/gradient_clipping.h"

#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "ops/type_checks.h"

namespace espalier {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kSmaller = 0x1p-80f;
constexpr float kLeastNormLimit = 1e-12f;
constexpr float kMostNormLimit = 1e12f;

// As many empty values, with the error told to the builder if there is one.
std::vector<Value> Refused(absl::Span<const Value> gradients,
                           absl::string_view what, const absl::Status& error) {
  std::vector<Value> results(gradients.size());
  for (size_t i = 0; i < gradients.size(); ++i) {
    if (gradients[i].builder() == nullptr) continue;
    results[i] = gradients[i].builder()->Fail(Annotate(error, what));
  }
  return results;
}

absl::Status LimitError(float limit, absl::string_view expected) {
  return absl::InvalidArgumentError(
      absl::StrCat("the limit is ", limit, ": expected ", expected));
}

absl::Status CheckGradients(absl::Span<const Value> gradients) {
  for (const Value& gradient : gradients) {
    if (!gradient.valid()) continue;
    const absl::Status status =
        CheckF32(gradient.node().ToString(), gradient.type());
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// The sum over all elements of (factor g)^2.
Value SumOfSquares(absl::Span<const Value> gradients, float factor) {
  Value total;
  for (size_t i = 0; i < gradients.size(); ++i) {
    const Value scaled =
        factor == 1 ? gradients[i] : Scale(gradients[i], factor);
    const Value sum = Sum(Square(scaled));
    total = i == 0 ? sum : Add(total, sum);
  }
  return total;
}

// What a sum of squares that overflows is told by: all empty, or none.
struct Norm {
  Value sum;    // of squares, maybe infinite
  Value scale;  // kSmaller if it is, else 1
  Value root;   // of the sum of squares of the gradients times scale
};

Norm NormOf(absl::Span<const Value> gradients) {
  const Value sum = SumOfSquares(gradients, 1);
  const Value scaled = SumOfSquares(gradients, kSmaller);
  if (!sum.valid() || !scaled.valid()) return {};
  GraphBuilder& g = *sum.builder();
  const Value largest = g.Constant(kLargest);
  return {sum,
          SelectGreater(sum, largest, g.Constant(kSmaller), g.Constant(1.0f)),
          SelectGreater(sum, largest, Sqrt(scaled), Sqrt(sum))};
}

}  // namespace

std::vector<Value> ClipByValue(absl::Span<const Value> gradients, float limit) {
  absl::Status status = CheckGradients(gradients);
  if (status.ok() && !(limit > 0 && std::isfinite(limit))) {
    status = LimitError(limit, "more than 0, and finite");
  }
  if (!status.ok()) return Refused(gradients, "clip by value", status);
  std::vector<Value> results;
  for (const Value& gradient : gradients) {
    results.push_back(Clip(gradient, -limit, limit));
  }
  return results;
}

Value GlobalNorm(absl::Span<const Value> gradients) {
  ESPALIER_CHECK(!gradients.empty());
  const absl::Status status = CheckGradients(gradients);
  if (!status.ok()) return Refused(gradients, "global norm", status)[0];
  const Norm norm = NormOf(gradients);
  return Div(norm.root, norm.scale);
}

std::vector<Value> ClipByGlobalNorm(absl::Span<const Value> gradients,
                                    float limit) {
  absl::Status status = CheckGradients(gradients);
  if (status.ok() && !(limit >= kLeastNormLimit && limit <= kMostNormLimit)) {
    status = LimitError(limit, "1e-12 to 1e12");
  }
  if (!status.ok()) return Refused(gradients, "clip by global norm", status);
  if (gradients.empty()) return {};
  std::vector<Value> results(gradients.size());
  const Norm norm = NormOf(gradients);
  if (!norm.sum.valid()) return results;
  GraphBuilder& g = *norm.sum.builder();
  // Over a root of 0 it is infinite.
  const Value ratio = Div(g.Constant(limit), norm.root);
  const Value factor = SelectGreater(norm.sum, g.Constant(kLargest), ratio,
                                     Min(g.Constant(1.0f), ratio));
  // One factor for both would be too small for float32.
  for (size_t i = 0; i < gradients.size(); ++i) {
    results[i] = Mul(factor, Mul(norm.scale, gradients[i]));
  }
  return results;
}

namespace optimizers {
namespace {

Optimizer Clipped(Optimizer optimizer, float limit,
                  std::vector<Value> (*clip)(absl::Span<const Value> gradients,
                                             float limit)) {
  optimizer.apply = [apply = std::move(optimizer.apply), limit, clip](
                        absl::Span<const Value> parameters,
                        absl::Span<const Value> gradients, Value rate) {
    return apply(parameters, clip(gradients, limit), rate);
  };
  return optimizer;
}

}  // namespace

Optimizer ClipByValue(Optimizer optimizer, float limit) {
  return Clipped(std::move(optimizer), limit, espalier::ClipByValue);
}

Optimizer ClipByGlobalNorm(Optimizer optimizer, float limit) {
  return Clipped(std::move(optimizer), limit, espalier::ClipByGlobalNorm);
}

}  // namespace optimizers
}  // namespace espalier
