#include "transforms/recompute.h"

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "ops/reduce.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "tests/transforms/test_models.h"
#include "transforms/autodiff.h"
#include "transforms/passes.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Net {
  int depth = 9;
  int64_t width = 8;
  Activation activation = Activation::kRelu;
  bool residual = false;
  bool dropout = false;
};

// One training step of a network whose layers are layer_1, layer_2, ...
Graph StepOf(const Net& net) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, net.width});
  const Value target = g.Input("target", {kBatch, net.width});
  Value y = x;
  for (int i = 1; i <= net.depth; ++i) {
    layers::DenseOptions options;
    const std::string name = absl::StrCat("layer_", i);
    options.name = name;
    const Value h = layers::Dense(y, net.width, net.activation, options);
    y = net.residual ? Add(y, h) : h;
    if (net.dropout) y = layers::Dropout(y, 0.25f);
  }
  const Value loss = MeanSquaredError(y, target);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> updated = optimizers::Momentum(1e-3f).apply(
      parameters, Gradients(loss, parameters), g.Constant(1e-3f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  g.Output("y", y);
  g.Output("loss", loss);
  return *g.Build();
}

std::vector<std::string> Copies(const Graph& graph) {
  std::vector<std::string> copies;
  for (const Node& node : graph.nodes()) {
    const size_t at = node.name.find("/recomputed");
    if (at != std::string::npos) copies.push_back(node.name.substr(0, at));
  }
  return copies;
}

struct Ran {
  std::map<std::string, Tensor> values;  // of parameters and states
  std::vector<Tensor> outputs;
};

Ran RunSteps(const Graph& graph, int64_t batch, int steps) {
  Ran ran;
  auto executable = Executable::Compile(graph);
  EXPECT_OK(executable);
  auto store = ParameterStore::Initialised(graph, 3);
  absl::StatusOr<Session> session = Session::Create(*executable, store);
  EXPECT_OK(session);
  TestRandom random(4);
  for (int step = 0; step < steps; ++step) {
    std::vector<Tensor> inputs;
    for (NodeId id : graph.inputs()) {
      inputs.push_back(
          random.Tensor(graph.node(id).type.shape.Bind(batch), -1, 1)
              .ToTensor());
    }
    EXPECT_OK(
        session->Run(std::vector<TensorView>(inputs.begin(), inputs.end())));
    for (size_t i = 0; i < graph.outputs().size(); ++i) {
      ran.outputs.push_back(session->output(static_cast<int>(i)).ToTensor());
    }
  }
  ran.values = store->Values();
  return ran;
}

std::vector<Net> Nets() {
  std::vector<Net> nets;
  for (const Activation activation :
       {Activation::kRelu, Activation::kLeakyRelu, Activation::kSigmoid,
        Activation::kTanh}) {
    for (const bool residual : {false, true}) {
      nets.push_back({9, 8, activation, residual, residual});
    }
  }
  return nets;
}

TEST(RecomputeTest, ResultsKeepTheirBits) {
  for (const Net& net : Nets()) {
    const Graph graph = StepOf(net);
    const Ran expected = RunSteps(graph, 5, 3);
    for (const int segments : {0, 2, 4, 100}) {
      SCOPED_TRACE(absl::StrCat(ActivationName(net.activation), " ",
                                net.residual, " ", segments));
      RecomputeOptions options;
      options.segments = segments;
      ASSERT_OK_AND_ASSIGN(const Graph less,
                           RecomputeActivations(graph, options));
      if (segments < 100) {
        EXPECT_GT(Copies(less).size(), 3u);
      }
      // Nothing is added but copies.
      EXPECT_EQ(graph.num_nodes() + static_cast<NodeId>(Copies(less).size()),
                less.num_nodes());
      const Ran found = RunSteps(less, 5, 3);
      EXPECT_EQ(found.values, expected.values);
      EXPECT_EQ(found.outputs, expected.outputs);
      ExpectSameOutputs(RandomModel(graph), RandomModel(less));
    }
  }
}

int64_t ArenaBytes(const Graph& graph, int64_t batch) {
  const auto executable = Executable::Compile(graph);
  EXPECT_OK(executable);
  const absl::StatusOr<int64_t> bytes = (*executable)->ArenaBytes(batch);
  EXPECT_OK(bytes);
  return bytes.value_or(0);
}

TEST(RecomputeTest, TheArenaOfADeepNetworkShrinks) {
  constexpr int64_t kRows = 512;
  for (const Net& shape : Nets()) {
    Net net = shape;
    net.depth = 25;
    net.width = 16;
    const Graph graph = StepOf(net);
    ASSERT_OK_AND_ASSIGN(const Graph less, RecomputeActivations(graph));
    const int64_t before = ArenaBytes(graph, kRows);
    const int64_t after = ArenaBytes(less, kRows);
    EXPECT_LT(after, before / 2) << ActivationName(net.activation) << " "
                                 << net.residual << " " << before;
    // 5 segments of 5: what is kept of all and one whole, of two arrays a
    // layer at most, beside the gradients.
    EXPECT_LT(after, 20 * kRows * net.width * 4);
  }
}

TEST(RecomputeTest, AllOfTheLastSegmentAndWhatCrossesCutsIsKept) {
  RecomputeOptions options;
  options.segments = 3;
  Net net;
  net.depth = 6;
  ASSERT_OK_AND_ASSIGN(const Graph graph,
                       RecomputeActivations(StepOf(net), options));
  // The cuts are after layer 2, which is kept, and after layer 6, an output and
  // so kept anyway. The copies of the segment between come first.
  EXPECT_THAT(
      Copies(graph),
      ElementsAre("layer_3", "layer_3/relu", "layer_4", "layer_4/relu",
                  "layer_5", "layer_5/relu", "layer_1", "layer_1/relu"));
}

TEST(RecomputeTest, NamesSayWhatIsKept) {
  RecomputeOptions options;
  options.keep = {"layer_2/relu"};
  Net net;
  net.depth = 4;
  ASSERT_OK_AND_ASSIGN(const Graph graph,
                       RecomputeActivations(StepOf(net), options));
  EXPECT_THAT(Copies(graph), ElementsAre("sub", "layer_3", "layer_3/relu",
                                         "layer_1", "layer_1/relu"));
}

TEST(RecomputeTest, CopiesComeRightBeforeTheirFirstReader) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, RecomputeActivations(StepOf({})));
  const std::vector<std::vector<NodeId>> users = graph.Users();
  std::set<NodeId> copies;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (graph.node(id).name.find("/recomputed") != std::string::npos) {
      copies.insert(id);
    }
  }
  ASSERT_FALSE(copies.empty());
  for (NodeId id : copies) {
    // Nothing but other copies is made between a copy and its first reader.
    const NodeId reader = users[static_cast<size_t>(id)].at(0);
    for (NodeId between = id + 1; between < reader; ++between) {
      EXPECT_EQ(copies.count(between), 1u) << graph.node(id).name;
    }
  }
}

