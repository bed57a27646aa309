// Graphs that the tests of sessions run.
#ifndef ESPALIER_TESTS_RUNTIME_SESSION_GRAPHS_H_
#define ESPALIER_TESTS_RUNTIME_SESSION_GRAPHS_H_

#include <gtest/gtest.h>

#include <vector>

#include "graph/builder.h"
#include "ops/binary.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "transforms/autodiff.h"

namespace espalier {

inline Graph MustBuild(GraphBuilder& g) {
  absl::StatusOr<Graph> graph = g.Build();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return graph.ok() ? *graph : Graph();
}

// The curve fit: 1 - 30 relu - 1, mean squared error, Adam.
inline Graph CosineGraph() {
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

// 2 hidden layers and 3 classes; with a loss and updates if it is to `train`.
inline Graph ClassifierGraph(int64_t inputs, int64_t hidden, bool train) {
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

}  // namespace espalier

#endif  // ESPALIER_TESTS_RUNTIME_SESSION_GRAPHS_H_
