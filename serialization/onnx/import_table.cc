#include "serialization/onnx/import_table.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/activations.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "serialization/onnx/fold.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/node_reader.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace {

struct Row {
  absl::string_view op_type;
  // Either: an op of ours that is the same, of one input, without attributes.
  Value (*unary)(Value x, absl::string_view name);
  absl::Status (*read)(OnnxNodeReader& node);
  // Whether `read` takes computed integers too, and looks at their types.
  bool integers = false;
  int since = 1;  // the first opset that has it
};

constexpr Row kRows[] = {
    {"Abs", Abs, nullptr},
    {"Add", nullptr, onnx_import::Add, true},
    {"BatchNormalization", nullptr, onnx_import::BatchNormalization},
    {"Cast", nullptr, onnx_import::Cast, true},
    {"Celu", nullptr, onnx_import::Celu, false, 12},
    {"Clip", nullptr, onnx_import::Clip},
    {"Concat", nullptr, onnx_import::Concat, true},
    {"Constant", nullptr, onnx_import::Constant},
    {"ConstantOfShape", nullptr, onnx_import::ConstantOfShape, true, 9},
    {"Div", nullptr, onnx_import::Div},
    {"Dropout", nullptr, onnx_import::Dropout},
    {"Elu", nullptr, onnx_import::Elu},
    {"Erf", nullptr, onnx_import::Erf, false, 9},
    {"Exp", Exp, nullptr},
    {"Expand", nullptr, onnx_import::Expand, true, 8},
    {"Flatten", nullptr, onnx_import::Flatten, true},
    {"Gather", nullptr, onnx_import::Gather, true},
    {"Gelu", nullptr, onnx_import::Gelu, false, 20},
    {"Gemm", nullptr, onnx_import::Gemm},
    {"HardSigmoid", nullptr, onnx_import::HardSigmoid},
    {"HardSwish", HardSwish, nullptr, false, 14},
    {"Identity", nullptr, onnx_import::Identity, true},
    {"LayerNormalization", nullptr, onnx_import::LayerNormalization, false, 17},
    {"LeakyRelu", nullptr, onnx_import::LeakyRelu},
    {"Log", Log, nullptr},
    {"LogSoftmax", nullptr, onnx_import::LogSoftmax},
    {"MatMul", nullptr, onnx_import::MatMul},
    {"Max", nullptr, onnx_import::Max},
    {"Mean", nullptr, onnx_import::Mean},
    {"Min", nullptr, onnx_import::Min},
    {"Mish", Mish, nullptr, false, 18},
    {"Mul", nullptr, onnx_import::Mul},
    {"Neg", Neg, nullptr},
    {"PRelu", nullptr, onnx_import::PRelu},
    {"Pad", nullptr, onnx_import::Pad, true},
    {"Pow", nullptr, onnx_import::Pow},
    {"Reciprocal", nullptr, onnx_import::Reciprocal},
    {"ReduceMax", nullptr, onnx_import::ReduceMax},
    {"ReduceMean", nullptr, onnx_import::ReduceMean},
    {"ReduceMin", nullptr, onnx_import::ReduceMin},
    {"ReduceSum", nullptr, onnx_import::ReduceSum},
    {"Relu", Relu, nullptr},
    {"Reshape", nullptr, onnx_import::Reshape, true},
    {"Selu", nullptr, onnx_import::Selu},
    {"Shape", nullptr, onnx_import::ShapeOf, true},
    {"Sigmoid", Sigmoid, nullptr},
    {"Sign", Sign, nullptr, false, 9},
    {"Size", nullptr, onnx_import::Size, true},
    {"Slice", nullptr, onnx_import::Slice, true},
    {"Softmax", nullptr, onnx_import::Softmax},
    {"Softplus", Softplus, nullptr},
    {"Softsign", Softsign, nullptr},
    {"Split", nullptr, onnx_import::Split, true},
    {"Sqrt", Sqrt, nullptr},
    {"Squeeze", nullptr, onnx_import::Squeeze, true},
    {"Sub", nullptr, onnx_import::Sub},
    {"Sum", nullptr, onnx_import::Sum},
    {"Tanh", Tanh, nullptr},
    {"ThresholdedRelu", nullptr, onnx_import::ThresholdedRelu},
    {"Transpose", nullptr, onnx_import::Transpose, true},
    {"Unsqueeze", nullptr, onnx_import::Unsqueeze, true},
};

absl::Status CheckFloats(OnnxNodeReader& node) {
  for (int i = 0; i < node.num_inputs(); ++i) {
    if (!node.has_input(i) || node.type(i) == 0 || IsOnnxFloat(node.type(i))) {
      continue;
    }
    ASSIGN_OR_RETURN(const OnnxArray* const constant, node.array(i));
    if (constant == nullptr) return onnx_import::ComputedIntegersError(node, i);
  }
  return absl::OkStatus();
}

absl::Status ReadNode(const onnx::NodeProto& node, OnnxGraphReader& graph) {
  if (!node.domain().empty() && node.domain() != "ai.onnx") {
    return absl::UnimplementedError("no op of this domain is understood");
  }
  const auto* row = std::lower_bound(
      std::begin(kRows), std::end(kRows), absl::string_view(node.op_type()),
      [](const Row& r, absl::string_view op_type) {
        return r.op_type < op_type;
      });
  const bool known = row != std::end(kRows) && row->op_type == node.op_type();
  const int since =
      known ? row->since : OnnxFoldSince(node.op_type()).value_or(1);
  if (graph.opset() < since) {
    return absl::InvalidArgumentError(
        absl::StrCat("opset ", graph.opset(),
                     " has no such op: the first that has it is ", since));
  }
  OnnxNodeReader reader(node, graph);
  ASSIGN_OR_RETURN(const bool folded, FoldOnnxNode(reader));
  if (folded) return absl::OkStatus();
  if (!known) {
    return absl::UnimplementedError(
        OnnxFoldSince(node.op_type()).has_value()
            ? "this op is understood of constants of FLOAT, INT32, INT64 and "
              "BOOL only"
            : "this op is not understood");
  }
  if (!row->integers) RETURN_IF_ERROR(CheckFloats(reader));
  if (row->read != nullptr) return row->read(reader);
  RETURN_IF_ERROR(reader.CheckArity(1, 1));
  RETURN_IF_ERROR(reader.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, reader.value(0));
  return reader.SetResult(row->unary(x, reader.Name()));
}

}  // namespace

absl::Status ReadOnnxNode(const onnx::NodeProto& node,
                          OnnxGraphReader& reader) {
  const absl::Status status = ReadNode(node, reader);
  if (status.ok()) return status;
  const std::string& name = node.name().empty() && node.output_size() > 0
                                ? node.output(0)
                                : node.name();
  return Annotate(
      status,
      absl::StrCat("node ", Quoted(name), " (", Quoted(node.op_type()),
                   " of domain ",
                   Quoted(node.domain().empty() ? "ai.onnx" : node.domain()),
                   ", opset ", reader.opset(), ")"));
}

std::vector<absl::string_view> OnnxImportedOps() {
  std::vector<absl::string_view> ops;
  for (const Row& row : kRows) ops.push_back(row.op_type);
  return ops;
}

}  // namespace espalier
