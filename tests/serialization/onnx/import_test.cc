#include "serialization/onnx/import.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/import_table.h"
#include "tests/ops/check_op.h"
#include "tests/serialization/onnx/import_helpers.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/serialization/onnx/onnx_text.h"
#include "tests/testing/execution.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(OnnxImportTest, ReadsAFileMadeByOthers) {
  const std::string folder =
      absl::StrCat(ESPALIER_SOURCE_DIR, "/tests/data/mnist_100-100_l1/");
  ASSERT_OK_AND_ASSIGN(const Model model, Load(folder + "network.onnx"));
  EXPECT_EQ(model.values.size(), 6u);
  EXPECT_EQ(model.values.count("dense1/kernel"), 1u);
  ASSERT_OK_AND_ASSIGN(const Tensor x, ReadNpy(folder + "ref_in.npy"));
  ASSERT_OK_AND_ASSIGN(const Tensor expected,
                       ReadNpy(folder + "ref_out64.npy"));
  LeafValues leaves;
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  leaves["input"] = DoubleTensor(x);
  ASSERT_OK_AND_ASSIGN(Execution execution,
                       Execution::Create(model.graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
  const DoubleTensor& found = outputs.at("output");
  ASSERT_EQ(found.shape(), expected.shape());
  double largest = 0;
  for (const float value : expected.data<float>()) {
    largest = std::max<double>(largest, std::fabs(value));
  }
  for (int64_t i = 0; i < found.num_elements(); ++i) {
    ASSERT_NEAR(found[i], expected.data<float>()[static_cast<size_t>(i)],
                1e-5 * largest);
  }
}

TEST(OnnxImportTest, GivesBackWhatWasExported) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 3});
  const Value w = g.Parameter("w", {3, 2}, Initializer::Zeros());
  const Value b = g.Parameter("b", {2}, Initializer::Zeros());
  g.Output("y", Relu(Dense(x, w, b, "fc"), "y"));
  Model model;
  ASSERT_OK_AND_ASSIGN(model.graph, g.Build());
  const std::vector<float> weights = {1, -2, 3, -4, 5, -6};
  const std::vector<float> biases = {0.5f, -0.25f};
  model.values["w"] = Tensor(Shape({3, 2}), weights);
  model.values["b"] = Tensor(Shape({2}), biases);
  model.domains["x"] = {{-0.1f, 0, 1e-30f}, {0.3f, 1, 16777216}};
  model.class_names = {"no", "\"yes\""};
  model.producer = "espalier 0.1.0";
  model.history.push_back({"prune", "domain", "bounds", {{"y", 4, {1, 3}}}});
  ASSERT_OK_AND_ASSIGN(const std::string bytes, ExportOnnx(model));
  ASSERT_OK_AND_ASSIGN(const Model again, ImportOnnx(bytes));
  EXPECT_EQ(PrintGraph(again.graph), PrintGraph(model.graph));
  EXPECT_EQ(again.values, model.values);
  EXPECT_EQ(again.domains.at("x").lower, model.domains.at("x").lower);
  EXPECT_EQ(again.domains.at("x").upper, model.domains.at("x").upper);
  EXPECT_EQ(again.class_names, model.class_names);
  EXPECT_EQ(again.producer, model.producer);
  ASSERT_EQ(again.history.size(), 1u);
  EXPECT_EQ(again.history[0].grade, "domain");
  EXPECT_THAT(again.history[0].layers[0].removed, ElementsAre(1, 3));
  EXPECT_EQ(ExportOnnx(again).value(), bytes);
}

// What is exported means the same when it is read again.
class OnnxRoundTripTest : public testing::TestWithParam<OpCase> {};

