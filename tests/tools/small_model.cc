#include "tests/tools/small_model.h"

#include <vector>

#include "graph/builder.h"
#include "graph/check.h"
#include "ops/dense.h"
#include "ops/gates.h"

namespace espalier {

Model SmallModel() {
  GraphBuilder g("small");
  const Value x = g.Input("x", {kBatch, 2});
  const Value w1 = g.Parameter("fc/weight", {2, 4}, Initializer::Zeros());
  const Value b1 = g.Parameter("fc/bias", {4}, Initializer::Zeros());
  const Value w2 = g.Parameter("out/weight", {4, 1}, Initializer::Zeros());
  const Value b2 = g.Parameter("out/bias", {1}, Initializer::Zeros());
  const Value h = Relu(Dense(x, w1, b1, "fc"), "relu");
  g.Output("y", Dense(h, w2, b2, "out"));
  absl::StatusOr<Graph> graph = g.Build();
  ESPALIER_CHECK(graph.ok());

  Model model;
  model.graph = *std::move(graph);
  const std::vector<float> in = {1, 1, 1,  0,  //
                                 1, 1, -1, 0};
  const std::vector<float> bias = {0, -3, 0, -1};
  const std::vector<float> out = {1, 2, 3, 4};
  const std::vector<float> zero = {0};
  model.values["fc/weight"] = Tensor(Shape({2, 4}), in);
  model.values["fc/bias"] = Tensor(Shape({4}), bias);
  model.values["out/weight"] = Tensor(Shape({4, 1}), out);
  model.values["out/bias"] = Tensor(Shape({1}), zero);
  model.domains["x"] = {{0, 0}, {1, 1}};
  return model;
}

}  // namespace espalier
