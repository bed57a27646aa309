#include "transforms/fold_batch_norm.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/testing/execution.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr char kVectors[] = R"(
  m = state(dtype="f32", shape=[3], initializer="constant", initializer_value=0.0)
  v = state(dtype="f32", shape=[3], initializer="constant", initializer_value=1.0)
  s = parameter(dtype="f32", shape=[3], initializer="constant", initializer_value=1.0)
  t = parameter(dtype="f32", shape=[3], initializer="constant", initializer_value=0.0)
)";

// The graph of these lines, behind the input x [N, 2], weight w [2, 3], bias b
// [3] and the vectors m, v (positive), s and t, with values drawn.
Model ModelOf(const std::string& lines) {
  const std::string text = R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  w = parameter(dtype="f32", shape=[2, 3], initializer="constant", initializer_value=0.0)
  b = parameter(dtype="f32", shape=[3], initializer="constant", initializer_value=0.0)
)" + std::string(kVectors) +
                           lines + "}\n";
  Model model;
  model.graph = ParseGraph(text, StandardOps()).value();
  TestRandom random(1);
  for (const auto& ids : {model.graph.parameters(), model.graph.states()}) {
    for (NodeId id : ids) {
      const Node& node = model.graph.node(id);
      const double low = node.name == "v" ? 0.1 : -1;
      model.values[node.name] =
          random.Tensor(node.type.shape, low, 1).ToTensor();
    }
  }
  return model;
}

int CountKind(const Graph& graph, absl::string_view kind) {
  int count = 0;
  for (const Node& node : graph.nodes()) count += node.op->kind() == kind;
  return count;
}

LeafValues Leaves(const Model& model, const DoubleTensor& x) {
  LeafValues leaves = {{"x", x}};
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  return leaves;
}

// Folded weights and biases are rounded once: each result is off by at most
// (K + 4) 2^-24 times the magnitudes that it is made of, here below 60.
void ExpectSameOutputs(const Model& a, const Model& b) {
  TestRandom random(2);
  const DoubleTensor x = random.Tensor({20, 2}, -3, 3);
  ASSERT_OK_AND_ASSIGN(Execution before,
                       Execution::Create(a.graph, Leaves(a, x)));
  ASSERT_OK_AND_ASSIGN(Execution after,
                       Execution::Create(b.graph, Leaves(b, x)));
  ASSERT_OK_AND_ASSIGN(const LeafValues expected, before.Run(Leaves(a, x)));
  ASSERT_OK_AND_ASSIGN(const LeafValues found, after.Run(Leaves(b, x)));
  ASSERT_EQ(expected.size(), found.size());
  for (const auto& [name, y] : expected) {
    ASSERT_EQ(found.at(name).shape(), y.shape());
    for (int64_t i = 0; i < y.num_elements(); ++i) {
      EXPECT_NEAR(found.at(name)[i], y[i], 60 * 6 * 0x1p-24) << name;
    }
  }
}

constexpr char kNormalize[] =
    "  y = batch_normalize(z, m, v, s, t; epsilon=0.00001)\n";

struct Folded {
  std::string name;
  std::string lines;
};

TEST(FoldBatchNormTest, FoldsWhatItReads) {
  for (const Folded& c : std::vector<Folded>{
           {"dense", "  z = dense(x, w, b)\n"},
           {"matmul and bias",
            "  p = matmul(x, w; transpose_a=false, transpose_b=false)\n"
            "  z = add(p, b)\n"},
           {"bias and matmul",
            "  p = matmul(x, w; transpose_a=false, transpose_b=false)\n"
            "  z = add(b, p)\n"},
           {"transposed",
            "  u = parameter(dtype=\"f32\", shape=[3, 2], "
            "initializer=\"constant\", initializer_value=0.0)\n"
            "  z = matmul(x, u; transpose_a=false, transpose_b=true)\n"},
           {"matmul alone",
            "  z = matmul(x, w; transpose_a=false, transpose_b=false)\n"}}) {
    SCOPED_TRACE(c.name);
    const Model model =
        ModelOf(c.lines + kNormalize + "  r = relu(y)\n  output r = r\n");
    ASSERT_OK_AND_ASSIGN(const Model folded, FoldBatchNorm(model));
    ASSERT_OK(Validate(folded));
    EXPECT_EQ(CountKind(folded.graph, "batch_normalize"), 0);
    EXPECT_TRUE(folded.graph.states().empty());
    EXPECT_EQ(folded.graph.parameters().size(), 2u);
    ExpectSameOutputs(model, folded);
  }
}