TEST_P(OnnxRoundTripTest, KeepsTheMeaning) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(GetParam()));
  Model model;
  model.graph = graph;
  for (const int opset : {13, 17, 21}) {
    const absl::StatusOr<std::string> bytes = ExportOnnx(model, {opset});
    if (!bytes.ok()) {
      EXPECT_THAT(bytes, StatusIs(absl::StatusCode::kUnimplemented,
                                  HasSubstr("has no ONNX form")));
      return;
    }
    const std::vector<absl::string_view> ops = OnnxImportedOps();
    const onnx::ModelProto file = ParseOnnx(*bytes);
    bool known = true;
    for (const onnx::NodeProto& node : file.graph().node()) {
      known = known && std::binary_search(ops.begin(), ops.end(),
                                          absl::string_view(node.op_type()));
    }
    const absl::StatusOr<Model> again = ImportOnnx(*bytes);
    if (!known) {
      EXPECT_THAT(again,
                  StatusIs(absl::StatusCode::kUnimplemented, HasSubstr("'")));
      continue;
    }
    // Two values that are computed, as a product over the batch.
    if (!again.ok() && GetParam().kind == "matmul" &&
        GetParam().mixes_samples) {
      EXPECT_THAT(again, StatusIs(absl::StatusCode::kUnimplemented,
                                  HasSubstr("over the batch")));
      continue;
    }
    // Of which nothing but shapes is made.
    if (!again.ok() && GetParam().name == "scale_over_batch") {
      EXPECT_THAT(again,
                  StatusIs(absl::StatusCode::kUnimplemented,
                           HasSubstr("depends on the size N of the batch")));
      continue;
    }
    ASSERT_OK(again);
    TestRandom random(9);
    const LeafValues leaves = DrawLeaves(GetParam(), graph, 3, random);
    ASSERT_OK_AND_ASSIGN(const InterpretedRun expected,
                         Interpret(graph, leaves));
    ASSERT_OK_AND_ASSIGN(const InterpretedRun found,
                         Interpret(again->graph, leaves));
    const DoubleTensor& a = expected.outputs.at("y");
    const DoubleTensor& b = found.outputs.at("y");
    ASSERT_EQ(a.shape(), b.shape());
    for (int64_t i = 0; i < a.num_elements(); ++i) {
      ASSERT_NEAR(a[i], b[i], 1e-6 * std::fabs(a[i]) + 1e-9) << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OnnxRoundTripTest, testing::ValuesIn(OpCases()),
                         [](const testing::TestParamInfo<OpCase>& info) {
                           return info.param.name;
                         });

TEST(OnnxImportTest, TheDocumentationListsWhatIsUnderstood) {
  std::ifstream stream(absl::StrCat(ESPALIER_SOURCE_DIR, "/docs/onnx.md"));
  std::string text{std::istreambuf_iterator<char>(stream), {}};
  std::replace(text.begin(), text.end(), '\n', ' ');
  EXPECT_THAT(text, HasSubstr(absl::StrCat(
                        "Understood are ",
                        absl::StrJoin(OnnxImportedOps(), ", "), ". ")));
}

// As ACAS Xu's files are: the batch is written 1, initializers are inputs too.
TEST(OnnxImportTest, ALeadingOneIsTheBatch) {
  EXPECT_EQ(Imported(OnnxFile(8)
                         .Input("x", {1, 1, 1, 3})
                         .Input("mean", {1, 1, 1, 3})
                         .Input("w", {3, 2})
                         .Floats("mean", {1, 1, 1, 3})
                         .Floats("w", {3, 2})
                         .Node("Sub", {"x", "mean"}, "s")
                         .Node("Flatten", {"s"}, "f")
                         .Set("axis", 1)
                         .Node("MatMul", {"f", "w"}, "y")
                         .Output("y")),
            "x: f32[N, 1, 1, 3] = input(dtype=\"f32\", shape=[-1, 1, 1, 3])\n"
            "s: f32[N, 1, 1, 3] = sub(x, mean)\n"
            "f: f32[N, 3] = reshape(s; shape=[-1, 3])\n"
            "y: f32[N, 2] = matmul(f, w; transpose_a=false, "
            "transpose_b=false)\n"
            "output y = y\n");
  // Where it would not stay in front, each sample gets a place before it.
  EXPECT_EQ(Imported(OnnxFile()
                         .Input("x", {1, 2})
                         .Floats("c", {3, 2})
                         .Node("Add", {"x", "c"}, "y")
                         .Output("y")),
            "x: f32[N, 1, 2] = input(dtype=\"f32\", shape=[-1, 1, 2])\n"
            "y: f32[N, 3, 2] = add(x, c)\n"
            "output y = y\n");
}

TEST(OnnxImportTest, AnInputWithoutABatchGetsOne) {
  const OnnxFile file = OnnxFile()
                            .Input("x", {2})
                            .Floats("w", {3, 2})
                            .Floats("b", {3})
                            .Node("MatMul", {"w", "x"}, "m")
                            .Node("Add", {"m", "b"}, "h")
                            .Node("Relu", {"h"}, "y")
                            .Output("y");
  EXPECT_EQ(Imported(file),
            "x: f32[N, 2] = input(dtype=\"f32\", shape=[-1, 2])\n"
            "h: f32[N, 3] = dense(x, w, b)\n"
            "y: f32[N, 3] = relu(h)\n"
            "output y = y\n");
  EXPECT_THAT(Computed(file, {2, 2}, {10, 20, -1, 0}),
              ElementsAre(51, 112, 173, 0, 0, 0));
  // A constant of a higher rank would meet the batch.
  EXPECT_EQ(Imported(OnnxFile()
                         .Input("x", {2})
                         .Floats("c", {2, 2})
                         .Node("Add", {"x", "c"}, "y")
                         .Output("y")),
            "x: f32[2] = input(dtype=\"f32\", shape=[2])\n"
            "y: f32[2, 2] = add(x, c)\n"
            "output y = y\n");
}

// Names that become the same once they are cleaned, and one that is taken then.
TEST(OnnxImportTest, OutputsKeepApart) {
  OnnxFile file;
  file.Input("x", {-1, 2});
  for (const std::string name : {"a!", "a?", "a__1"}) {
    file.Node("Relu", {"x"}, name).Output(name);
  }
  const absl::StatusOr<Model> model = ImportOnnx(file.bytes());
  ASSERT_OK(model);
  std::vector<std::string> names;
  for (const GraphOutput& output : model->graph.outputs()) {
    names.push_back(output.name);
  }
  EXPECT_THAT(names, testing::ElementsAre("a_", "a__1", "a__1_1"));
}

TEST(OnnxImportTest, OtherOps) {
  const auto made = [](int opset, const std::string& op) {
    return OnnxFile(opset).Input("x", {-1, 2}).Node(op, {"x"}, "y").Output("y");
  };
  EXPECT_THAT(Imported(made(9, "Softmax")),
              HasSubstr("y: f32[N, 2] = softmax"));
  EXPECT_THAT(Imported(made(13, "LogSoftmax").Set("axis", 1)),
              HasSubstr("= log_softmax(x)"));
  EXPECT_THAT(Imported(made(13, "Softmax").Set("axis", 0)),
              HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(Imported(made(13, "LeakyRelu").SetFloat("alpha", 0.5f)),
              HasSubstr("= leaky_relu(x; slope=0.5)"));
  EXPECT_THAT(Imported(made(7, "Clip").SetFloat("max", 6)),
              HasSubstr("= clip(x; lower=-inf, upper=6"));
  EXPECT_THAT(Imported(made(13, "Tanh")), HasSubstr("= tanh(x)"));
  EXPECT_EQ(Imported(made(13, "Identity")),
            "x: f32[N, 2] = input(dtype=\"f32\", shape=[-1, 2])\n"
            "output y = x\n");
  EXPECT_THAT(Imported(made(7, "Dropout").SetFloat("ratio", 0.3f)),
              HasSubstr("output y = x"));
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 2})
                           .Floats("low", {}, {2})
                           .Floats("c", {1, 2})
                           .Node("Clip", {"x", "low"}, "a")
                           .Node("Max", {"a", "c", "x"}, "y")
                           .Output("y"),
                       {1, 2}, {-5, 7}),
              ElementsAre(2, 7));
}

