#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace onnx_rows {
namespace {

// The ONNX op of that name with the attribute `alpha`, ours `name`.
absl::Status WithAlpha(OnnxNodeWriter& node, absl::string_view op_type,
                       absl::string_view name) {
  const float alpha = node.attributes().Float(name);
  node.Result(op_type, node.inputs(), {{"alpha", alpha}});
  return absl::OkStatus();
}

}  // namespace

absl::Status Celu(OnnxNodeWriter& node) {
  return WithAlpha(node, "Celu", "alpha");
}

absl::Status Elu(OnnxNodeWriter& node) {
  return WithAlpha(node, "Elu", "alpha");
}

absl::Status LeakyRelu(OnnxNodeWriter& node) {
  return WithAlpha(node, "LeakyRelu", "slope");
}

absl::Status Gelu(OnnxNodeWriter& node) {
  if (node.opset() >= 20) {
    node.Result("Gelu", node.inputs());
    return absl::OkStatus();
  }
  const std::string half = node.Add("Mul", {node.input(0), node.Scalar(0.5f)});
  node.Result("Mul",
              {half, node.Add("Add", {ErfOfNormal(node), node.Scalar(1)})});
  return absl::OkStatus();
}

// (1 + tanh(u)) / 2 is sigmoid(2 u).
absl::Status GeluTanh(OnnxNodeWriter& node) {
  constexpr float kLinear = 1.5957691216057308f;  // 2 sqrt(2 / pi)
  constexpr float kCubic = kLinear * 0.044715f;
  if (node.opset() >= 20) {
    node.Result("Gelu", node.inputs(), {{"approximate", std::string("tanh")}});
    return absl::OkStatus();
  }
  const std::string& x = node.input(0);
  const std::string cubic =
      node.Add("Mul", {node.Add("Mul", {x, x}), node.Scalar(kCubic)});
  const std::string twice_u =
      node.Add("Mul", {x, node.Add("Add", {cubic, node.Scalar(kLinear)})});
  node.Result("Mul", {x, node.Add("Sigmoid", {twice_u})});
  return absl::OkStatus();
}

absl::Status HardSigmoid(OnnxNodeWriter& node) {
  const float alpha = node.attributes().Float("alpha");
  const float beta = node.attributes().Float("beta");
  node.Result("HardSigmoid", node.inputs(), {{"alpha", alpha}, {"beta", beta}});
  return absl::OkStatus();
}

absl::Status HardSwish(OnnxNodeWriter& node) {
  if (node.opset() >= 14) {
    node.Result("HardSwish", node.inputs());
    return absl::OkStatus();
  }
  const std::string factor = node.Add("HardSigmoid", node.inputs(),
                                      {{"alpha", 1.0f / 6}, {"beta", 0.5f}});
  node.Result("Mul", {node.input(0), factor});
  return absl::OkStatus();
}

absl::Status Mish(OnnxNodeWriter& node) {
  if (node.opset() >= 18) {
    node.Result("Mish", node.inputs());
    return absl::OkStatus();
  }
  const std::string softplus = node.Add("Softplus", node.inputs());
  node.Result("Mul", {node.input(0), node.Add("Tanh", {softplus})});
  return absl::OkStatus();
}

absl::Status Swish(OnnxNodeWriter& node) {
  const float beta = node.attributes().Float("beta");
  std::string argument = node.input(0);
  if (beta != 1) argument = node.Add("Mul", {argument, node.Scalar(beta)});
  node.Result("Mul", {node.input(0), node.Add("Sigmoid", {argument})});
  return absl::OkStatus();
}

}  // namespace onnx_rows
}  // namespace espalier
