#include "serialization/onnx/export.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <fstream>
#include <iterator>
#include <limits>
#include <map>
#include <set>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "graph/leaves.h"
#include "graph/version.h"
#include "gtest/gtest.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/dense.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"
#include "ops/layers.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "serialization/model_file.h"
#include "serialization/onnx/export_table.h"
#include "tests/ops/op_cases.h"
#include "tests/serialization/onnx/onnx_table.h"
#include "tests/serialization/onnx/onnx_text.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// Of the graph's parameters and states: their numbers, counted from 1.
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

// The nodes of a model whose output "y" is what `build` makes of x, [N, 3].
std::string Exported(const std::function<Value(Value x)>& build,
                     int opset = 17) {
  GraphBuilder g("net");
  g.Output("y", build(g.Input("x", {kBatch, 3})));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  const absl::StatusOr<std::string> bytes =
      ExportOnnx(ModelOf(*graph), {opset});
  EXPECT_OK(bytes);
  return PrintNodes(ParseOnnx(*bytes).graph());
}

absl::Status Refusal(GraphBuilder& g) {
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  return ExportOnnx(ModelOf(*graph)).status();
}

bool IsIdentifier(const std::string& name) {
  return !name.empty() &&
         !absl::ascii_isdigit(static_cast<unsigned char>(name[0])) &&
         std::all_of(name.begin(), name.end(), [](unsigned char c) {
           return absl::ascii_isalnum(c) || c == '_';
         });
}

// What the specification of ONNX asks of any file.
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

TEST(OnnxRowsTest, HaveEveryKindOnce) {
  std::vector<std::string> kinds;
  for (const OnnxRow& row : OnnxRows()) kinds.emplace_back(row.kind);
  std::vector<std::string> expected;
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    expected.emplace_back(entry.kind);
  }
  EXPECT_EQ(kinds, expected)
      << "the rows are those of serialization/onnx/export_table.cc";
}

TEST(OnnxRowsTest, SayWhatTheyAre) {
  for (const OnnxRow& row : OnnxRows()) {
    const bool written = row.form == OnnxRow::Form::kWritten;
    EXPECT_EQ(row.write != nullptr, written) << row.kind;
    EXPECT_EQ(row.text.empty(), written) << row.kind;
    EXPECT_EQ(row.form == OnnxRow::Form::kLeaf, IsLeafKind(row.kind));
    EXPECT_EQ(FindOnnxRow(row.kind), &row);
  }
  EXPECT_EQ(FindOnnxRow("none"), nullptr);
}

TEST(OnnxTableTest, OfTheDocumentationIsCurrent) {
  std::ifstream stream(absl::StrCat(ESPALIER_SOURCE_DIR, "/docs/onnx.md"));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto lines_from_head = [](absl::string_view table) {
    const size_t head = table.find("| kind | in ONNX |");
    EXPECT_NE(head, absl::string_view::npos);
    return std::vector<std::string>(
        absl::StrSplit(table.substr(std::min(head, table.size())), '\n'));
  };
  EXPECT_EQ(lines_from_head(text), lines_from_head(OnnxTable()))
      << "onnx_cases --table prints what belongs into docs/onnx.md";
}

class OnnxCaseTest : public testing::TestWithParam<OpCase> {};

