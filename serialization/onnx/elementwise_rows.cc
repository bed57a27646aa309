#include <cmath>

#include "graph/status_macros.h"
#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace onnx_rows {
namespace {

// Whether |x| < limit.
std::string IsNearZero(OnnxNodeWriter& node, float limit) {
  const std::string size = node.Add("Abs", {node.input(0)});
  return node.Add("Less", {size, node.Scalar(limit)});
}

}  // namespace

absl::Status Cast(OnnxNodeWriter& node) {
  ASSIGN_OR_RETURN(const DataType to,
                   ParseDataType(node.attributes().String("to")));
  node.Result("Cast", node.inputs(), {{"to", int64_t{OnnxElementType(to)}}});
  return absl::OkStatus();
}

// A limit that is none is left out.
absl::Status Clip(OnnxNodeWriter& node) {
  const float lower = node.attributes().Float("lower");
  const float upper = node.attributes().Float("upper");
  std::vector<std::string> inputs = {node.input(0)};
  if (!std::isinf(lower) || !std::isinf(upper)) {
    inputs.push_back(std::isinf(lower) ? "" : node.Scalar(lower));
  }
  if (!std::isinf(upper)) inputs.push_back(node.Scalar(upper));
  node.Result("Clip", inputs);
  return absl::OkStatus();
}

// exp(x) - 1 loses digits near 0; there it is 2 t / (1 - t), t = tanh(x / 2).
absl::Status Expm1(OnnxNodeWriter& node) {
  const std::string half = node.Add("Mul", {node.input(0), node.Scalar(0.5f)});
  const std::string tanh = node.Add("Tanh", {half});
  const std::string near_zero =
      node.Add("Div", {node.Add("Mul", {tanh, node.Scalar(2)}),
                       node.Add("Sub", {node.Scalar(1), tanh})});
  const std::string away =
      node.Add("Sub", {node.Add("Exp", {node.input(0)}), node.Scalar(1)});
  node.Result("Where", {IsNearZero(node, 1), near_zero, away});
  return absl::OkStatus();
}

// What 1 + x loses to rounding near 0, (1 + x) - 1 - x, is taken off its
// logarithm again, divided by 1 + x (D. Goldberg, What Every Computer Scientist
// Should Know About Floating-Point Arithmetic, 1991, theorem 4).
absl::Status Log1p(OnnxNodeWriter& node) {
  const std::string& x = node.input(0);
  const std::string sum = node.Add("Add", {x, node.Scalar(1)});
  const std::string log = node.Add("Log", {sum});
  const std::string back = node.Add("Sub", {sum, node.Scalar(1)});
  const std::string lost = node.Add("Sub", {back, x});
  const std::string near_zero =
      node.Add("Sub", {log, node.Add("Div", {lost, sum})});
  node.Result("Where", {IsNearZero(node, 0.5f), near_zero, log});
  return absl::OkStatus();
}

std::string ErfOfNormal(OnnxNodeWriter& node) {
  constexpr float kInverseOfRoot2 = 0.70710678118654752f;
  return node.Add(
      "Erf", {node.Add("Mul", {node.input(0), node.Scalar(kInverseOfRoot2)})});
}

// (1 + erf(x / sqrt(2))) / 2
absl::Status NormalCdf(OnnxNodeWriter& node) {
  node.Result("Mul", {node.Add("Add", {ErfOfNormal(node), node.Scalar(1)}),
                      node.Scalar(0.5f)});
  return absl::OkStatus();
}

absl::Status Scale(OnnxNodeWriter& node) {
  const float factor = node.attributes().Float("factor");
  if (!node.attributes().Bool("over_batch")) {
    node.Result("Mul", {node.input(0), node.Scalar(factor)});
    return absl::OkStatus();
  }
  ASSIGN_OR_RETURN(const std::string batch, node.Batch());
  const std::string size = node.Add(
      "Cast", {batch}, {{"to", int64_t{OnnxElementType(DataType::kF32)}}});
  const std::string scaled =
      node.Add("Mul", {node.input(0), node.Scalar(factor)});
  node.Result("Div", {scaled, size});
  return absl::OkStatus();
}

// NaN where neither a > b nor a <= b.
absl::Status SelectGreater(OnnxNodeWriter& node) {
  const std::string& a = node.input(0);
  const std::string& b = node.input(1);
  const std::string otherwise =
      node.Add("Where", {node.Add("LessOrEqual", {a, b}), node.input(3),
                         node.Scalar(std::nanf(""))});
  node.Result("Where", {node.Add("Greater", {a, b}), node.input(2), otherwise});
  return absl::OkStatus();
}

absl::Status Square(OnnxNodeWriter& node) {
  node.Result("Mul", {node.input(0), node.input(0)});
  return absl::OkStatus();
}

}  // namespace onnx_rows
}  // namespace espalier
