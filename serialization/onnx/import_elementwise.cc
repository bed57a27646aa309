// Arithmetic.
#include <cmath>
#include <limits>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

using Function = Value (*)(Value a, Value b, absl::string_view name);

// Before opset 7 the second operand was stretched only if 'broadcast' said so,
// and then stood at 'axis' of the first if there was one.
absl::StatusOr<Value> OldOperand(OnnxNodeReader& node, const Value& a,
                                 const Value& b) {
  constexpr int64_t kAbsent = std::numeric_limits<int64_t>::min();
  const bool stretch = node.Int("broadcast", 0) != 0;
  const int64_t axis = node.Int("axis", kAbsent);
  RETURN_IF_ERROR(node.FinishAttributes());
  const Shape to = a.shape();
  const Shape from = b.shape();
  if (!stretch) {
    if (to == from) return b;
    return absl::InvalidArgumentError(
        absl::StrCat("shapes ", to.ToString(), " and ", from.ToString(),
                     ": expected equal ones without 'broadcast'"));
  }
  if (axis == kAbsent || from.rank() == 0) return b;
  ASSIGN_OR_RETURN(const int64_t at, AxisOf(node, a, axis));
  const int64_t behind = to.rank() - at - from.rank();
  if (behind < 0 || from.has_symbolic_batch()) {
    return absl::UnimplementedError(absl::StrCat(
        "shape ", from.ToString(), " at axis ", axis, " of ", to.ToString()));
  }
  std::vector<int64_t> dims = DimsOf(from);
  dims.resize(dims.size() + static_cast<size_t>(behind), 1);
  return espalier::Reshape(b, Shape(dims));
}

// The one value all together, left to right; one that is alone is itself.
absl::StatusOr<Value> Together(OnnxNodeReader& node, Function f,
                               bool names_last) {
  RETURN_IF_ERROR(node.FinishAttributes());
  const int count = node.num_inputs();
  ASSIGN_OR_RETURN(Value all, node.value(0));
  for (int i = 1; i < count; ++i) {
    if (!node.has_input(i)) {
      return absl::InvalidArgumentError(absl::StrCat("has no input ", i));
    }
    ASSIGN_OR_RETURN(const Value next, node.value(i));
    RETURN_IF_ERROR(CheckRanks(node, all, next));
    all = f(all, next, names_last && i + 1 == count ? node.Name() : "");
    RETURN_IF_ERROR(node.graph().builder().status());
  }
  return all;
}

absl::Status OverAll(OnnxNodeReader& node, Function f) {
  RETURN_IF_ERROR(node.CheckArity(1, node.num_inputs()));
  ASSIGN_OR_RETURN(const Value all, Together(node, f, true));
  if (node.num_inputs() > 1) return node.SetResult(all);
  return node.graph().SetAlias(node.output(), node.input(0));
}

// The constant number that is input `i`, of any type; nothing if it is
// computed or has more elements.
absl::StatusOr<absl::optional<double>> ConstantNumber(OnnxNodeReader& node,
                                                      int i) {
  ASSIGN_OR_RETURN(const OnnxArray* const constant, node.array(i));
  if (constant == nullptr || constant->num_elements() != 1 ||
      constant->of_sizes()) {
    return absl::nullopt;
  }
  return constant->is_floating() ? constant->FloatAt(0)
                                 : static_cast<double>(constant->IntAt(0));
}

// x^n by squaring. REQUIRES: n >= 1.
Value IntegerPower(Value x, int n, absl::string_view name) {
  if (n == 1) return x;
  if (n == 2) return Square(x, name);
  if (n % 2 == 0) return Square(IntegerPower(x, n / 2, ""), name);
  return espalier::Mul(IntegerPower(x, n - 1, ""), x, name);
}

constexpr double kMostMultiplied = 64;

