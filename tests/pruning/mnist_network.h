// The network of tests/data/mnist_100-100_l1, for the tests of pruning/.
#ifndef ESPALIER_TESTS_PRUNING_MNIST_NETWORK_H_
#define ESPALIER_TESTS_PRUNING_MNIST_NETWORK_H_

#include <string>
#include <vector>

#include "graph/builder.h"
#include "graph/model.h"
#include "gtest/gtest.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "serialization/npy.h"

namespace espalier {

// 784-100-100-10 over [0, 1]; its relus are `h0` and `h1`.
inline Model MnistNetwork() {
  const std::string folder =
      std::string(ESPALIER_SOURCE_DIR) + "/tests/data/mnist_100-100_l1/";
  Model model;
  GraphBuilder g("mnist");
  const auto leaf = [&](const std::string& name) {
    absl::StatusOr<Tensor> value = ReadNpy(folder + name + ".npy");
    EXPECT_TRUE(value.ok()) << value.status();
    if (!value.ok()) return Value();
    const Shape shape = value->shape();
    model.values[name] = *std::move(value);
    return g.Parameter(name, shape, Initializer::Zeros());
  };
  const Value x = g.Input("x", {kBatch, 784});
  const Value h0 = Relu(Dense(x, leaf("w0"), leaf("b0")), "h0");
  const Value h1 = Relu(Dense(h0, leaf("w1"), leaf("b1")), "h1");
  g.Output("y", Dense(h1, leaf("w2"), leaf("b2")));
  absl::StatusOr<Graph> graph = g.Build();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (graph.ok()) model.graph = *graph;
  model.domains["x"] = {std::vector<float>(784, 0), std::vector<float>(784, 1)};
  return model;
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_PRUNING_MNIST_NETWORK_H_
