// Products, reductions and what is computed over rows.
#include "serialization/onnx/export_rows.h"

namespace espalier {
namespace onnx_rows {
namespace {

// ReduceSum has its axes as an input since opset 13, the others since 18.
absl::Status Reduce(OnnxNodeWriter& node, absl::string_view op_type,
                    int axes_are_input_since) {
  std::vector<int64_t> axes = node.attributes().IntList("axes");
  const int64_t keep = node.attributes().Bool("keep_axes") ? 1 : 0;
  std::vector<std::string> inputs = {node.input(0)};
  std::vector<OnnxAttribute> attributes = {{"keepdims", keep}};
  // Without axes all are meant, here and there.
  if (!axes.empty() && node.opset() >= axes_are_input_since) {
    inputs.push_back(node.Ints(axes));
  } else if (!axes.empty()) {
    attributes.push_back({"axes", std::move(axes)});
  }
  node.Result(op_type, inputs, attributes);
  return absl::OkStatus();
}

absl::Status OverLastAxis(OnnxNodeWriter& node, absl::string_view op_type) {
  node.Result(op_type, node.inputs(), {{"axis", int64_t{-1}}});
  return absl::OkStatus();
}

}  // namespace

absl::Status MatMul(OnnxNodeWriter& node) {
  const bool transpose_a = node.attributes().Bool("transpose_a");
  const bool transpose_b = node.attributes().Bool("transpose_b");
  if (!transpose_a && !transpose_b) {
    node.Result("MatMul", node.inputs());
  } else {
    node.Result(
        "Gemm", node.inputs(),
        {{"transA", int64_t{transpose_a}}, {"transB", int64_t{transpose_b}}});
  }
  return absl::OkStatus();
}

absl::Status Mean(OnnxNodeWriter& node) {
  return Reduce(node, "ReduceMean", 18);
}

absl::Status ReduceMax(OnnxNodeWriter& node) {
  return Reduce(node, "ReduceMax", 18);
}

absl::Status ReduceMin(OnnxNodeWriter& node) {
  return Reduce(node, "ReduceMin", 18);
}

absl::Status Sum(OnnxNodeWriter& node) { return Reduce(node, "ReduceSum", 13); }

absl::Status Softmax(OnnxNodeWriter& node) {
  return OverLastAxis(node, "Softmax");
}

absl::Status LogSoftmax(OnnxNodeWriter& node) {
  return OverLastAxis(node, "LogSoftmax");
}

absl::Status SoftmaxCrossEntropy(OnnxNodeWriter& node) {
  node.Result("SoftmaxCrossEntropyLoss", node.inputs(),
              {{"reduction", std::string("none")}});
  return absl::OkStatus();
}

}  // namespace onnx_rows
}  // namespace espalier
