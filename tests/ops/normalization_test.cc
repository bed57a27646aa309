#include "ops/normalization.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/layers.h"
#include "ops/reduce.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"
#include "transforms/passes.h"

namespace espalier {
namespace {

using testing::HasSubstr;

constexpr float kEpsilon = 1e-5f;

std::string Error(const Shape& x, const Shape& mean, float epsilon) {
  GraphBuilder g("test");
  const Value c = g.Input("c", mean);
  BatchNormalize(g.Input("x", x), c, c, c, c, epsilon);
  return std::string(g.status().message());
}

TEST(BatchNormalizeTest, SaysWhatItExpects) {
  EXPECT_EQ(Error({kBatch, 3}, {3}, kEpsilon), "");
  EXPECT_THAT(Error({kBatch}, {3}, kEpsilon),
              HasSubstr("x is f32[N]: expected f32[N, C] or f32[N, C, ...]"));
  EXPECT_THAT(Error({kBatch, 3}, {4}, kEpsilon),
              HasSubstr("mean is f32[4], x is f32[N, 3]: expected f32[3]"));
  for (float epsilon : {0.0f, -1.0f, std::numeric_limits<float>::infinity(),
                        std::numeric_limits<float>::quiet_NaN()}) {
    EXPECT_THAT(Error({kBatch, 3}, {3}, epsilon), HasSubstr("epsilon is"));
  }
}

TEST(BatchStatisticsTest, RefuseChannelsOfNothing) {
  GraphBuilder g("test");
  BatchMean(g.Input("x", {kBatch, 3, 0}), g.State("m", {3}));
  EXPECT_THAT(g.status().message(),
              HasSubstr("x is f32[N, 3, 0]: expected an element in each"));
  GraphBuilder h("test");
  const Value m = h.State("m", {2});
  BatchVariance(h.Input("x", {0, 2}), m, m);
  EXPECT_THAT(h.status().message(), HasSubstr("x is f32[0, 2]: expected an"));
}

// A layer with its statistics, and what was fed to it.
struct Layer {
  explicit Layer(const Shape& shape, float momentum = 0.1f) {
    layers::BatchNormOptions options;
    options.momentum = momentum;
    GraphBuilder g("test");
    g.Output("y", layers::BatchNorm(g.Input("x", shape), options));
    graph = g.Build().value();
    for (const auto& ids : {graph.parameters(), graph.states()}) {
      for (NodeId id : ids) {
        const Node& node = graph.node(id);
        leaves[node.name] =
            DoubleTensor(node.type.shape, LeafInitializer(*node.op)->value);
      }
    }
  }
  Graph graph;
  LeafValues leaves;
};

// Mean and variance over a batch of plain columns, by the textbook.
struct Statistics {
  double mean = 0, biased = 0, unbiased = 0;
};
Statistics OfColumn(const DoubleTensor& x, int64_t column) {
  const int64_t columns = x.shape().dim(1);
  const int64_t n = x.shape().dim(0);
  Statistics s;
  for (int64_t i = 0; i < n; ++i) s.mean += x[i * columns + column];
  s.mean /= static_cast<double>(n);
  for (int64_t i = 0; i < n; ++i) {
    s.biased += std::pow(x[i * columns + column] - s.mean, 2);
  }
  s.unbiased = s.biased / static_cast<double>(n - 1);
  s.biased /= static_cast<double>(n);
  return s;
}

TEST(BatchNormLayerTest, NormalizesAndKeepsRunningStatistics) {
  Layer layer({kBatch, 2});
  ASSERT_OK_AND_ASSIGN(Execution execution,
                       Execution::Create(layer.graph, layer.leaves));
  TestRandom random(1);
  double mean = 0, variance = 1;  // of column 1
  for (int step = 0; step < 3; ++step) {
    layer.leaves["x"] = random.Tensor({7, 2}, 2, 5);
    const Statistics s = OfColumn(layer.leaves["x"], 1);
    ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run(layer.leaves));
    ASSERT_OK_AND_ASSIGN(const InterpretedRun expected,
                         Interpret(layer.graph, layer.leaves));
    for (int64_t i = 0; i < 7; ++i) {
      const double x = layer.leaves["x"][2 * i + 1];
      const double y = (x - s.mean) / std::sqrt(s.biased + kEpsilon);
      EXPECT_NEAR(run.at("y")[2 * i + 1], y, 1e-5);
    }
    mean = 0.9 * mean + 0.1 * s.mean;
    variance = 0.9 * variance + 0.1 * s.unbiased;
    for (const char* name :
         {"batch_norm/running_mean", "batch_norm/running_variance"}) {
      layer.leaves[name] = expected.updates.at(name);
    }
    EXPECT_NEAR(layer.leaves["batch_norm/running_mean"][1], mean, 1e-6);
    EXPECT_NEAR(layer.leaves["batch_norm/running_variance"][1], variance, 1e-6);
  }
}

// The same numbers through the session's own states.
TEST(BatchNormLayerTest, TheInferenceFormReadsTheRunningStatistics) {
  Layer layer({kBatch, 2});
  ASSERT_OK_AND_ASSIGN(const Graph inference,
                       InferenceForm(layer.graph, {"y"}));
  EXPECT_TRUE(inference.updates().empty());
  EXPECT_EQ(inference.states().size(), 2u);
  for (const Node& node : inference.nodes()) {
    EXPECT_NE(node.op->kind(), "batch_mean");
    EXPECT_NE(node.op->kind(), "batch_variance");
  }
  layer.leaves["batch_norm/running_mean"] = Vector({1, 2});
  layer.leaves["batch_norm/running_variance"] = Vector({4, 9});
  layer.leaves["batch_norm/scale"] = Vector({1, 10});
  layer.leaves["batch_norm/shift"] = Vector({0, 1});
  layer.leaves["x"] = Matrix(1, 2, {3, 5});
  ASSERT_OK_AND_ASSIGN(Execution execution,
                       Execution::Create(inference, layer.leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run(layer.leaves));
  EXPECT_NEAR(run.at("y")[0], 1, 1e-5);
  EXPECT_NEAR(run.at("y")[1], 11, 1e-4);
  // An empty batch is a batch.
  layer.leaves["x"] = DoubleTensor(Shape({0, 2}));
  ASSERT_OK_AND_ASSIGN(const LeafValues none, execution.Run(layer.leaves));
  EXPECT_EQ(none.at("y").num_elements(), 0);
}

// One row has no variance to estimate: the running one stays as it is, and the
// result is the shift.
TEST(BatchNormLayerTest, ABatchOfOneLeavesTheRunningVariance) {
  for (const Shape& shape : {Shape({kBatch, 2}), Shape({1, 2})}) {
    Layer layer(shape);
    layer.leaves["batch_norm/running_variance"] = Vector({3, 4});
    layer.leaves["batch_norm/shift"] = Vector({5, 6});
    layer.leaves["x"] = Matrix(1, 2, {10, 20});
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                         Interpret(layer.graph, layer.leaves));
    EXPECT_EQ(run.outputs.at("y").values(), (std::vector<double>{5, 6}));
    const DoubleTensor& mean = run.updates.at("batch_norm/running_mean");
    EXPECT_NEAR(mean[0], 1, 1e-6);
    EXPECT_NEAR(mean[1], 2, 1e-6);
    const auto variance = run.updates.find("batch_norm/running_variance");
    if (variance != run.updates.end()) {
      EXPECT_NEAR(variance->second[0], 3, 1e-12);
      EXPECT_NEAR(variance->second[1], 4, 1e-12);
    } else {
      EXPECT_FALSE(shape.has_symbolic_batch());
    }
    ASSERT_OK_AND_ASSIGN(Execution execution,
                         Execution::Create(layer.graph, layer.leaves));
    ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run(layer.leaves));
    EXPECT_EQ(found.at("y").values(), (std::vector<double>{5, 6}));
  }
}

