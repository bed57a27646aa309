#include "serialization/onnx/export.h"

#include <cstring>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "graph/version.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/layers.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/softmax.h"
#include "serialization/model_file.h"
#include "tests/serialization/onnx/export_helpers.h"
#include "tests/serialization/onnx/onnx_text.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

absl::Status Refusal(GraphBuilder& g) {
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  return ExportOnnx(ModelOf(*graph)).status();
}

TEST(OnnxExportTest, WritesWholeModels) {
  GraphBuilder g("my-net");
  const Value x = g.Input("x", {kBatch, 2});
  const Value h = layers::Dense(x, 3, Activation::kRelu);
  g.Output("y", layers::Dense(h, 1));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const Model model = ModelOf(graph);
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ExportOnnx(model));
  const onnx::ModelProto file = ParseOnnx(bytes);
  CheckStructure(file, 17);
  EXPECT_EQ(file.producer_name(), "espalier");
  EXPECT_EQ(file.producer_version(), Version());
  EXPECT_EQ(file.metadata_props_size(), 0);
  EXPECT_EQ(file.graph().name(), "my_net");
  EXPECT_EQ(PrintNodes(file.graph()),
            "dense = Gemm(x, dense_weight, dense_bias)\n"
            "dense_relu = Relu(dense)\n"
            "y = Gemm(dense_relu, dense_1_weight, dense_1_bias)\n");
  ASSERT_EQ(file.graph().initializer_size(), 4);
  const onnx::TensorProto& weight = file.graph().initializer(0);
  EXPECT_EQ(weight.name(), "dense_weight");
  EXPECT_EQ(weight.data_type(), onnx::TensorProto::FLOAT);
  EXPECT_THAT(weight.dims(), ElementsAre(2, 3));
  std::vector<float> elements(6);
  ASSERT_EQ(weight.raw_data().size(), 24u);
  std::memcpy(elements.data(), weight.raw_data().data(), 24);
  EXPECT_THAT(elements, ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_EQ(ExportOnnx(model).value(), bytes);
}

TEST(OnnxExportTest, MetadataKeepsWhatIsKnown) {
  GraphBuilder g("net");
  const Value x = g.Input("x.1", {kBatch, 2});
  g.Input("t", {kBatch, 2});
  g.Output("y", Relu(x, "relu"));
  Model model;
  ASSERT_OK_AND_ASSIGN(model.graph, g.Build());
  model.producer = "espalier 0.1.0";
  model.domains["x.1"] = {{0, 0}, {1, 1}};
  model.domains["t"] = {{-0.1f, 0}, {1e30f, 255}};
  model.class_names = {"zero", "\"o\xC3\xB1\x65\""};
  model.history.push_back({"prune", "domain", "bounds", {{"relu", 4, {1, 3}}}});
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ExportOnnx(model));
  std::vector<std::pair<std::string, std::string>> found;
  const onnx::ModelProto file = ParseOnnx(bytes);
  for (const auto& entry : file.metadata_props()) {
    found.emplace_back(entry.key(), entry.value());
  }
  EXPECT_THAT(
      found,
      ElementsAre(
          Pair("espalier.producer", "espalier 0.1.0"),
          Pair("espalier.domain.t", "-0.1:1e+30,0:255"),
          Pair("espalier.domain.x_1", "0:1"),
          Pair("espalier.class_names", "[\"zero\",\"\\\"o\xC3\xB1\x65\\\"\"]"),
          Pair("espalier.history",
               "{\"history\":[{\"action\":\"prune\",\"grade\":"
               "\"domain\",\"reason\":\"bounds\",\"layers\":[{\"node\":"
               "\"relu\",\"units_before\":\"4\",\"removed\":[\"1\","
               "\"3\"]}]}]}")));
}

TEST(OnnxExportTest, NamesAreIdentifiersAndDiffer) {
  GraphBuilder g("9");
  const Value a = g.Input("a/b", {kBatch});
  const Value b = g.Input("a.b", {kBatch});
  const Value sum = Add(a, b, "2");
  const Value product = Mul(sum, a, "constant");
  g.Output("y-1", Scale(product, 2, false, "a_b"));
  g.Output("2", product);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ExportOnnx(ModelOf(graph)));
  const onnx::ModelProto file = ParseOnnx(bytes);
  CheckStructure(file, 17);
  EXPECT_EQ(file.graph().name(), "_9");
  EXPECT_EQ(file.graph().input(0).name(), "a_b");
  EXPECT_EQ(file.graph().input(1).name(), "a_b_1");
  EXPECT_EQ(PrintNodes(file.graph()),
            "_2_1 = Add(a_b, a_b_1)\n"
            "_2 = Mul(_2_1, a_b)\n"
            "y_1 = Mul(_2, 2)\n");
}

// Several outputs of one node, and outputs that nothing computes.
TEST(OnnxExportTest, OutputsHaveTheirNames) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch});
  const Value t = g.Input("t", {kBatch});
  const Value w = g.Parameter("w", {2}, Initializer::Zeros());
  const Value y = Relu(x, "y");
  g.Output("x", x);
  g.Output("t", Neg(t, "n"));
  g.Output("copy", t);
  g.Output("w", w);
  g.Output("first", y);
  g.Output("y", y);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ExportOnnx(ModelOf(graph)));
  const onnx::ModelProto file = ParseOnnx(bytes);
  CheckStructure(file, 17);
  std::vector<std::string> outputs;
  for (const auto& output : file.graph().output()) {
    outputs.push_back(absl::StrCat(output.name(), ": ", PrintType(output)));
  }
  EXPECT_THAT(outputs, ElementsAre("x: f32[N]", "t_1: f32[N]", "copy: f32[N]",
                                   "w: f32[2]", "first: f32[N]", "y: f32[N]"));
  EXPECT_EQ(PrintNodes(file.graph()),
            "first = Relu(x)\n"
            "t_1 = Neg(t)\n"
            "copy = Identity(t)\n"
            "w = Identity(w_1)\n"
            "y = Identity(first)\n");
}

