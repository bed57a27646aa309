#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace onnx_rows {

absl::Status LeakyRelu(OnnxNodeWriter& node) {
  const float slope = node.attributes().Float("slope");
  node.Result("LeakyRelu", node.inputs(), {{"alpha", slope}});
  return absl::OkStatus();
}

absl::Status Scale(OnnxNodeWriter& node) {
  const float factor = node.attributes().Float("factor");
  if (!node.attributes().Bool("over_batch")) {
    node.Result("Mul", {node.input(0), node.Scalar(factor)});
    return absl::OkStatus();
  }
  const absl::StatusOr<std::string> batch = node.Batch();
  if (!batch.ok()) return batch.status();
  const std::string size =
      node.Add("Cast", {*batch}, {{"to", int64_t{onnx::TensorProto::FLOAT}}});
  const std::string scaled =
      node.Add("Mul", {node.input(0), node.Scalar(factor)});
  node.Result("Div", {scaled, size});
  return absl::OkStatus();
}

absl::Status Square(OnnxNodeWriter& node) {
  node.Result("Mul", {node.input(0), node.input(0)});
  return absl::OkStatus();
}

}  // namespace onnx_rows
}  // namespace espalier
