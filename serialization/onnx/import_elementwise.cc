#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/softmax.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

// What is aligned at the right must not meet the batch by accident: a value
// with it keeps its rank.
absl::Status CheckRanks(OnnxNodeReader& node, const Value& a, const Value& b) {
  const bool in_front = node.graph().batch() == OnnxBatch::kInFront;
  const bool a_has = a.shape().has_symbolic_batch();
  const bool b_has = b.shape().has_symbolic_batch();
  const int a_rank = RankInFile(node, a);
  const int b_rank = RankInFile(node, b);
  if ((a_has && b_has && a_rank != b_rank) ||
      (in_front && ((a_has && !b_has && b_rank > a_rank) ||
                    (b_has && !a_has && a_rank > b_rank)))) {
    return absl::UnimplementedError(absl::StrCat(
        "shapes ", a.shape().ToString(), " and ", b.shape().ToString(),
        " together: one with the batch "
        "would be stretched to a higher rank"));
  }
  return absl::OkStatus();
}

// A number that is an input: absent, or a constant with one element.
absl::StatusOr<float> Number(OnnxNodeReader& node, int i, float absent) {
  if (!node.has_input(i)) return absent;
  if (node.constant(i) == nullptr ||
      OnnxShape(*node.constant(i)).num_elements() != 1) {
    return absl::UnimplementedError(
        absl::StrCat("input ", i, " is not one constant number"));
  }
  ASSIGN_OR_RETURN(const Tensor number, ReadOnnxFloats(*node.constant(i)));
  return number.data<float>()[0];
}

// Before opset 13, what is behind the axis was one row.
absl::Status OverLastAxis(OnnxNodeReader& node,
                          Value (*f)(Value x, absl::string_view name)) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  const int64_t rank = RankInFile(node, x);
  const int64_t axis = node.Int("axis", node.opset() < 13 ? 1 : -1);
  RETURN_IF_ERROR(node.FinishAttributes());
  if ((axis < 0 ? axis + rank : axis) != rank - 1) {
    return absl::UnimplementedError(
        absl::StrCat("axis ", axis, " of ", rank, ": expected the last"));
  }
  return node.SetResult(f(x, node.Name()));
}

absl::Status OverAll(OnnxNodeReader& node,
                     Value (*f)(Value a, Value b, absl::string_view name)) {
  RETURN_IF_ERROR(node.CheckArity(1, node.num_inputs()));
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(Value all, node.value(0));
  if (node.num_inputs() == 1) {
    return node.graph().SetAlias(node.output(), node.input(0));
  }
  for (int i = 1; i < node.num_inputs(); ++i) {
    ASSIGN_OR_RETURN(const Value next, node.value(i));
    RETURN_IF_ERROR(CheckRanks(node, all, next));
    all = f(all, next, i + 1 == node.num_inputs() ? node.Name() : "");
    RETURN_IF_ERROR(node.graph().builder().status());
  }
  return node.SetResult(all);
}

}  // namespace

int RankInFile(OnnxNodeReader& node, const Value& value) {
  const bool in_front = node.graph().batch() == OnnxBatch::kInFront &&
                        value.shape().has_symbolic_batch();
  return value.shape().rank() - (in_front ? 1 : 0);
}

absl::Status ComputedIntegersError(OnnxNodeReader& node, int i) {
  return absl::UnimplementedError(
      absl::StrCat("input ", i, " is ", OnnxTypeName(node.type(i)),
                   ": expected FLOAT of what is not constant"));
}

absl::Status Binary(OnnxNodeReader& node,
                    Value (*f)(Value a, Value b, absl::string_view name)) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value a, node.value(0));
  ASSIGN_OR_RETURN(const Value b, node.value(1));
  RETURN_IF_ERROR(CheckRanks(node, a, b));
  return node.SetResult(f(a, b, node.Name()));
}

absl::Status Div(OnnxNodeReader& node) { return Binary(node, espalier::Div); }
absl::Status Mul(OnnxNodeReader& node) { return Binary(node, espalier::Mul); }
absl::Status Sub(OnnxNodeReader& node) { return Binary(node, espalier::Sub); }
absl::Status Max(OnnxNodeReader& node) { return OverAll(node, espalier::Max); }
absl::Status Min(OnnxNodeReader& node) { return OverAll(node, espalier::Min); }

// Limits were attributes before opset 11.
absl::Status Clip(OnnxNodeReader& node) {
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  const bool attributes = node.opset() < 11;
  RETURN_IF_ERROR(node.CheckArity(1, attributes ? 1 : 3));
  float lower = -kInfinity;
  float upper = kInfinity;
  if (attributes) {
    lower = node.Float("min", lower);
    upper = node.Float("max", upper);
  } else {
    ASSIGN_OR_RETURN(lower, Number(node, 1, lower));
    ASSIGN_OR_RETURN(upper, Number(node, 2, upper));
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  return node.SetResult(espalier::Clip(x, lower, upper, node.Name()));
}

absl::Status LeakyRelu(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  const float slope = node.Float("alpha", 0.01f);
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  return node.SetResult(espalier::LeakyRelu(x, slope, node.Name()));
}

absl::Status LogSoftmax(OnnxNodeReader& node) {
  return OverLastAxis(node, espalier::LogSoftmax);
}

absl::Status Softmax(OnnxNodeReader& node) {
  return OverLastAxis(node, espalier::Softmax);
}

}  // namespace onnx_import
}  // namespace espalier