TEST(OnnxImportTest, TensorsOfAllKinds) {
  const auto added = [](const onnx::TensorProto& tensor) {
    OnnxFile file;
    file.Input("x", {-1, 2}).Floats("c", {2}).Node("Add", {"x", "c"}, "y");
    file.Output("y");
    file.last_tensor() = tensor;
    file.last_tensor().set_name("c");
    return Computed(file, {1, 2}, {0, 0});
  };
  onnx::TensorProto typed;
  typed.add_dims(2);
  typed.set_data_type(onnx::TensorProto::FLOAT);
  typed.add_float_data(1.5f);
  typed.add_float_data(-2);
  EXPECT_THAT(added(typed), ElementsAre(1.5, -2));
  onnx::TensorProto wide;
  wide.add_dims(2);
  wide.set_data_type(onnx::TensorProto::DOUBLE);
  wide.add_double_data(0.1);
  wide.add_double_data(4);
  EXPECT_THAT(added(wide), ElementsAre(0.1f, 4));
  onnx::TensorProto half;
  half.add_dims(2);
  half.set_data_type(onnx::TensorProto::FLOAT16);
  half.set_raw_data(std::string("\x00\x3e\x01\x80", 4));  // 1.5, -2^-24
  EXPECT_THAT(added(half), ElementsAre(1.5, -std::ldexp(1, -24)));
  onnx::TensorProto brain;
  brain.add_dims(2);
  brain.set_data_type(onnx::TensorProto::BFLOAT16);
  brain.add_int32_data(0x3FC0);
  brain.add_int32_data(0xC000);
  EXPECT_THAT(added(brain), ElementsAre(1.5, -2));
  OnnxFile file;
  file.Input("x", {-1, 2}).Node("Constant", {}, "c");
  onnx::AttributeProto* value = file.last_node().add_attribute();
  value->set_name("value");
  value->set_type(onnx::AttributeProto::TENSOR);
  *value->mutable_t() = typed;
  file.Node("Div", {"x", "c"}, "y").Output("y");
  EXPECT_THAT(Computed(file, {1, 2}, {3, 3}), ElementsAre(2, -1.5));
}

