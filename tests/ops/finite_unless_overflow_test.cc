// Op::FiniteUnlessOverflow of every op, held against what it computes.
#include <cmath>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/random_tensors.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

// Zeros, numbers of both signs and equal ones, none that overflows in double
// precision.
DoubleTensor Draw(const TensorType& type, int64_t classes, TestRandom& random) {
  DoubleTensor values(type.shape.Bind(4));
  for (int64_t i = 0; i < values.num_elements(); ++i) {
    values[i] = type.dtype == DataType::kI32
                    ? static_cast<double>(random.Below(classes))
                    : static_cast<double>(random.Below(7) - 3) * 17;
  }
  return values;
}

bool MakesNonFinite(const OpCase& op_case) {
  const Graph graph = BuildCase(op_case).value();
  TestRandom random(3);
  for (int round = 0; round < 20; ++round) {
    LeafValues leaves;
    for (NodeId id : graph.inputs()) {
      const Node& input = graph.node(id);
      leaves[input.name] = Draw(input.type, op_case.classes, random);
    }
    const DoubleTensor y = Interpret(graph, leaves).value().outputs.at("y");
    for (double value : y.values()) {
      if (!std::isfinite(value)) return true;
    }
  }
  return false;
}

// What the node says when each operand is any finite number from `lower` on.
bool Promises(const Graph& graph, const Node& node, double lower) {
  std::vector<IntervalTensor> boxes;
  for (NodeId input : node.inputs) {
    const Shape shape = graph.node(input).type.shape.Bind(1);
    const auto size = static_cast<size_t>(shape.num_elements());
    boxes.push_back(
        {shape, std::vector<double>(size, lower),
         std::vector<double>(size, std::numeric_limits<float>::max())});
  }
  std::vector<const IntervalTensor*> inputs;
  for (const IntervalTensor& box : boxes) inputs.push_back(&box);
  return node.op->FiniteUnlessOverflow(inputs);
}

bool Promises(const Graph& graph, double lower) {
  return Promises(graph, graph.node(graph.outputs()[0].node), lower);
}

TEST(FiniteUnlessOverflowTest, WhoPromisesItKeepsIt) {
  constexpr double kLeast = std::numeric_limits<float>::lowest();
  std::set<std::string> without;
  std::set<std::string> non_finite;
  for (const OpCase& op_case : OpCases()) {
    const Graph graph = BuildCase(op_case).value();
    if (Promises(graph, kLeast)) {
      EXPECT_FALSE(MakesNonFinite(op_case)) << op_case.name;
      EXPECT_EQ(without.count(op_case.kind), 0u) << op_case.name;
      continue;
    }
    without.insert(op_case.kind);
    if (MakesNonFinite(op_case)) non_finite.insert(op_case.kind);
  }
  EXPECT_THAT(
      without,
      ElementsAre("add_i32", "batch_mean", "batch_normalize", "batch_variance",
                  "cast", "div", "layer_norm_grad", "log", "log1p",
                  "log_softmax", "softmax", "softmax_cross_entropy",
                  "softmax_cross_entropy_grad", "sqrt"));
  EXPECT_THAT(non_finite,
              ElementsAre("batch_normalize", "div", "log", "log1p", "sqrt"));
}

TEST(FiniteUnlessOverflowTest, OfABatchNormalizationIfNoVarianceIsNegative) {
  GraphBuilder g("norm");
  const Value c = g.Input("c", {2});
  g.Output("y", BatchNormalize(g.Input("x", {kBatch, 2}), c, c, c, c, 1e-5f));
  const Graph graph = g.Build().value();
  EXPECT_TRUE(Promises(graph, 0));
  EXPECT_FALSE(Promises(graph, -1e-30));
}

// The mean of nothing is NaN, its sum 0.
TEST(FiniteUnlessOverflowTest, OfAMeanIfThereIsAnElement) {
  const auto promises = [](int64_t columns, bool mean) {
    GraphBuilder g("reduce");
    const Value x = g.Input("x", {kBatch, columns});
    g.Output("y", mean ? Mean(x, {1}) : Sum(x, {1}));
    return Promises(g.Build().value(), -1);
  };
  EXPECT_TRUE(promises(1, true));
  EXPECT_FALSE(promises(0, true));
  EXPECT_TRUE(promises(0, false));
}

}  // namespace
}  // namespace espalier
