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

constexpr absl::string_view kTraining =
    "only training needs it, and the inference form has none";

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
    Same("add_i32", "Add"),
    None("batch_mean", kTraining),
    Written("batch_normalize", onnx_rows::BatchNormalize),
    None("batch_variance", kTraining),
    Written("broadcast", onnx_rows::Broadcast),
    Written("cast", onnx_rows::Cast),
    Written("celu", onnx_rows::Celu),
    Written("clip", onnx_rows::Clip),
    Written("concat", onnx_rows::Concat),
    Leaf("constant", "initializer"),
    Same("dense", "Gemm"),
    Same("div", "Div"),
    None("dropout", kTraining),
    Written("elu", onnx_rows::Elu),
    Same("exp", "Exp"),
    Written("expm1", onnx_rows::Expm1),
    Written("gather", onnx_rows::Gather),
    Written("gelu", onnx_rows::Gelu),
    Written("gelu_tanh", onnx_rows::GeluTanh),
    Written("hard_sigmoid", onnx_rows::HardSigmoid),
    Written("hard_swish", onnx_rows::HardSwish),
    Same("identity", "Identity"),
    Leaf("input", "graph input"),
    Written("layer_norm", onnx_rows::LayerNorm),
    None("layer_norm_grad", kGradient),
    Written("leaky_relu", onnx_rows::LeakyRelu),
    Same("log", "Log"),
    Written("log1p", onnx_rows::Log1p),
    Written("log_softmax", onnx_rows::LogSoftmax),
    Written("matmul", onnx_rows::MatMul),
    Same("max", "Max"),
    Written("mean", onnx_rows::Mean),
    Same("min", "Min"),
    Written("mish", onnx_rows::Mish),
    Same("mul", "Mul"),
    Same("neg", "Neg"),
    Written("normal_cdf", onnx_rows::NormalCdf),
    Written("pad", onnx_rows::Pad),
    Leaf("parameter", "initializer"),
    Same("prelu", "PRelu"),
    Written("reduce_max", onnx_rows::ReduceMax),
    Written("reduce_min", onnx_rows::ReduceMin),
    Same("relu", "Relu"),
    Written("reshape", onnx_rows::Reshape),
    Written("scale", onnx_rows::Scale),
    None("scatter_add", kGradient),
    Written("select_greater", onnx_rows::SelectGreater),
    Same("selu", "Selu"),
    Same("sigmoid", "Sigmoid"),
    Same("sign", "Sign"),
    Written("slice", onnx_rows::Slice),
    Written("softmax", onnx_rows::Softmax),
    Written("softmax_cross_entropy", onnx_rows::SoftmaxCrossEntropy),
    None("softmax_cross_entropy_grad", kGradient),
    Same("softplus", "Softplus"),
    Same("softsign", "Softsign"),
    Same("sqrt", "Sqrt"),
    Written("square", onnx_rows::Square),
    Leaf("state", "initializer"),
    Same("stop_gradient", "Identity"),
    Same("sub", "Sub"),
    Written("sum", onnx_rows::Sum),
    Written("swish", onnx_rows::Swish),
    Same("tanh", "Tanh"),
    Written("transpose", onnx_rows::Transpose),
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
