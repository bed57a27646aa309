// Graphviz itself reads what `inspect --dot` writes.
#include "tools/dot.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "graph/builder.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "tests/serialization/scratch_folder.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::Contains;
using ::testing::StartsWith;

Graph TrainingGraph() {
  GraphBuilder g("step");
  const Value x = g.Input("x", {kBatch, 3});
  const Value t = g.Input("t", {kBatch, 2});
  const Value y = layers::Dense(x, 2, Activation::kRelu);
  g.Output("y", y);
  const Value loss = MeanSquaredError(y, t);
  g.Output("loss", loss);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> updated = optimizers::Adam(1e-3f).apply(
      parameters, Gradients(loss, parameters), g.Constant(1e-3f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  return g.Build().value();
}

TEST(DotTest, GraphvizDrawsEveryNodeAndEdge) {
  const Graph graph = TrainingGraph();
  const ScratchFolder folder;
  const std::string dot = folder.Write("g.dot", tools::ToDot(graph));
  // A line for each node ("node NAME x y ...") and edge ("edge FROM TO ...").
  const std::string line =
      absl::StrCat("dot -Tplain -o '", folder.File("g.txt"), "' '", dot,
                   "' 2> '", folder.File("errors"), "'");
  ASSERT_EQ(std::system(line.c_str()), 0) << folder.Read("errors");
  EXPECT_EQ(folder.Read("errors"), "");
  size_t edges_expected = graph.outputs().size() + graph.updates().size();
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    edges_expected += graph.node(id).inputs.size();
  }
  ASSERT_GT(graph.updates().size(), 0u);
  const std::vector<std::string> drawn =
      absl::StrSplit(folder.Read("g.txt"), '\n');
  size_t nodes = 0;
  size_t edges = 0;
  for (const std::string& text : drawn) {
    nodes += absl::StartsWith(text, "node ") ? 1 : 0;
    edges += absl::StartsWith(text, "edge ") ? 1 : 0;
  }
  EXPECT_EQ(nodes,
            static_cast<size_t>(graph.num_nodes()) + graph.outputs().size());
  EXPECT_EQ(edges, edges_expected);
  EXPECT_THAT(drawn, Contains(StartsWith("edge n0 ")));
  EXPECT_EQ(drawn[drawn.size() - 2], "stop");
}

}  // namespace
}  // namespace espalier