// Columns of equal values: the variance is 0, epsilon keeps the result finite.
TEST(BatchNormLayerTest, ConstantChannelsBecomeTheShift) {
  Layer layer({kBatch, 1});
  layer.leaves["batch_norm/shift"] = Vector({-2});
  layer.leaves["x"] = Matrix(4, 1, {7, 7, 7, 7});
  ASSERT_OK_AND_ASSIGN(Execution execution,
                       Execution::Create(layer.graph, layer.leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run(layer.leaves));
  for (double y : run.at("y").values()) EXPECT_EQ(y, -2);
}

TEST(BatchNormLayerTest, RefusesOptionsOutOfRange) {
  const auto error = [](float momentum, float epsilon) {
    GraphBuilder g("test");
    layers::BatchNormOptions options;
    options.momentum = momentum;
    options.epsilon = epsilon;
    layers::BatchNorm(g.Input("x", {kBatch, 3}), options);
    return std::string(g.status().message());
  };
  EXPECT_EQ(error(0, 1e-5f), "");
  EXPECT_EQ(error(1, 1e-5f), "");
  EXPECT_THAT(error(1.5f, 1e-5f), HasSubstr("momentum is 1.5"));
  EXPECT_THAT(error(-0.1f, 1e-5f), HasSubstr("momentum is -0.1"));
  EXPECT_THAT(error(0.1f, 0), HasSubstr("epsilon is 0"));
  GraphBuilder g("test");
  layers::BatchNorm(g.Input("x", {kBatch}));
  EXPECT_THAT(g.status().message(), HasSubstr("layer 'batch_norm': "));
}

// Differences of the largest numbers: the result is a float32, what is on the
// way need not be.
TEST(BatchNormalizeTest, DifferencesMayBeTooLarge) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 1});
  const auto vector = [&](const char* name) { return g.Input(name, {1}); };
  g.Output("y", BatchNormalize(x, vector("mean"), vector("variance"),
                               vector("scale"), vector("shift"), kEpsilon));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const LeafValues leaves = {{"x", Matrix(1, 1, {3e38f})},
                             {"mean", Vector({-3e38f})},
                             {"variance", Vector({1e36f})},
                             {"scale", Vector({1})},
                             {"shift", Vector({0})}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run(leaves));
  EXPECT_NEAR(run.at("y")[0], 6e20, 1e15);
}

