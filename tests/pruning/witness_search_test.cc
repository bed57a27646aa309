#include "pruning/witness_search.h"

#include "gmock/gmock.h"
#include "ops/gates.h"
#include "runtime/lowering.h"
#include "tests/pruning/lowered_pass_op.h"
#include "tests/pruning/mnist_network.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;

// What the interpreter gives the ReLU for the unit at the point.
double PreActivation(const Model& model, const Unit& unit,
                     const UnitPoint& point) {
  LeafValues leaves = RandomLeaves(model, 1);
  for (size_t i = 0; i < point.inputs.size(); ++i) {
    leaves[model.graph.node(model.graph.inputs()[i]).name] =
        DoubleTensor(point.inputs[i]);
  }
  const InterpretedRun run = *Interpret(model.graph, leaves);
  const NodeId read = model.graph.node(unit.first).inputs[0];
  return run.nodes[static_cast<size_t>(read)][unit.second];
}

// 20 inputs, one unit with a random row, which only few corners lift above 0.
Model BarelyAlive(float margin) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 20])
  w = parameter(dtype="f32", shape=[20, 1], initializer="normal", initializer_value=1.0)
  b = parameter(dtype="f32", shape=[1], initializer="constant", initializer_value=0.0)
  z = dense(x, w, b)
  h = relu(z)
  output y = h
})"));
  float most = 0;
  for (float w : model.values.at("w").data<float>()) most += std::fabs(w);
  model.values.at("b") = Row({-most * (1 - margin)});
  model.domains["x"] = {std::vector<float>(20, -1), std::vector<float>(20, 1)};
  return model;
}

TEST(FindWitnessesTest, FollowsTheGradientWhereProbesMiss) {
  const Model model = BarelyAlive(1e-4f);
  const Unit unit = {model.graph.Find("h"), 0};
  const auto found = FindWitnesses(model, model.domains, {unit});
  ASSERT_TRUE(found.ok()) << found.status();
  ASSERT_EQ(found->count(unit), 1u);
  EXPECT_GT(found->at(unit).pre_activation, 0);
  EXPECT_GT(PreActivation(model, unit, found->at(unit)), 0);
}

TEST(FindWitnessesTest, FindsNoneOfADeadUnit) {
  const Model model = BarelyAlive(-1e-4f);
  const auto found =
      FindWitnesses(model, model.domains, {{model.graph.Find("h"), 0}});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, IsEmpty());
}

TEST(FindWitnessesTest, SettlesARealNetwork) {
  const Model model = MnistNetwork();
  std::set<Unit> open;
  for (const char* relu : {"h0", "h1"}) {
    for (int64_t unit = 0; unit < 100; ++unit) {
      open.emplace(model.graph.Find(relu), unit);
    }
  }
  const auto found = FindWitnesses(model, model.domains, open);
  ASSERT_TRUE(found.ok()) << found.status();
  // All but the 29 and 13 that are always zero.
  EXPECT_EQ(found->size(), 71u + 87u);
  for (const auto& [unit, point] : *found) {
    EXPECT_GT(point.pre_activation, 0);
    for (float x : point.inputs[0].data<float>()) {
      ASSERT_GE(x, 0);
      ASSERT_LE(x, 1);
    }
  }
}

TEST(FindWitnessesTest, ProbesServeWhereThereIsNoGradient) {
  GraphBuilder g("g");
  const Value x = g.Input("x", {kBatch, 2});
  const Value h = Relu(Apply(std::make_shared<LoweredPassOp>(), {x}), "h");
  g.Output("y", h);
  Model model;
  model.graph = *g.Build();
  const std::map<std::string, InputDomain> domains = {
      {"x", {{-1, -2}, {1, -1}}}};
  const auto found = FindWitnesses(model, domains, {{h.id(), 0}, {h.id(), 1}});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, ElementsAre(Pair(Unit(h.id(), 0), testing::_)));
}

TEST(FindWitnessesTest, TakesAnyShapeAndLabels) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2, 3])
  labels = input(dtype="i32", shape=[-1])
  c = constant(value=f32[2, 3]{-1.9999, -1.9999, -3.0, -1.9999, -1.9999, -3.0})
  z = add(x, c)
  h = relu(z)
  k = constant(value=f32[2]{1.0, -1.0})
  fixed = relu(k)
  output y = h
  output k = fixed
})"));
  const std::map<std::string, InputDomain> domains = {
      {"x", {std::vector<float>(6, -2), std::vector<float>(6, 2)}}};
  const NodeId h = model.graph.Find("h");
  const NodeId fixed = model.graph.Find("fixed");
  const auto found = FindWitnesses(
      model, domains, {{h, 0}, {h, 2}, {h, 4}, {fixed, 0}, {fixed, 1}});
  ASSERT_TRUE(found.ok()) << found.status();
  EXPECT_THAT(*found, ElementsAre(Pair(Unit(h, 0), testing::_),
                                  Pair(Unit(h, 4), testing::_),
                                  Pair(Unit(fixed, 0), testing::_)));
}

}  // namespace
}  // namespace espalier
