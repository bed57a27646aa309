#include "runtime/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "graph/builder.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "tests/runtime/compare_with_interpreter.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

Graph MustBuild(GraphBuilder& g) {
  absl::StatusOr<Graph> graph = g.Build();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *graph : Graph();
}

// The curve fit: 1 - 30 relu - 1, mean squared error, Adam.
Graph CosineGraph() {
  GraphBuilder g("cosine");
  const Value x = g.Input("x", {kBatch, 1});
  const Value target = g.Input("target", {kBatch, 1});
  const Value hidden = layers::Dense(x, 30, Activation::kRelu);
  const Value y = layers::Dense(hidden, 1);
  const Value loss = MeanSquaredError(y, target);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> updated =
      Adam(parameters, Gradients(loss, parameters), g.Constant(0.01f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  g.Output("y", y);
  g.Output("loss", loss);
  return MustBuild(g);
}

Graph ClassifierGraph(int64_t inputs, int64_t hidden, bool train) {
  GraphBuilder g("classifier");
  const Value x = g.Input("x", {kBatch, inputs});
  const Value h1 = layers::Dense(x, hidden, Activation::kRelu);
  const Value h2 = layers::Dense(h1, hidden, Activation::kTanh);
  const Value y = layers::Dense(h2, 3);
  g.Output("y", y);
  if (train) {
    const Value labels = g.Input("labels", {kBatch}, DataType::kI32);
    const std::vector<Value> parameters = g.Parameters();
    const Value loss =
        Add(MeanSoftmaxCrossEntropy(y, labels), L2Penalty(parameters, 1e-3f));
    const std::vector<Value> gradients = Gradients(loss, parameters);
    for (size_t i = 0; i < parameters.size(); ++i) {
      g.Update(parameters[i],
               Sgd(parameters[i], gradients[i], g.Constant(0.1f)));
    }
    g.Output("loss", loss);
  }
  return MustBuild(g);
}

TEST(SessionTest, TrainsACurveAsTheInterpreterDoes) {
  const Graph graph = CosineGraph();
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  SCOPED_TRACE(running.executable->PlanText());
  EXPECT_LE(running.executable->num_steps(), 9);
  for (uint64_t step = 0; step < 5; ++step) {
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, 200, 10 * step));
    if (HasFatalFailure()) return;
  }
}

TEST(SessionTest, TrainsAClassifierAtAnyBatchSize) {
  for (const auto& [inputs, hidden] :
       {std::make_pair(5, 7), std::make_pair(300, 200)}) {
    const Graph graph = ClassifierGraph(inputs, hidden, /*train=*/true);
    CompileOptions options;
    options.max_programs = 2;
    Running running = Start(graph, options);
    ASSERT_TRUE(running.session.ok());
    SCOPED_TRACE(running.executable->PlanText());
    for (int64_t batch : {17, 2, 1, 17, 64, 1}) {
      RunAndCompare(graph, *running.store, *running.session,
                    RandomInputs(graph, batch, batch), 3e-5);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(SessionTest, InfersAtAnyBatchSize) {
  const Graph graph = ClassifierGraph(300, 200, /*train=*/false);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  for (int64_t batch : {17, 0, 1, 100}) {
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, batch, batch), 3e-5);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace espalier