// In training there is nothing to estimate from; the run says so.
TEST(BatchNormLayerTest, AnEmptyBatchIsRefusedInTraining) {
  Layer layer({kBatch, 2});
  layer.leaves["x"] = DoubleTensor(Shape({0, 2}));
  ASSERT_OK_AND_ASSIGN(Execution execution,
                       Execution::Create(layer.graph, layer.leaves));
  EXPECT_THAT(execution.Run(layer.leaves),
              StatusIs(absl::StatusCode::kOutOfRange,
                       HasSubstr("batch_norm/running_")));
}

TEST(LayerNormTest, AnEmptyBatchGivesAnEmptyResult) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 3});
  const Value y = layers::LayerNorm(x);
  g.Output("y", y);
  g.Output("dx", Gradients(Sum(y), {x})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const LeafValues leaves = {{"x", DoubleTensor(Shape({0, 3}))},
                             {"layer_norm/scale", Vector({1, 1, 1})},
                             {"layer_norm/shift", Vector({0, 0, 0})}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run(leaves));
  EXPECT_EQ(run.at("y").num_elements(), 0);
  EXPECT_EQ(run.at("dx").num_elements(), 0);
}

// The loss of normalized columns does not change when a column is shifted or
// stretched, so its gradient is orthogonal to both, whatever the loss is.
TEST(BatchNormLayerTest, GradientsAreThoseOfTheWholeLayer) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 3, 2});
  layers::BatchNormOptions options;
  options.epsilon = 1e-12f;
  const Value y = layers::BatchNorm(x, options);
  const Value c = g.Input("c", {kBatch, 3, 2});
  g.Output("dx", Gradients(Sum(Mul(y, Mul(y, c))), {x})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  TestRandom random(3);
  LeafValues leaves = Layer({kBatch, 3, 2}).leaves;
  leaves["x"] = random.Tensor({6, 3, 2}, -1, 1);
  leaves["c"] = random.Tensor({6, 3, 2}, -1, 1);
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run(leaves));
  const DoubleTensor& dx = run.at("dx");
  for (int64_t channel = 0; channel < 3; ++channel) {
    double sum = 0, along_x = 0, size = 0;
    for (int64_t i = 0; i < dx.num_elements(); ++i) {
      if (i / 2 % 3 != channel) continue;
      sum += dx[i];
      along_x += dx[i] * leaves["x"][i];
      size += std::fabs(dx[i]);
    }
    EXPECT_GT(size, 0.1);
    EXPECT_NEAR(sum, 0, 1e-5);
    EXPECT_NEAR(along_x, 0, 1e-5);
  }
}

}  // namespace
}  // namespace espalier
