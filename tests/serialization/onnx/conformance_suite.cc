#include "tests/serialization/onnx/conformance_suite.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

using onnx::TensorProto;

constexpr absl::string_view kOps[] = {"Abs",
                                      "Add",
                                      "BatchNormalization",
                                      "Cast",
                                      "Celu",
                                      "Clip",
                                      "Concat",
                                      "Constant",
                                      "ConstantOfShape",
                                      "Div",
                                      "Dropout",
                                      "Elu",
                                      "Exp",
                                      "Expand",
                                      "Flatten",
                                      "Gather",
                                      "Gelu",
                                      "Gemm",
                                      "HardSigmoid",
                                      "HardSwish",
                                      "Identity",
                                      "LayerNormalization",
                                      "LeakyRelu",
                                      "Log",
                                      "LogSoftmax",
                                      "MatMul",
                                      "Max",
                                      "Mean",
                                      "Min",
                                      "Mish",
                                      "Mul",
                                      "Neg",
                                      "PRelu",
                                      "Pow",
                                      "Reciprocal",
                                      "ReduceMax",
                                      "ReduceMean",
                                      "ReduceMin",
                                      "ReduceSum",
                                      "Relu",
                                      "Reshape",
                                      "Selu",
                                      "Shape",
                                      "Sigmoid",
                                      "Slice",
                                      "Softmax",
                                      "Softplus",
                                      "Softsign",
                                      "Split",
                                      "Sqrt",
                                      "Squeeze",
                                      "Sub",
                                      "Sum",
                                      "Tanh",
                                      "ThresholdedRelu",
                                      "Transpose",
                                      "Unsqueeze"};

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  std::ifstream stream(path, std::ios::binary);
  std::string bytes{std::istreambuf_iterator<char>(stream), {}};
  if (stream.is_open() && !stream.bad()) return bytes;
  return absl::NotFoundError(absl::StrCat("cannot read ", path));
}

template <typename Message>
absl::StatusOr<Message> ReadMessage(const std::string& path) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadWhole(path));
  Message message;
  if (message.ParseFromString(bytes)) return message;
  return absl::InvalidArgumentError(absl::StrCat("cannot parse ", path));
}

// 0 if it is no tensor.
int ElementType(const onnx::ValueInfoProto& value) {
  return value.type().has_tensor_type() ? value.type().tensor_type().elem_type()
                                        : 0;
}

struct Types {
  std::vector<int> inputs;
  std::vector<int> outputs;
};

Types TypesOf(const onnx::GraphProto& graph) {
  absl::flat_hash_set<std::string> initializers;
  for (const TensorProto& tensor : graph.initializer()) {
    initializers.insert(tensor.name());
  }
  Types types;
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (!initializers.contains(input.name())) {
      types.inputs.push_back(ElementType(input));
    }
  }
  for (const onnx::ValueInfoProto& output : graph.output()) {
    types.outputs.push_back(ElementType(output));
  }
  return types;
}

bool IsSelected(const onnx::GraphProto& graph, const Types& types) {
  for (const onnx::NodeProto& node : graph.node()) {
    if (!node.domain().empty() && node.domain() != "ai.onnx") return false;
    if (std::find(std::begin(kOps), std::end(kOps), node.op_type()) ==
        std::end(kOps)) {
      return false;
    }
  }
  bool any_float = false;
  for (const auto* list : {&types.inputs, &types.outputs}) {
    for (const int type : *list) {
      if (type != TensorProto::FLOAT && type != TensorProto::INT32 &&
          type != TensorProto::INT64 && type != TensorProto::BOOL) {
        return false;
      }
      any_float = any_float || type == TensorProto::FLOAT;
    }
  }
  return any_float;
}

bool IsPlain(const onnx::GraphProto& graph, const Types& types) {
  bool gathers = false;
  for (const onnx::NodeProto& node : graph.node()) {
    gathers = gathers || node.op_type() == "Gather";
    for (const onnx::AttributeProto& attribute : node.attribute()) {
      if (attribute.name() == "training_mode" && attribute.i() != 0) {
        return false;
      }
    }
  }
  const auto all_float = [](const std::vector<int>& list) {
    return std::all_of(list.begin(), list.end(),
                       [](int type) { return type == TensorProto::FLOAT; });
  };
  return (gathers || all_float(types.inputs)) && all_float(types.outputs);
}

// NAME_0.pb, NAME_1.pb, ... as many as there are.
absl::StatusOr<std::vector<TensorProto>> ReadTensors(const std::string& stem) {
  std::vector<TensorProto> tensors;
  for (;;) {
    const std::string path = absl::StrCat(stem, tensors.size(), ".pb");
    if (!std::filesystem::exists(path)) return tensors;
    ASSIGN_OR_RETURN(tensors.emplace_back(), ReadMessage<TensorProto>(path));
  }
}

}  // namespace

absl::StatusOr<std::vector<ConformanceTest>> SelectConformanceTests(
    absl::string_view root) {
  std::vector<ConformanceTest> selected;
  for (const absl::string_view kind :
       {"node", "pytorch-converted", "pytorch-operator"}) {
    std::error_code error;
    const std::filesystem::directory_iterator tests(
        absl::StrCat(root, "/", kind), error);
    if (error) {
      return absl::NotFoundError(
          absl::StrCat("ONNX's tests are not in '", root,
                       "': install Debian's libonnx-testdata and run cmake "
                       "again"));
    }
    for (const auto& entry : tests) {
      const std::string folder = entry.path().string();
      ASSIGN_OR_RETURN(
          const onnx::ModelProto model,
          ReadMessage<onnx::ModelProto>(absl::StrCat(folder, "/model.onnx")));
      const Types types = TypesOf(model.graph());
      if (!IsSelected(model.graph(), types)) continue;
      selected.push_back(
          {absl::StrCat(kind, "/", entry.path().filename().string()), folder,
           IsPlain(model.graph(), types)});
    }
  }
  std::sort(selected.begin(), selected.end(),
            [](const ConformanceTest& a, const ConformanceTest& b) {
              return a.name < b.name;
            });
  return selected;
}

absl::StatusOr<std::string> ReadConformanceModel(const ConformanceTest& test) {
  return ReadWhole(absl::StrCat(test.folder, "/model.onnx"));
}

absl::StatusOr<std::vector<ConformanceData>> ReadConformanceData(
    const ConformanceTest& test) {
  std::vector<ConformanceData> sets;
  for (;;) {
    const std::string folder =
        absl::StrCat(test.folder, "/test_data_set_", sets.size(), "/");
    if (!std::filesystem::exists(folder)) break;
    ConformanceData& data = sets.emplace_back();
    ASSIGN_OR_RETURN(data.inputs, ReadTensors(absl::StrCat(folder, "input_")));
    ASSIGN_OR_RETURN(data.outputs,
                     ReadTensors(absl::StrCat(folder, "output_")));
  }
  if (!sets.empty()) return sets;
  return absl::NotFoundError(absl::StrCat(test.folder, " has no data"));
}

}  // namespace espalier