TEST_P(OnnxCaseTest, IsWrittenOrRefusedWithItsReason) {
  const OnnxRow* row = FindOnnxRow(GetParam().kind);
  ASSERT_NE(row, nullptr);
  for (const Operands operands : {Operands::kInputs, Operands::kParameters}) {
    ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(GetParam(), operands));
    for (int opset = kFirstOnnxOpset; opset <= kLastOnnxOpset; ++opset) {
      const absl::StatusOr<std::string> bytes =
          ExportOnnx(ModelOf(graph), {opset});
      if (row->form == OnnxRow::Form::kNone) {
        EXPECT_THAT(bytes, StatusIs(absl::StatusCode::kUnimplemented,
                                    HasSubstr(std::string(row->text))));
        continue;
      }
      ASSERT_OK(bytes);
      const onnx::ModelProto model = ParseOnnx(*bytes);
      CheckStructure(model, opset);
      ASSERT_EQ(model.graph().input_size(),
                static_cast<int>(graph.inputs().size()));
      for (int i = 0; i < model.graph().input_size(); ++i) {
        const Node& input = graph.node(graph.inputs()[static_cast<size_t>(i)]);
        EXPECT_EQ(model.graph().input(i).name(), input.name);
        EXPECT_EQ(PrintType(model.graph().input(i)), input.type.ToString());
      }
      ASSERT_EQ(model.graph().output_size(), 1);
      EXPECT_EQ(model.graph().output(0).name(), "y");
      EXPECT_EQ(PrintType(model.graph().output(0)),
                graph.node(graph.outputs()[0].node).type.ToString());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OnnxCaseTest, testing::ValuesIn(OpCases()),
                         [](const testing::TestParamInfo<OpCase>& info) {
                           return info.param.name;
                         });

TEST(OnnxNodesTest, Elementwise) {
  EXPECT_EQ(Exported([](Value x) { return LeakyRelu(x, 0.25f); }),
            "y = LeakyRelu(x; alpha=0.25)\n");
  EXPECT_EQ(Exported([](Value x) { return Scale(x, 3); }), "y = Mul(x, 3)\n");
  EXPECT_EQ(Exported([](Value x) { return Square(x); }), "y = Mul(x, x)\n");
  EXPECT_EQ(Exported([](Value x) { return Clip(x, -1, 2.5f); }),
            "y = Clip(x, -1, 2.5)\n");
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Exported([](Value x) { return Clip(x, -kInfinity, 1); }),
            "y = Clip(x, , 1)\n");
  EXPECT_EQ(Exported([](Value x) { return Clip(x, 1, kInfinity); }),
            "y = Clip(x, 1)\n");
  EXPECT_EQ(Exported([](Value x) { return Clip(x, -kInfinity, kInfinity); }),
            "y = Clip(x)\n");
  EXPECT_EQ(Exported([](Value x) { return SelectGreater(x, x, x, x, "s"); }),
            "s_lessorequal = LessOrEqual(x, x)\n"
            "s_where = Where(s_lessorequal, x, nan)\n"
            "s_greater = Greater(x, x)\n"
            "y = Where(s_greater, x, s_where)\n");
  EXPECT_EQ(Exported([](Value x) { return Expm1(x, "e"); }),
            "e_mul = Mul(x, 0.5)\n"
            "e_tanh = Tanh(e_mul)\n"
            "e_mul_1 = Mul(e_tanh, 2)\n"
            "e_sub = Sub(1, e_tanh)\n"
            "e_div = Div(e_mul_1, e_sub)\n"
            "e_exp = Exp(x)\n"
            "e_sub_1 = Sub(e_exp, 1)\n"
            "e_abs = Abs(x)\n"
            "e_less = Less(e_abs, 1)\n"
            "y = Where(e_less, e_div, e_sub_1)\n");
  EXPECT_EQ(Exported([](Value x) { return Log1p(x, "l"); }),
            "l_add = Add(x, 1)\n"
            "l_log = Log(l_add)\n"
            "l_sub = Sub(l_add, 1)\n"
            "l_sub_1 = Sub(l_sub, x)\n"
            "l_div = Div(l_sub_1, l_add)\n"
            "l_sub_2 = Sub(l_log, l_div)\n"
            "l_abs = Abs(x)\n"
            "l_less = Less(l_abs, 0.5)\n"
            "y = Where(l_less, l_sub_2, l_log)\n");
  EXPECT_EQ(Exported([](Value x) { return NormalCdf(x, "c"); }),
            "c_mul = Mul(x, 0.707107)\n"
            "c_erf = Erf(c_mul)\n"
            "c_add = Add(c_erf, 1)\n"
            "y = Mul(c_add, 0.5)\n");
  EXPECT_EQ(Exported([](Value x) { return Scale(x, 3, true, "s"); }),
            "batch_shape = Shape(x)\n"
            "batch_size = Gather(batch_shape, [0])\n"
            "s_cast = Cast(batch_size; to=1)\n"
            "s_mul = Mul(x, 3)\n"
            "y = Div(s_mul, s_cast)\n");
}

