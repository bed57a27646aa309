#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace onnx_rows {
namespace {

std::string MeanOfRows(OnnxNodeWriter& node, const std::string& x) {
  return node.Add(
      "ReduceMean", {x},
      {{"axes", std::vector<int64_t>{-1}}, {"keepdims", int64_t{1}}});
}

}  // namespace

// Ours has the inputs x, mean, variance, scale, shift.
absl::Status BatchNormalize(OnnxNodeWriter& node) {
  const float epsilon = node.attributes().Float("epsilon");
  node.Result("BatchNormalization",
              {node.input(0), node.input(3), node.input(4), node.input(1),
               node.input(2)},
              {{"epsilon", epsilon}});
  return absl::OkStatus();
}

// The axes of ReduceMean are an attribute in all opsets that lack it.
absl::Status LayerNorm(OnnxNodeWriter& node) {
  const float epsilon = node.attributes().Float("epsilon");
  if (node.opset() >= 17) {
    node.Result("LayerNormalization", node.inputs(), {{"epsilon", epsilon}});
    return absl::OkStatus();
  }
  const std::string off =
      node.Add("Sub", {node.input(0), MeanOfRows(node, node.input(0))});
  const std::string variance = MeanOfRows(node, node.Add("Mul", {off, off}));
  const std::string deviation =
      node.Add("Sqrt", {node.Add("Add", {variance, node.Scalar(epsilon)})});
  const std::string scaled =
      node.Add("Mul", {node.Add("Div", {off, deviation}), node.input(1)});
  node.Result("Add", {scaled, node.input(2)});
  return absl::OkStatus();
}

}  // namespace onnx_rows
}  // namespace espalier