TEST(OnnxImportTest, RefusesWhatIsNotUnderstood) {
  OnnxFile conv = OnnxFile().Input("x", {1, 1, 4, 4}).Floats("w", {1, 1, 2, 2});
  conv.Node("Conv", {"x", "w"}, "c").Output("c");
  EXPECT_EQ(Refusal(conv),
            "node 'c' ('Conv' of domain 'ai.onnx', opset 13): this op is not "
            "understood");
  OnnxFile other = OnnxFile().Input("x", {-1, 2}).Node("Relu", {"x"}, "y");
  other.last_node().set_domain("com.example");
  other.Output("y");
  EXPECT_EQ(Refusal(other),
            "node 'y' ('Relu' of domain 'com.example', opset 13): no op of "
            "this domain is understood");
  const auto relu = [](int opset) {
    return OnnxFile(opset)
        .Input("x", {-1, 2})
        .Node("Relu", {"x"}, "y")
        .Output("y");
  };
  EXPECT_EQ(Refusal(relu(0)), "opset 0: this program reads 1 to 21");
  EXPECT_EQ(Refusal(relu(22)), "opset 22: this program reads 1 to 21");
  EXPECT_THAT(Refusal(relu(13).Set("mode", 1)),
              HasSubstr("attribute 'mode' is not understood"));
  OnnxFile ints = relu(13);
  ints.model.mutable_graph()
      ->mutable_input(0)
      ->mutable_type()
      ->mutable_tensor_type()
      ->set_elem_type(7);
  EXPECT_EQ(
      Refusal(ints),
      "node 'y' ('Relu' of domain 'ai.onnx', opset 13): input 0 is INT64: "
      "expected FLOAT of what is not constant");
  // Modulo 2^64, which ours is not.
  OnnxFile sum = relu(13).Node("Add", {"x", "x"}, "z");
  sum.model.mutable_graph()->mutable_node()->DeleteSubrange(0, 1);
  sum.model.mutable_graph()->mutable_output(0)->set_name("z");
  const auto sum_of = [&](int type) {
    sum.model.mutable_graph()
        ->mutable_input(0)
        ->mutable_type()
        ->mutable_tensor_type()
        ->set_elem_type(type);
    return Refusal(sum);
  };
  EXPECT_EQ(sum_of(6), "");
  EXPECT_THAT(sum_of(7), HasSubstr("input 0 is INT64: expected FLOAT"));
  EXPECT_THAT(sum_of(10),
              HasSubstr("input 'x': elements of type 10: expected"));
  OnnxFile symbolic = OnnxFile().Input("x", {-1, -1}).Node("Relu", {"x"}, "y");
  EXPECT_EQ(Refusal(symbolic.Output("y")),
            "input 'x': dimension 1 is not fixed");
}

TEST(OnnxImportTest, MetadataThatCannotBeRead) {
  const auto refusal = [](const std::string& key, const std::string& value) {
    OnnxFile file = OnnxFile().Input("x", {-1, 2}).Node("Relu", {"x"}, "y");
    file.Output("y");
    onnx::StringStringEntryProto* entry = file.model.add_metadata_props();
    entry->set_key(key);
    entry->set_value(value);
    return Refusal(file);
  };
  EXPECT_EQ(refusal("other", "anything"), "");
  EXPECT_EQ(refusal("espalier.domain.x", "0:1,-1:2.5"), "");
  EXPECT_THAT(refusal("espalier.domain.x", "0:1,0:1,0:1"), HasSubstr("or 2"));
  EXPECT_THAT(refusal("espalier.domain.x", "1:0"), HasSubstr("'x'"));
  EXPECT_THAT(refusal("espalier.domain.x", "0:nan"), HasSubstr("'x'"));
  EXPECT_THAT(refusal("espalier.domain.z", "0:1"), HasSubstr("no such input"));
  EXPECT_THAT(refusal("espalier.class_names", "[1, 2]"),
              HasSubstr("list of names"));
  EXPECT_THAT(refusal("espalier.class_names", "[\"a\"]"),
              HasSubstr("class names"));
  EXPECT_THAT(refusal("espalier.history", "{"), HasSubstr("JSON"));
  EXPECT_THAT(refusal("espalier.more", ""), HasSubstr("is not understood"));
}

}  // namespace
}  // namespace espalier