TEST(OnnxNodesTest, Activations) {
  EXPECT_EQ(Exported([](Value x) { return Elu(x, 0.5f); }),
            "y = Elu(x; alpha=0.5)\n");
  EXPECT_EQ(Exported([](Value x) { return Celu(x, 2); }),
            "y = Celu(x; alpha=2)\n");
  EXPECT_EQ(Exported([](Value x) { return HardSigmoid(x, 0.25f, 0.125f); }),
            "y = HardSigmoid(x; alpha=0.25, beta=0.125)\n");
  const auto hard_swish = [](Value x) { return HardSwish(x, "h"); };
  EXPECT_EQ(Exported(hard_swish, 14), "y = HardSwish(x)\n");
  EXPECT_EQ(Exported(hard_swish, 13),
            "h_hardsigmoid = HardSigmoid(x; alpha=0.166667, beta=0.5)\n"
            "y = Mul(x, h_hardsigmoid)\n");
  const auto mish = [](Value x) { return Mish(x, "m"); };
  EXPECT_EQ(Exported(mish, 18), "y = Mish(x)\n");
  EXPECT_EQ(Exported(mish, 17),
            "m_softplus = Softplus(x)\n"
            "m_tanh = Tanh(m_softplus)\n"
            "y = Mul(x, m_tanh)\n");
  const auto gelu = [](Value x) { return Gelu(x, "g"); };
  EXPECT_EQ(Exported(gelu, 20), "y = Gelu(x)\n");
  EXPECT_EQ(Exported(gelu, 19),
            "g_mul = Mul(x, 0.5)\n"
            "g_mul_1 = Mul(x, 0.707107)\n"
            "g_erf = Erf(g_mul_1)\n"
            "g_add = Add(g_erf, 1)\n"
            "y = Mul(g_mul, g_add)\n");
  const auto gelu_tanh = [](Value x) { return GeluTanh(x, "g"); };
  EXPECT_EQ(Exported(gelu_tanh, 20), "y = Gelu(x; approximate=tanh)\n");
  EXPECT_EQ(Exported(gelu_tanh, 19),
            "g_mul = Mul(x, x)\n"
            "g_mul_1 = Mul(g_mul, 0.0713548)\n"
            "g_add = Add(g_mul_1, 1.59577)\n"
            "g_mul_2 = Mul(x, g_add)\n"
            "g_sigmoid = Sigmoid(g_mul_2)\n"
            "y = Mul(x, g_sigmoid)\n");
  EXPECT_EQ(Exported([](Value x) { return Silu(x, "s"); }),
            "s_sigmoid = Sigmoid(x)\n"
            "y = Mul(x, s_sigmoid)\n");
  EXPECT_EQ(Exported([](Value x) { return Swish(x, 2, "s"); }),
            "s_mul = Mul(x, 2)\n"
            "s_sigmoid = Sigmoid(s_mul)\n"
            "y = Mul(x, s_sigmoid)\n");
}

TEST(OnnxNodesTest, Products) {
  const auto square = [](Value x) {
    return x.builder()->Parameter("w", {3, 3}, Initializer::Zeros());
  };
  EXPECT_EQ(Exported([&](Value x) { return MatMul(x, square(x)); }),
            "y = MatMul(x, w)\n");
  EXPECT_EQ(
      Exported([&](Value x) { return MatMul(x, square(x), false, true); }),
      "y = Gemm(x, w; transA=0, transB=1)\n");
  EXPECT_EQ(Exported([&](Value x) { return MatMul(x, x, true, false); }),
            "y = Gemm(x, x; transA=1, transB=0)\n");
  EXPECT_EQ(Exported([&](Value x) {
              return Dense(x, square(x), x.builder()->State("b", Shape({3})));
            }),
            "y = Gemm(x, w, b)\n");
}