TEST(RecomputeTest, RandomOpsAreCopiedToo) {
  Net net;
  net.dropout = true;
  ASSERT_OK_AND_ASSIGN(const Graph graph, RecomputeActivations(StepOf(net)));
  EXPECT_THAT(Copies(graph), ::testing::Contains("dropout"));
}

TEST(RecomputeTest, OneSegmentChangesNothing) {
  RecomputeOptions options;
  options.segments = 1;
  const Graph graph = StepOf({});
  ASSERT_OK_AND_ASSIGN(const Graph same, RecomputeActivations(graph, options));
  EXPECT_EQ(PrintGraph(same), PrintGraph(graph));
}

TEST(RecomputeTest, PassesDoNotUndoIt) {
  ASSERT_OK_AND_ASSIGN(const Graph graph,
                       RunPasses(StepOf({}), SimplifyPasses()));
  ASSERT_OK_AND_ASSIGN(const Graph less, RecomputeActivations(graph));
  ASSERT_OK_AND_ASSIGN(const Graph after, RunPasses(less, SimplifyPasses()));
  EXPECT_EQ(after.num_nodes(), less.num_nodes());
  EXPECT_GT(less.num_nodes(), graph.num_nodes());
}

TEST(RecomputeTest, OutputsAndNumbersAreKept) {
  GraphBuilder g("net");
  const Value w = g.Parameter("w", {}, Initializer::Constant(1));
  const Value x = g.Input("x", {kBatch, 2});
  const Value shown = Exp(Mul(x, w), "shown");
  const Value hidden = Exp(shown, "hidden");
  const Value number = Exp(Mean(hidden), "number");
  const Value loss = Mul(number, Mean(Square(hidden)), "total");
  g.Output("shown", shown);
  g.Output("loss", loss);
  g.Update(w, Gradients(loss, {w})[0]);
  RecomputeOptions options;
  options.keep = {"total"};
  ASSERT_OK_AND_ASSIGN(const Graph graph,
                       RecomputeActivations(*g.Build(), options));
  EXPECT_THAT(Copies(graph), ElementsAre("hidden"));
}

TEST(RecomputeTest, LongNamesAndNothingToDo) {
  GraphBuilder g("net");
  const Value w = g.Parameter("w", {3}, Initializer::Zeros());
  const Value deep = Exp(Exp(w, std::string(255, 'a')));
  const Value loss = Mean(deep);
  g.Output("loss", loss);
  g.Update(w, Gradients(loss, {w})[0]);
  RecomputeOptions options;
  options.keep = {"mean"};
  ASSERT_OK_AND_ASSIGN(const Graph graph,
                       RecomputeActivations(*g.Build(), options));
  EXPECT_NE(graph.Find("recomputed"), kNoNode);

  GraphBuilder plain("plain");
  plain.Output("loss", Mean(plain.Input("x", {kBatch, 2})));
  ASSERT_OK_AND_ASSIGN(const Graph same, RecomputeActivations(*plain.Build()));
  EXPECT_THAT(Copies(same), IsEmpty());
}

TEST(RecomputeTest, Errors) {
  const Graph graph = StepOf({});
  const auto message = [&](const RecomputeOptions& options) {
    return std::string(RecomputeActivations(graph, options).status().message());
  };
  EXPECT_EQ(message({"nothing", 0, {}}),
            "recompute activations: the graph has no output 'nothing'");
  EXPECT_EQ(message({"loss", -1, {}}),
            "recompute activations: -1 segments and 0 names to keep: expected "
            "one of the two");
  EXPECT_EQ(message({"loss", 2, {"layer_1"}}),
            "recompute activations: 2 segments and 1 names to keep: expected "
            "one of the two");
  for (const char* name : {"none", "x", "relu_grad_1"}) {
    EXPECT_THAT(message({"loss", 0, {name}}),
                HasSubstr(absl::StrCat("recompute activations: there is no '",
                                       name, "' to keep before node")));
  }
}

}  // namespace
}  // namespace espalier
