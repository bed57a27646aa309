// Chains of elementwise ops at extreme magnitudes: whatever the runtime makes
// of a chain (fused multiply-adds, joined factors, skipped roundings), each
// result lies in the interval that the ops' Bounds give one by one. Proofs of
// always zero units rest on this.
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interval.h"
#include "graph/leaves.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr int64_t kColumns = 8;

// Of the graph's outputs, for one sample x.
std::vector<IntervalTensor> BoundsOfOutputs(const Graph& graph,
                                            const std::vector<float>& x) {
  std::vector<IntervalTensor> bounds;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (const Tensor* constant = ConstantValue(*node.op)) {
      bounds.push_back(IntervalTensor::Exactly(*constant));
    } else if (AsLeaf(*node.op).has_value()) {
      const Tensor sample(Shape({1, kColumns}), x);
      bounds.push_back(IntervalTensor::Exactly(sample));
    } else {
      std::vector<const IntervalTensor*> inputs;
      for (NodeId input : node.inputs) inputs.push_back(&bounds[input]);
      bounds.push_back(node.op->Bounds(inputs, node.type.shape.Bind(1)));
    }
  }
  std::vector<IntervalTensor> outputs;
  for (const GraphOutput& output : graph.outputs()) {
    outputs.push_back(bounds[output.node]);
  }
  return outputs;
}

std::string Text(const Graph& graph) {
  std::string text;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    text += graph.node(id).ToString() + "\n";
  }
  return text;
}

void ExpectWithinBounds(const Graph& graph, const std::vector<float>& x) {
  const std::vector<double> values(x.begin(), x.end());
  const LeafValues leaves = {{"x", Matrix(1, kColumns, values)}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues results, execution.Run(leaves));
  const std::vector<IntervalTensor> bounds = BoundsOfOutputs(graph, x);
  for (size_t i = 0; i < bounds.size(); ++i) {
    const DoubleTensor& y = results.at(graph.outputs()[i].name);
    for (int64_t j = 0; j < kColumns; ++j) {
      const auto at = static_cast<size_t>(j);
      const double lower = bounds[i].lower[at];
      const double upper = bounds[i].upper[at];
      const bool anything = std::isinf(lower) && std::isinf(upper) &&
                            std::signbit(lower) != std::signbit(upper);
      ASSERT_TRUE(anything || (y[j] >= lower && y[j] <= upper))
          << "x = " << x[at] << " gives " << y[j] << ", outside [" << lower
          << ", " << upper << "]:\n"
          << Text(graph);
    }
  }
}

// Either sign; evenly over the magnitudes, or near 1.
float AnyMagnitude(TestRandom& random) {
  const double range = random.Below(3) == 0 ? 1 : 30;
  const double magnitude = std::pow(10, random.Uniform(-range, range));
  return static_cast<float>(random.Below(2) == 0 ? magnitude : -magnitude);
}

Value RandomOp(GraphBuilder& g, const std::vector<Value>& values,
               TestRandom& random) {
  const auto any = [&] {
    // Mostly the newest, which makes chains.
    const auto size = static_cast<int64_t>(values.size());
    const int64_t back = random.Below(2) == 0 ? 0 : random.Below(size);
    return values[static_cast<size_t>(size - 1 - back)];
  };
  const auto other = [&] {
    return random.Below(3) == 0 ? g.Constant(AnyMagnitude(random)) : any();
  };
  switch (random.Below(12)) {
    case 0:
    case 1:
      return Add(any(), other());
    case 2:
      return Sub(any(), other());
    case 3:
      return Sub(other(), any());
    case 4:
      return Mul(any(), other());
    case 5:
      return Div(any(), other());
    case 6:
      return Div(other(), any());
    case 7:
      return Sqrt(Abs(any()));
    case 8:
      return Square(any());
    case 9:
      return Neg(any());
    default:
      return Scale(any(), AnyMagnitude(random), random.Below(8) == 0);
  }
}

TEST(ExecutionBoundsTest, HoldForRandomChains) {
  TestRandom random(11);
  for (int chain = 0; chain < 1500 && !testing::Test::HasFailure(); ++chain) {
    GraphBuilder g("chain");
    std::vector<Value> values = {g.Input("x", {kBatch, kColumns})};
    const int64_t ops = 2 + random.Below(8);
    while (static_cast<int64_t>(values.size()) <= ops) {
      values.push_back(RandomOp(g, values, random));
    }
    g.Output("y", values.back());
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    std::vector<float> x;
    for (int64_t j = 0; j < kColumns; ++j) x.push_back(AnyMagnitude(random));
    ExpectWithinBounds(graph, x);
  }
}

// Formulas that the runtime contracts, with every mixture of magnitudes.
TEST(ExecutionBoundsTest, HoldForContractedFormulas) {
  TestRandom random(12);
  for (int i = 0; i < 400 && !testing::Test::HasFailure(); ++i) {
    GraphBuilder g("formulas");
    const Value x = g.Input("x", {kBatch, kColumns});
    const auto number = [&] { return AnyMagnitude(random); };
    const auto array = [&] { return Scale(x, number()); };
    const auto addend = [&] { return Add(array(), g.Constant(number())); };
    g.Output("scales", Scale(Scale(x, number()), number()));
    g.Output("scaled_ratio", Add(Scale(Div(array(), addend()), number()),
                                 g.Constant(number())));
    g.Output("ratio", Sub(addend(), Div(Scale(x, number()), addend())));
    g.Output("square", Add(array(), Scale(Square(addend()), number())));
    const Value d = addend();
    g.Output("split_square", Add(array(), Mul(Scale(d, number()), d)));
    g.Output("root", Sub(addend(), Scale(Sqrt(Abs(array())), number())));
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    std::vector<float> values;
    for (int64_t j = 0; j < kColumns; ++j) values.push_back(number());
    ExpectWithinBounds(graph, values);
  }
}

// relu(-1e-27 * (h / q) + b) is zero; with (-1e-27 * h) / q it would be b.
TEST(ExecutionBoundsTest, AScaledQuotientDoesNotUnderflow) {
  GraphBuilder g("scaled_quotient");
  const Value h = g.Input("x", {kBatch, kColumns});
  const Value ratio = Div(h, g.Constant(1e-20f));
  g.Output("y", Relu(Add(Scale(ratio, -1e-27f), g.Constant(1e-20f))));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ExpectWithinBounds(graph, std::vector<float>(kColumns, 1e-12f));
}

// 1e36 * mean(1e-36) is 0 in a run, as means take the smallest numbers for 0.
TEST(ExecutionBoundsTest, HoldForMeansOfSmallNumbers) {
  GraphBuilder g("small_mean");
  const Value x = g.Input("x", {kBatch, kColumns});
  const Tensor small({4}, {1e-36f, 1e-36f, 1e-36f, 1e-36f});
  g.Output("y", Mul(x, Mean(g.Constant(small))));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ExpectWithinBounds(graph, std::vector<float>(kColumns, 1e36f));
}

}  // namespace
}  // namespace espalier