TEST(OnnxNodesTest, AxesAreAnAttributeBeforeOpset18) {
  const auto mean = [](Value x) { return Mean(x, {0, -1}); };
  EXPECT_EQ(Exported(mean, 17),
            "y = ReduceMean(x; keepdims=0, axes=[0, -1])\n");
  EXPECT_EQ(Exported(mean, 18), "y = ReduceMean(x, [0, -1]; keepdims=0)\n");
  const auto sum = [](Value x) { return Sum(x, {1}, true); };
  EXPECT_EQ(Exported(sum, 13), "y = ReduceSum(x, [1]; keepdims=1)\n");
  EXPECT_EQ(Exported(sum, 21), "y = ReduceSum(x, [1]; keepdims=1)\n");
  EXPECT_EQ(Exported([](Value x) { return Sum(x); }),
            "y = ReduceSum(x; keepdims=0)\n");
}

TEST(OnnxNodesTest, OverRows) {
  EXPECT_EQ(Exported([](Value x) { return Softmax(x); }),
            "y = Softmax(x; axis=-1)\n");
  EXPECT_EQ(Exported([](Value x) { return LogSoftmax(x); }),
            "y = LogSoftmax(x; axis=-1)\n");
}

TEST(OnnxNodesTest, Shapes) {
  EXPECT_EQ(Exported([](Value x) {
              return Reshape(x, {kBatch, 1, 3});
            }),
            "y = Reshape(x, [0, 1, 3])\n");
  EXPECT_EQ(Exported([](Value x) {
              return BroadcastTo(Sum(x, {1}, true, "s"), {kBatch, 4});
            }),
            "s = ReduceSum(x, [1]; keepdims=1)\n"
            "y = Expand(s, [1, 4])\n");
  EXPECT_EQ(Exported([](Value x) {
              return BroadcastTo(Sum(x, {0}, false, "s"), {kBatch, 3}, "b");
            }),
            "s = ReduceSum(x, [0]; keepdims=0)\n"
            "batch_shape = Shape(x)\n"
            "batch_size = Gather(batch_shape, [0])\n"
            "b_concat = Concat(batch_size, [3]; axis=0)\n"
            "y = Expand(s, b_concat)\n");
}

TEST(OnnxNodesTest, Movements) {
  EXPECT_EQ(Exported([](Value x) {
              return Transpose(Reshape(x, {kBatch, 3, 1}, "r"), {0, -1, 1});
            }),
            "r = Reshape(x, [0, 3, 1])\n"
            "y = Transpose(r; perm=[0, 2, 1])\n");
  EXPECT_EQ(Exported([](Value x) {
              return Concat({x, x}, -1);
            }),
            "y = Concat(x, x; axis=1)\n");
  EXPECT_EQ(Exported([](Value x) { return Slice(x, {1}, {0}, {2}); }),
            "y = Slice(x, [0], [2], [1], [1])\n");
  EXPECT_EQ(Exported([](Value x) { return Slice(x, {1}, {0}, {3}, {2}); }),
            "y = Slice(x, [0], [3], [1], [2])\n");
  EXPECT_EQ(Exported([](Value x) {
              return Pad(x, {0, 1}, {0, 2});
            }),
            "y = Pad(x, [0, 1, 0, 2])\n");
  // Zeros in between: each element becomes a row of one and two zeros.
  EXPECT_EQ(Exported([](Value x) {
              return Pad(x, {0, 1}, {0, 0}, {0, 2}, "p");
            }),
            "p_reshape = Reshape(x, [0, 3, 1])\n"
            "p_pad = Pad(p_reshape, [0, 0, 0, 0, 0, 2])\n"
            "p_reshape_1 = Reshape(p_pad, [0, 9])\n"
            "y = Pad(p_reshape_1, [0, 1, 0, -2])\n");
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
