#include "serialization/onnx/export_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/status_macros.h"
#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace {

using Form = OnnxRow::Form;

constexpr absl::string_view kGradient =
    "it is part of a gradient, which only training needs";

constexpr OnnxRow Leaf(absl::string_view kind, absl::string_view text) {
  return {kind, Form::kLeaf, text, nullptr};
}
constexpr OnnxRow Same(absl::string_view kind, absl::string_view op) {
  return {kind, Form::kSame, op, nullptr};
}
constexpr OnnxRow Written(absl::string_view kind,
                          absl::Status (*write)(OnnxNodeWriter& node)) {
  return {kind, Form::kWritten, "", write};
}
constexpr OnnxRow None(absl::string_view kind, absl::string_view why) {
  return {kind, Form::kNone, why, nullptr};
}

constexpr OnnxRow kRows[] = {
    Same("abs", "Abs"),
    Same("add", "Add"),
    Written("broadcast", onnx_rows::Broadcast),
    Leaf("constant", "initializer"),
    Same("dense", "Gemm"),
    Same("div", "Div"),
    Same("exp", "Exp"),
    Same("identity", "Identity"),
    Leaf("input", "graph input"),
    Written("leaky_relu", onnx_rows::LeakyRelu),
    None("leaky_relu_grad", kGradient),
    Same("log", "Log"),
    Written("log_softmax", onnx_rows::LogSoftmax),
    Written("matmul", onnx_rows::MatMul),
    Written("mean", onnx_rows::Mean),
    Same("mul", "Mul"),
    Same("neg", "Neg"),
    Leaf("parameter", "initializer"),
    Same("relu", "Relu"),
    None("relu_grad", kGradient),
    Written("reshape", onnx_rows::Reshape),
    Written("scale", onnx_rows::Scale),
    Same("sigmoid", "Sigmoid"),
    Same("sign", "Sign"),
    Written("softmax", onnx_rows::Softmax),
    Written("softmax_cross_entropy", onnx_rows::SoftmaxCrossEntropy),
    None("softmax_cross_entropy_grad", kGradient),
    Same("sqrt", "Sqrt"),
    Written("square", onnx_rows::Square),
    Leaf("state", "initializer"),
    Same("sub", "Sub"),
    Written("sum", onnx_rows::Sum),
    Same("tanh", "Tanh"),
};

}  // namespace

absl::Span<const OnnxRow> OnnxRows() { return kRows; }

const OnnxRow* FindOnnxRow(absl::string_view kind) {
  const auto* row = std::lower_bound(
      std::begin(kRows), std::end(kRows), kind,
      [](const OnnxRow& r, absl::string_view k) { return r.kind < k; });
  return row != std::end(kRows) && row->kind == kind ? row : nullptr;
}

absl::Status WriteOnnxNode(absl::string_view kind, OnnxNodeWriter& node) {
  const OnnxRow* row = FindOnnxRow(kind);
  if (row == nullptr) {
    return absl::UnimplementedError("no ONNX form of this op is known");
  }
  switch (row->form) {
    case Form::kLeaf:
      ESPALIER_CHECK(false);
      break;
    case Form::kSame:
      node.Result(row->text, node.inputs());
      break;
    case Form::kWritten:
      RETURN_IF_ERROR(row->write(node));
      break;
    case Form::kNone:
      return absl::UnimplementedError(
          absl::StrCat("has no ONNX form: ", row->text));
  }
  return node.Finish();
}

}  // namespace espalier