// x^exponent. Of an exponent that is no integer it is NaN where x is negative.
absl::Status SetPower(OnnxNodeReader& node, const Value& x, double exponent) {
  GraphBuilder& builder = node.graph().builder();
  const std::string name = node.Name();
  const auto factor = static_cast<float>(exponent);
  if (!std::isfinite(factor)) {
    return absl::UnimplementedError(
        absl::StrCat("the exponent is ", exponent, ": expected a finite one"));
  }
  if (exponent == 0) {
    return node.SetResult(BroadcastTo(builder.Constant(1), x.shape(), name));
  }
  // The root of -0 is -0, its power 0.
  if (exponent == 0.5) {
    return node.SetResult(espalier::Add(Sqrt(x), builder.Constant(0), name));
  }
  if (exponent == std::trunc(exponent)) {
    if (std::fabs(exponent) > kMostMultiplied) {
      return absl::UnimplementedError(
          absl::StrCat("the exponent is ", exponent, ": expected at most ",
                       kMostMultiplied, " of an integer"));
    }
    const int n = std::abs(static_cast<int>(exponent));
    if (exponent > 0) return node.SetResult(IntegerPower(x, n, name));
    return node.SetResult(
        espalier::Div(builder.Constant(1), IntegerPower(x, n, ""), name));
  }
  return node.SetResult(Exp(Scale(Log(x), factor), name));
}

}  // namespace

absl::Status ComputedIntegersError(OnnxNodeReader& node, int i) {
  return absl::UnimplementedError(
      absl::StrCat("input ", i, " is ", OnnxTypeName(node.type(i)),
                   ": expected FLOAT of what is not constant"));
}

absl::Status Binary(OnnxNodeReader& node, Function f) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  if (node.opset() >= 7) RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value a, node.value(0));
  ASSIGN_OR_RETURN(Value b, node.value(1));
  if (node.opset() < 7) {
    ASSIGN_OR_RETURN(b, OldOperand(node, a, b));
  }
  RETURN_IF_ERROR(CheckRanks(node, a, b));
  return node.SetResult(f(a, b, node.Name()));
}

absl::Status Div(OnnxNodeReader& node) { return Binary(node, espalier::Div); }
absl::Status Max(OnnxNodeReader& node) { return OverAll(node, espalier::Max); }

absl::Status Mean(OnnxNodeReader& node) {
  const int count = node.num_inputs();
  if (count < 2) return OverAll(node, espalier::Add);
  RETURN_IF_ERROR(node.CheckArity(1, count));
  ASSIGN_OR_RETURN(const Value sum, Together(node, espalier::Add, false));
  return node.SetResult(
      Scale(sum, 1.0f / static_cast<float>(count), false, node.Name()));
}

absl::Status Min(OnnxNodeReader& node) { return OverAll(node, espalier::Min); }
absl::Status Mul(OnnxNodeReader& node) { return Binary(node, espalier::Mul); }

// One operand is a constant number: there is no op of two that are computed.
absl::Status Pow(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  if (node.opset() < 7) {
    node.Int("broadcast", 0);
    node.Int("axis", 0);
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const absl::optional<double> exponent,
                   ConstantNumber(node, 1));
  ASSIGN_OR_RETURN(const absl::optional<double> base, ConstantNumber(node, 0));
  if (exponent.has_value()) {
    ASSIGN_OR_RETURN(const Value x, node.value(0));
    if (OnnxShape(*node.constant(1)).rank() <= RankInFile(node, x)) {
      if (*exponent != 1) return SetPower(node, x, *exponent);
      return node.graph().SetAlias(node.output(), node.input(0));
    }
  } else if (base.has_value() && *base > 0 && std::isfinite(*base)) {
    ASSIGN_OR_RETURN(const Value x, node.value(1));
    if (OnnxShape(*node.constant(0)).rank() <= RankInFile(node, x)) {
      const auto factor = static_cast<float>(std::log(*base));
      return node.SetResult(Exp(Scale(x, factor), node.Name()));
    }
  }
  if (node.constant(0) != nullptr && node.constant(1) != nullptr) {
    return absl::UnimplementedError(
        "powers of constants are computed of one number as exponent only");
  }
  return absl::UnimplementedError(
      "expected one constant number as exponent, or one above 0 as base");
}

absl::Status Reciprocal(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  return node.SetResult(
      espalier::Div(node.graph().builder().Constant(1), x, node.Name()));
}

absl::Status Sub(OnnxNodeReader& node) { return Binary(node, espalier::Sub); }
absl::Status Sum(OnnxNodeReader& node) { return OverAll(node, espalier::Add); }

}  // namespace onnx_import
}  // namespace espalier