TEST(FoldBatchNormTest, FoldsConstantsAndOutputs) {
  const Model model = ModelOf(
      "  k = constant(value=f32[2, 3]{1.0, 2.0, 3.0, 4.0, 5.0, 6.0})\n"
      "  z = dense(x, k, b)\n" +
      std::string(kNormalize) + "  output y = y\n");
  ASSERT_OK_AND_ASSIGN(const Model folded, FoldBatchNorm(model));
  EXPECT_EQ(CountKind(folded.graph, "batch_normalize"), 0);
  EXPECT_EQ(CountKind(folded.graph, "constant"), 1);
  ExpectSameOutputs(model, folded);
}

TEST(FoldBatchNormTest, WhatStays) {
  const std::string dense = "  z = dense(x, w, b)\n";
  for (const Folded& c : std::vector<Folded>{
           {"its layer is an output", dense + kNormalize + "  output z = z\n"},
           {"its layer is read by another",
            dense + kNormalize + "  r = relu(z)\n  output r = r\n"},
           {"its weight is read by another",
            dense + kNormalize + "  r = dense(x, w, b)\n  output r = r\n"},
           {"no product before it",
            "  z = relu(b)\n  q = dense(x, w, z)\n"
            "  a = relu(q)\n"
            "  y = batch_normalize(a, m, v, s, t; epsilon=0.00001)\n"},
           {"its mean is computed",
            dense + "  c = relu(m)\n"
                    "  y = batch_normalize(z, c, v, s, t; epsilon=0.00001)\n"},
           {"its variance is updated",
            dense + kNormalize + "  n = relu(v)\n  update v = n\n"},
           {"its bias serves all columns",
            "  one = constant(value=f32[]{1.0})\n"
            "  p = matmul(x, w; transpose_a=false, transpose_b=false)\n"
            "  z = add(p, one)\n" +
                std::string(kNormalize)},
           {"its bias stretches one column",
            "  u = parameter(dtype=\"f32\", shape=[2, 1], "
            "initializer=\"constant\", initializer_value=0.0)\n"
            "  p = matmul(x, u; transpose_a=false, transpose_b=false)\n"
            "  z = add(p, b)\n" +
                std::string(kNormalize)}}) {
    SCOPED_TRACE(c.name);
    const Model model = ModelOf(c.lines + "  output y = y\n");
    ASSERT_OK_AND_ASSIGN(const Model same, FoldBatchNorm(model));
    EXPECT_EQ(PrintGraph(same.graph), PrintGraph(model.graph));
    EXPECT_EQ(same.values, model.values);
  }
}

TEST(FoldBatchNormTest, WhatWouldNotBeFiniteStays) {
  Model model = ModelOf("  z = dense(x, w, b)\n" + std::string(kNormalize) +
                        "  output y = y\n");
  model.values["v"].data<float>()[1] = -1;
  ASSERT_OK_AND_ASSIGN(const Model same, FoldBatchNorm(model));
  EXPECT_EQ(CountKind(same.graph, "batch_normalize"), 1);
  EXPECT_EQ(same.values, model.values);
}

TEST(FoldBatchNormTest, RefusesAModelThatIsNotValid) {
  Model model = ModelOf("  z = dense(x, w, b)\n" + std::string(kNormalize) +
                        "  output y = y\n");
  model.values.erase("v");
  EXPECT_FALSE(FoldBatchNorm(model).ok());
}

}  // namespace
}  // namespace espalier
