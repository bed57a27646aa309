#include "tests/serialization/onnx/export_helpers.h"

#include <algorithm>
#include <set>

#include "absl/strings/ascii.h"
#include "gtest/gtest.h"
#include "serialization/onnx/export.h"
#include "tests/serialization/onnx/onnx_text.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

bool IsIdentifier(const std::string& name) {
  return !name.empty() &&
         !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_';
         });
}

}  // namespace

Model ModelOf(const Graph& graph) {
  Model model;
  model.graph = graph;
  for (const auto& ids : {graph.parameters(), graph.states()}) {
    for (const NodeId id : ids) {
      const Node& node = graph.node(id);
      Tensor value(node.type.dtype, node.type.shape);
      for (int64_t i = 0; i < value.num_elements(); ++i) {
        if (node.type.dtype == DataType::kF32) {
          value.data<float>()[i] = static_cast<float>(i + 1);
        } else {
          value.data<int32_t>()[i] = static_cast<int32_t>(i + 1);
        }
      }
      model.values[node.name] = value;
    }
  }
  return model;
}

std::string Exported(const std::function<Value(Value x)>& build, int opset) {
  GraphBuilder g("net");
  g.Output("y", build(g.Input("x", {kBatch, 3})));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  const absl::StatusOr<std::string> bytes =
      ExportOnnx(ModelOf(*graph), {opset});
  EXPECT_OK(bytes);
  return PrintNodes(ParseOnnx(*bytes).graph());
}

void CheckStructure(const onnx::ModelProto& model, int opset) {
  ASSERT_EQ(model.opset_import_size(), 1);
  EXPECT_EQ(model.opset_import(0).domain(), "");
  EXPECT_EQ(model.opset_import(0).version(), opset);
  EXPECT_EQ(model.ir_version(), opset <= 14   ? 7
                                : opset <= 18 ? 8
                                : opset <= 20 ? 9
                                              : 10);
  EXPECT_TRUE(IsIdentifier(model.graph().name()));
  std::set<std::string> values;
  const auto add = [&values](const std::string& name) {
    EXPECT_TRUE(IsIdentifier(name)) << name;
    EXPECT_TRUE(values.insert(name).second) << name << " is given twice";
  };
  for (const auto& input : model.graph().input()) add(input.name());
  for (const onnx::TensorProto& tensor : model.graph().initializer()) {
    add(tensor.name());
    size_t bytes = tensor.data_type() == onnx::TensorProto::INT64 ? 8 : 4;
    for (const int64_t dim : tensor.dims()) bytes *= static_cast<size_t>(dim);
    EXPECT_EQ(tensor.raw_data().size(), bytes) << tensor.name();
  }
  std::set<std::string> nodes;
  for (const onnx::NodeProto& node : model.graph().node()) {
    EXPECT_TRUE(IsIdentifier(node.name())) << node.name();
    EXPECT_TRUE(nodes.insert(node.name()).second) << node.name();
    for (const std::string& input : node.input()) {
      EXPECT_TRUE(input.empty() || values.count(input) == 1)
          << node.name() << " reads " << input << " before it is there";
    }
    ASSERT_EQ(node.output_size(), 1);
    add(node.output(0));
    for (const auto& attribute : node.attribute()) {
      EXPECT_NE(attribute.type(), onnx::AttributeProto::UNDEFINED);
    }
  }
  for (const auto& output : model.graph().output()) {
    EXPECT_EQ(values.count(output.name()), 1u) << output.name();
  }
}

}  // namespace espalier