TEST(OnnxExportTest, LeavesOutWhatNoOutputNeeds) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 2});
  const Value labels = g.Input("labels", {kBatch}, DataType::kI32);
  const Value h = layers::Dense(x, 2, Activation::kIdentity);
  Mul(Softmax(h), g.Constant(2.0f));
  SoftmaxCrossEntropy(h, labels);
  g.Output("y", Relu(h));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ExportOnnx(ModelOf(graph)));
  const onnx::GraphProto file = ParseOnnx(bytes).graph();
  EXPECT_EQ(file.node_size(), 2);
  EXPECT_EQ(file.initializer_size(), 2);
  ASSERT_EQ(file.input_size(), 2);
  EXPECT_EQ(PrintType(file.input(1)), "i32[N]");
}

TEST(OnnxExportTest, ConstantsAndStatesAreInitializers) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 2});
  const std::vector<int32_t> numbers = {7, 8};
  g.Output("y", Add(x, g.State("s", {2}, 1)));
  g.Output("c", g.Constant(Tensor(Shape({2}), numbers), "numbers"));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ExportOnnx(ModelOf(graph)));
  const onnx::GraphProto file = ParseOnnx(bytes).graph();
  ASSERT_EQ(file.initializer_size(), 2);
  EXPECT_EQ(file.initializer(0).name(), "s");
  EXPECT_EQ(file.initializer(1).data_type(), onnx::TensorProto::INT32);
  EXPECT_EQ(file.initializer(1).raw_data(),
            std::string("\x07\0\0\0\x08\0\0\0", 8));
}

TEST(OnnxExportTest, RefusesTrainingGraphs) {
  GraphBuilder g("net");
  const Value w = g.Parameter("w", {2}, Initializer::Zeros());
  g.Output("y", Sum(w));
  g.Update(w, Neg(w));
  EXPECT_THAT(Refusal(g),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       "it is a training graph, with an update of node 'w' "
                       "(parameter): ONNX takes its inference form only"));
}

TEST(OnnxExportTest, RefusesOtherOpsets) {
  GraphBuilder g("net");
  g.Output("y", Relu(g.Input("x", {kBatch})));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  for (const int opset : {-1, 0, 12, 22}) {
    EXPECT_THAT(ExportOnnx(ModelOf(graph), {opset}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         absl::StrCat("opset ", opset, ": expected 13 to 21")));
  }
}

TEST(OnnxExportTest, NamesTheNodeThatHasNoForm) {
  GraphBuilder g("net");
  const Value step = g.Input("step", {}, DataType::kI32);
  g.Output("y", Dropout(g.Input("x", {kBatch}), step, 0.5f, 1, "drop"));
  EXPECT_THAT(Refusal(g),
              StatusIs(absl::StatusCode::kUnimplemented,
                       "node 'drop' (dropout): has no ONNX form: only training "
                       "needs it, and the inference form has none"));
}

TEST(OnnxExportTest, RefusesWhatOnnxCannotSay) {
  GraphBuilder empty("net");
  empty.Output(
      "y", Reshape(empty.Input("x", {kBatch, 0}), Shape({kBatch, 0, 2}), "r"));
  EXPECT_THAT(Refusal(empty),
              StatusIs(absl::StatusCode::kUnimplemented,
                       "node 'r' (reshape): a reshape to [N, 0, 2], with a "
                       "dimension of 0, has no ONNX form"));
  GraphBuilder unbound("net");
  unbound.Output("y", BroadcastTo(unbound.Input("x", {3}), {kBatch, 3}, "b"));
  EXPECT_THAT(Refusal(unbound),
              StatusIs(absl::StatusCode::kUnimplemented,
                       "node 'b' (broadcast): no input has the batch N, so "
                       "that an ONNX file could not tell its size"));
}

TEST(OnnxExportTest, RefusesModelsThatAreNotValid) {
  GraphBuilder g("net");
  const Value w = g.Parameter("w", {2}, Initializer::Zeros());
  g.Output("y", Neg(w));
  Model model;
  ASSERT_OK_AND_ASSIGN(model.graph, g.Build());
  EXPECT_THAT(ExportOnnx(model),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("'w'")));
}

TEST(OnnxFileTest, SaveWritesWhatTheEndingNames) {
  GraphBuilder g("net");
  g.Output("y", Relu(g.Input("x", {kBatch})));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const Model model = ModelOf(graph);
  const ScratchFolder folder;
  ASSERT_OK(Save(model, folder.File("a.onnx")));
  EXPECT_EQ(folder.Read("a.onnx"), ExportOnnx(model).value());
  ASSERT_OK(SaveOnnx(model, folder.File("b.onnx"), {13}));
  EXPECT_EQ(folder.Read("b.onnx"), ExportOnnx(model, {13}).value());
  EXPECT_EQ(folder.Names().size(), 2u);
  EXPECT_OK(Load(folder.File("a.onnx")));
  EXPECT_THAT(SaveOnnx(model, folder.File("c.onnx"), {1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       absl::StrCat("save '", folder.File("c.onnx"),
                                    "': opset 1: expected 13 to 21")));
  EXPECT_EQ(folder.Names().size(), 2u);
}

}  // namespace
}  // namespace espalier
