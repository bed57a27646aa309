#include "transforms/remove_units.h"

#include <string>

#include "gmock/gmock.h"
#include "tests/transforms/remove_units_helpers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

TEST(RemoveUnitsTest, TakesColumnsAndRows) {
  Model model = RandomModel(Parse(Small()));
  model.domains["x"] = {{0, 0, 0}, {1, 1, 1}};
  model.class_names = {"left", "right"};
  Kill(model, "w1", "b1", {1, 2});
  const RemovalResult result = Remove(model, {{model.graph.Find("h"), {1, 2}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(1, 2));
  EXPECT_EQ(result.layers[0].refusal, "");
  EXPECT_THAT(result.kept, ElementsAre(Pair("h", ElementsAre(0, 3))));
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.node(graph.Find("w1")).type.shape, Shape({3, 2}));
  EXPECT_EQ(graph.node(graph.Find("b1")).type.shape, Shape({2}));
  EXPECT_EQ(graph.node(graph.Find("w2")).type.shape, Shape({2, 2}));
  EXPECT_EQ(LeafInitializer(*graph.node(graph.Find("w1")).op)->kind,
            Initializer::Kind::kNormal);
  const auto w1 = model.values.at("w1").data<float>();
  EXPECT_THAT(result.model.values.at("w1").data<float>(),
              ElementsAre(w1[0], w1[3], w1[4], w1[7], w1[8], w1[11]));
  EXPECT_EQ(result.model.domains.size(), 1u);
  EXPECT_EQ(result.model.class_names, model.class_names);
}

TEST(RemoveUnitsTest, PassesBatchNormalization) {
  const std::string state =
      "state(dtype=\"f32\", shape=[4], initializer=\"constant\", "
      "initializer_value=1.0)\n";
  Model model = RandomModel(Parse(
      "graph g {\n" + std::string(kInput) + "w1 = " + ParameterText("3, 4") +
      "b1 = " + ParameterText("4") + "w2 = " + ParameterText("4, 2") +
      "b2 = " + ParameterText("2") + "m = " + state + "v = " + state +
      "s = " + ParameterText("4") + "t = " + ParameterText("4") +
      "z = dense(x, w1, b1)\n"
      "n = batch_normalize(z, m, v, s, t; epsilon=0.00001)\n"
      "h = relu(n)\ny = dense(h, w2, b2)\noutput y = y\n}"));
  for (float& v : model.values["v"].data<float>()) v = 1 + v * v;
  const auto m = std::vector<float>(model.values["m"].data<float>().begin(),
                                    model.values["m"].data<float>().end());
  model.values["t"].data<float>()[1] = -1000;
  const RemovalResult result = Remove(model, {{model.graph.Find("h"), {1}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(1));
  EXPECT_EQ(result.layers[0].refusal, "");
  const Graph& graph = result.model.graph;
  for (const char* name : {"b1", "m", "v", "s", "t"}) {
    EXPECT_EQ(graph.node(graph.Find(name)).type.shape, Shape({3})) << name;
  }
  EXPECT_EQ(graph.states().size(), 2u);
  EXPECT_THAT(result.model.values.at("m").data<float>(),
              ElementsAre(m[0], m[2], m[3]));
}

TEST(RemoveUnitsTest, OfNothingChangesNothing) {
  const Model model = RandomModel(Parse(Small()));
  const RemovalResult result = Remove(model, {{model.graph.Find("h"), {}}});
  EXPECT_EQ(PrintGraph(result.model.graph), PrintGraph(model.graph));
  EXPECT_TRUE(result.model.values == model.values);
  EXPECT_THAT(result.kept, IsEmpty());
}

TEST(RemoveUnitsTest, ServesEveryConsumer) {
  Model model = RandomModel(Parse(
      "graph g {\n" + std::string(kInput) + "w1 = " + ParameterText("3, 4") +
      "b1 = " + ParameterText("4") + "wa = " + ParameterText("4, 2") +
      "b = " + ParameterText("2") + "wb = " + ParameterText("5, 4") +
      "z = dense(x, w1, b1)\n h = relu(z)\n s = scale(h; factor=-2.0, "
      "over_batch=false)\n t = tanh(s)\n"
      "ya = dense(h, wa, b)\n yb = matmul(t, wb; transpose_a=false, "
      "transpose_b=true)\n yc = dense(s, wa, b)\n"
      "output a = ya\noutput b = yb\noutput c = yc\n}"));
  Kill(model, "w1", "b1", {0});
  const RemovalResult result = Remove(model, {{model.graph.Find("h"), {0}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(0));
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.node(graph.Find("wa")).type.shape, Shape({3, 2}));
  EXPECT_EQ(graph.node(graph.Find("wb")).type.shape, Shape({5, 3}));
}

// MatMul + Add, as networks of other tools look; weights also as constants.
TEST(RemoveUnitsTest, SeesProductsWithABiasAddedLater) {
  for (const char* bias_shape : {"4", "1, 4"}) {
    for (bool constant : {false, true}) {
      for (const char* sum : {"add(p, b1)", "add(b1, p)"}) {
        const std::string w2 =
            constant ? "constant(value=f32[4, 1]{1.0, 2.0, 3.0, 4.0})\n"
                     : ParameterText("4, 1");
        Model model = RandomModel(Parse(
            "graph g {\n" + std::string(kInput) +
            "w1 = " + ParameterText("3, 4") +
            "b1 = " + ParameterText(bias_shape) + "w2 = " + w2 +
            "p = matmul(x, w1; transpose_a=false, transpose_b=false)\n z = " +
            sum +
            "\n h = relu(z)\n y = matmul(h, w2; transpose_a=false, "
            "transpose_b=false)\noutput y = y\n}"));
        Kill(model, "w1", "b1", {3});
        const RemovalResult result =
            Remove(model, {{model.graph.Find("h"), {3}}});
        EXPECT_THAT(result.layers[0].units, ElementsAre(3)) << bias_shape;
        const Graph& graph = result.model.graph;
        EXPECT_EQ(graph.node(graph.Find("w2")).type.shape, Shape({3, 1}));
        EXPECT_EQ(graph.node(graph.Find("h")).type.shape, Shape({kBatch, 3}));
      }
    }
  }
}

TEST(RemoveUnitsTest, PassesThroughScalarsAndFactors) {
  Model model = RandomModel(Parse(
      "graph g {\n" + std::string(kInput) + "w1 = " + ParameterText("4, 3") +
      "half = constant(value=f32[1]{0.5})\n"
      "factors = constant(value=f32[1, 4]{1.0, 2.0, 3.0, 4.0})\n"
      "b1 = " +
      ParameterText("4") + "w2 = " + ParameterText("4, 1") +
      "p = matmul(x, w1; transpose_a=false, transpose_b=true)\n"
      "q = mul(p, factors)\n r = sub(q, half)\n n = neg(r)\n"
      "z = add(b1, n)\n h = relu(z)\n"
      "y = matmul(h, w2; transpose_a=false, transpose_b=false)\n"
      "output y = y\n}"));
  model.values.at("b1").data<float>()[1] = -100;
  const RemovalResult result = Remove(model, {{model.graph.Find("h"), {1}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(1));
  const Graph& graph = result.model.graph;
  EXPECT_EQ(*ConstantValue(*graph.node(graph.Find("factors")).op),
            Matrix(1, {1, 3, 4}));
  EXPECT_EQ(graph.node(graph.Find("w1")).type.shape, Shape({3, 3}));
  EXPECT_EQ(graph.node(graph.Find("half")).type.shape, Shape({1}));
}

TEST(RemoveUnitsTest, DropsReshapesBetweenMatricesOfOneShape) {
  Model model = RandomModel(Parse(
      "graph g {\n" + std::string(kInput) + "w1 = " + ParameterText("3, 4") +
      "b1 = " + ParameterText("4") + "w2 = " + ParameterText("4, 1") +
      "z = dense(x, w1, b1)\n r = reshape(z; shape=[-1, 2, 2])\n"
      "h = relu(r)\n f = reshape(h; shape=[-1, 4])\n"
      "y = matmul(f, w2; transpose_a=false, transpose_b=false)\n"
      "output y = y\n}"));
  Kill(model, "w1", "b1", {2});
  const RemovalResult result = Remove(model, {{model.graph.Find("h"), {2}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(2));
  EXPECT_EQ(result.model.graph.Find("r"), kNoNode);
  EXPECT_EQ(result.model.graph.Find("f"), kNoNode);
}

TEST(RemoveUnitsTest, SeveralLayersAtOnce) {
  Model model = RandomModel(Parse(DenseChainText({3, 4, 5, 3, 2})));
  Kill(model, "w1", "b1", {3});
  Kill(model, "w2", "b2", {0, 4});
  Kill(model, "w3", "b3", {1});
  const Graph& before = model.graph;
  const RemovalResult result = Remove(model, {{before.Find("h1"), {3}},
                                              {before.Find("h2"), {0, 4}},
                                              {before.Find("h3"), {1}}});
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.node(graph.Find("w2")).type.shape, Shape({3, 3}));
  EXPECT_EQ(graph.node(graph.Find("w3")).type.shape, Shape({3, 2}));
}

TEST(RemoveUnitsTest, ADeadFirstLayerLeavesBiases) {
  Model model = RandomModel(Parse(DenseChainText({3, 4, 5, 3, 2})));
  Kill(model, "w1", "b1", {0, 1, 2, 3});
  model.values.at("b2").data<float>()[2] = -1;
  // The second layer is constant then, and its unit 2 is zero.
  const RemovalResult result = Remove(
      model,
      {{model.graph.Find("h1"), {0, 1, 2, 3}}, {model.graph.Find("h2"), {2}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(0, 1, 2, 3));
  EXPECT_THAT(result.layers[1].units, ElementsAre(2));
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.node(graph.Find("z2")).op->kind(), "broadcast");
  EXPECT_EQ(graph.node(graph.Find("z2")).type.shape, Shape({kBatch, 4}));
  for (const char* gone : {"w1", "b1", "z1", "h1", "w2"}) {
    EXPECT_EQ(graph.Find(gone), kNoNode) << gone;
  }
  EXPECT_NE(graph.Find("x"), kNoNode);
}

TEST(RemoveUnitsTest, ADeadMiddleLayerTakesWhatIsUpstream) {
  Model model = RandomModel(Parse(DenseChainText({3, 4, 5, 3, 2})));
  Kill(model, "w2", "b2", {0, 1, 2, 3, 4});
  const RemovalResult result =
      Remove(model, {{model.graph.Find("h2"), {0, 1, 2, 3, 4}}});
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.Find("h1"), kNoNode);
  EXPECT_EQ(graph.node(graph.Find("z3")).op->kind(), "broadcast");
  EXPECT_THAT(result.model.values,
              ElementsAre(Pair("b3", testing::_), Pair("b4", testing::_),
                          Pair("w4", testing::_)));
}

TEST(RemoveUnitsTest, ADeadLastLayerLeavesTheOutputBias) {
  Model model = RandomModel(Parse(DenseChainText({3, 4, 5, 3, 2})));
  Kill(model, "w3", "b3", {0, 1, 2});
  const RemovalResult result =
      Remove(model, {{model.graph.Find("h3"), {0, 1, 2}}});
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.num_nodes(), 3);  // x, b4, y
  EXPECT_EQ(graph.node(graph.Find("y")).type.shape, Shape({kBatch, 2}));
}

TEST(RemoveUnitsTest, ADeadLayerBeforeAProductWithoutBias) {
  Model model = RandomModel(
      Parse("graph g {\n" + std::string(kInput) +
            "w1 = " + ParameterText("3, 4") + "b1 = " + ParameterText("4") +
            "w2 = " + ParameterText("4, 2") + "b2 = " + ParameterText("1, 2") +
            "z = dense(x, w1, b1)\n h = relu(z)\n p = matmul(h, w2; "
            "transpose_a=false, transpose_b=false)\n y = add(p, b2)\n"
            "output y = y\n}"));
  Kill(model, "w1", "b1", {0, 1, 2, 3});
  const RemovalResult result =
      Remove(model, {{model.graph.Find("h"), {0, 1, 2, 3}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(0, 1, 2, 3));
  EXPECT_EQ(PrintGraph(result.model.graph), R"(graph g {
  x: f32[N, 3] = input(dtype="f32", shape=[-1, 3])
  b2: f32[1, 2] = parameter(dtype="f32", shape=[1, 2], initializer="normal", initializer_value=1.0)
  p/zero: f32[] = constant(value=f32[]{0.0})
  p: f32[N, 2] = broadcast(p/zero; shape=[-1, 2])
  y: f32[N, 2] = add(p, b2)
  output y = y
}
)");
}

// Even what nothing can be cut from goes when all of it is dead.
TEST(RemoveUnitsTest, ADeadLayerNeedsNoProducer) {
  const Model model = RandomModel(
      Parse("graph g {\n" + std::string(kInput) +
            "w2 = " + ParameterText("3, 2") + "b2 = " + ParameterText("2") +
            "s = square(x)\n n = neg(s)\n h = relu(n)\n"
            "y = dense(h, w2, b2)\noutput y = y\noutput x2 = s\n}"));
  const RemovalResult result =
      Remove(model, {{model.graph.Find("h"), {0, 1, 2}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(0, 1, 2));
  ExpectRefusal(model, "h", {0}, "node 's' (square) is the output 'x2'");
}

TEST(RemoveUnitsTest, TwoRelusOfOneProductTakeTurns) {
  Model model = RandomModel(
      Parse("graph g {\n" + std::string(kInput) +
            "w1 = " + ParameterText("3, 4") + "b1 = " + ParameterText("4") +
            "w2 = " + ParameterText("4, 2") + "b2 = " + ParameterText("2") +
            "z = dense(x, w1, b1)\n h = relu(z)\n again = relu(h)\n"
            "y = dense(again, w2, b2)\noutput y = y\n}"));
  Kill(model, "w1", "b1", {1, 2});
  const RemovalResult result = Remove(
      model,
      {{model.graph.Find("h"), {1}}, {model.graph.Find("again"), {1, 2}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(1));
  EXPECT_THAT(result.layers[1].units, IsEmpty());
  EXPECT_THAT(result.layers[1].refusal, HasSubstr("another relu"));
  EXPECT_THAT(result.kept, ElementsAre(Pair("again", ElementsAre(0, 2, 3)),
                                       Pair("h", ElementsAre(0, 2, 3))));
  const RemovalResult rest =
      Remove(result.model, {{result.model.graph.Find("again"), {1}}});
  EXPECT_THAT(rest.layers[0].units, ElementsAre(1));
}

// 3 -> 4, as many ReLUs one after the other, -> 2.
TEST(RemoveUnitsTest, ManyConsumersMayShareOneWeight) {
  constexpr int kMany = 2000;
  std::string text =
      "graph g {\n" + std::string(kInput) + "w1 = " + ParameterText("3, 4") +
      "b1 = " + ParameterText("4") + "w2 = " + ParameterText("4, 2") +
      "z = dense(x, w1, b1)\nh = relu(z)\n";
  std::string outputs;
  for (int i = 0; i < kMany; ++i) {
    const std::string name = "y" + std::to_string(i);
    text += name + " = matmul(h, w2; transpose_a=false, transpose_b=false)\n";
    outputs += "output " + name + " = " + name + "\n";
  }
  Model model = RandomModel(Parse(text + outputs + "}"));
  Kill(model, "w1", "b1", {1});
  EXPECT_THAT(Remove(model, {{model.graph.Find("h"), {1}}}).layers[0].units,
              ElementsAre(1));
}

}  // namespace
}  // namespace espalier
