#include "transforms/remove_units.h"

#include <limits>

#include "gmock/gmock.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// Parameters as they stand in graph text.
std::string P(absl::string_view shape) {
  return "parameter(dtype=\"f32\", shape=[" + std::string(shape) +
         "], initializer=\"normal\", initializer_value=1.0)\n";
}
constexpr char kInput[] = "x = input(dtype=\"f32\", shape=[-1, 3])\n";

// 3 -> 4 relu -> 2.
std::string Small() {
  return "graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
         "b1 = " + P("4") + "w2 = " + P("4, 2") + "b2 = " + P("2") +
         "z = dense(x, w1, b1)\n h = relu(z)\n y = dense(h, w2, b2)\n"
         "output y = y\n}";
}

// Makes columns of a matrix (or elements of a vector) so negative that what is
// added to them never lifts a ReLU above 0: the units are then always zero for
// the inputs of RandomLeaves.
void Kill(Model& model, const std::string& weight, const std::string& bias,
          const std::vector<int64_t>& units) {
  Tensor& w = model.values.at(weight);
  Tensor& b = model.values.at(bias);
  const auto columns = static_cast<size_t>(w.shape().dim(1));
  for (int64_t unit : units) {
    for (size_t i = static_cast<size_t>(unit); i < w.data<float>().size();
         i += columns) {
      w.data<float>()[i] *= 0.01f;
    }
    b.data<float>()[static_cast<size_t>(unit)] = -5;
  }
}

RemovalResult Remove(const Model& model,
                     const std::vector<UnitRemoval>& removals) {
  absl::StatusOr<RemovalResult> result = RemoveUnits(model, removals);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_TRUE(Validate(result->model).ok()) << Validate(result->model);
  // Sums in double precision, in index order: a zero term changes nothing.
  ExpectSameOutputs(model, result->model);
  return *std::move(result);
}

// The units stay, for the reason given.
void ExpectRefusal(const Model& model, absl::string_view relu,
                   const std::vector<int64_t>& units,
                   absl::string_view reason) {
  const RemovalResult result = Remove(model, {{model.graph.Find(relu), units}});
  ASSERT_EQ(result.layers.size(), 1u);
  EXPECT_THAT(result.layers[0].units, IsEmpty());
  EXPECT_THAT(result.layers[0].refusal, HasSubstr(std::string(reason)));
  EXPECT_EQ(PrintGraph(result.model.graph), PrintGraph(model.graph));
}

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

TEST(RemoveUnitsTest, OfNothingChangesNothing) {
  const Model model = RandomModel(Parse(Small()));
  const RemovalResult result = Remove(model, {{model.graph.Find("h"), {}}});
  EXPECT_EQ(PrintGraph(result.model.graph), PrintGraph(model.graph));
  EXPECT_TRUE(result.model.values == model.values);
  EXPECT_THAT(result.kept, IsEmpty());
}

TEST(RemoveUnitsTest, ServesEveryConsumer) {
  Model model = RandomModel(Parse(
      "graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") + "b1 = " +
      P("4") + "wa = " + P("4, 2") + "b = " + P("2") + "wb = " + P("5, 4") +
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
                     : P("4, 1");
        Model model = RandomModel(Parse(
            "graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
            "b1 = " + P(bias_shape) + "w2 = " + w2 +
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
  Model model = RandomModel(
      Parse("graph g {\n" + std::string(kInput) + "w1 = " + P("4, 3") +
            "half = constant(value=f32[1]{0.5})\n"
            "factors = constant(value=f32[1, 4]{1.0, 2.0, 3.0, 4.0})\n"
            "b1 = " +
            P("4") + "w2 = " + P("4, 1") +
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
  Model model = RandomModel(
      Parse("graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
            "b1 = " + P("4") + "w2 = " + P("4, 1") +
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

TEST(RemoveUnitsTest, RefusesReshapesThatRegroup) {
  const Model model = RandomModel(Parse(
      "graph g {\nx = input(dtype=\"f32\", shape=[1, 3])\nw1 = " + P("3, 4") +
      "b1 = " + P("4") + "w2 = " + P("2, 1") +
      "z = dense(x, w1, b1)\n h = relu(z)\n f = reshape(h; shape=[2, 2])\n"
      "y = matmul(f, w2; transpose_a=false, transpose_b=false)\n"
      "output y = y\n}"));
  ExpectRefusal(model, "h", {2},
                "node 'y' (matmul) reads the units as [2, 2], node 'z' (dense) "
                "makes them as [1, 4]");
}

TEST(RemoveUnitsTest, NeedsAllRowsOfAFixedBatch) {
  Model model = RandomModel(Parse(
      "graph g {\nx = input(dtype=\"f32\", shape=[2, 3])\nw1 = " + P("3, 4") +
      "b1 = " + P("4") + "w2 = " + P("4, 1") +
      "z = dense(x, w1, b1)\n h = relu(z)\n"
      "y = matmul(h, w2; transpose_a=false, transpose_b=false)\n"
      "output y = y\n}"));
  Kill(model, "w1", "b1", {1, 2});
  // Units 1 and 5 are column 1; unit 2 is column 2 in the first row only.
  const RemovalResult result =
      Remove(model, {{model.graph.Find("h"), {1, 2, 5}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(1, 5));
  EXPECT_THAT(result.layers[0].refusal, HasSubstr("unit 2 shares its weights"));
  EXPECT_THAT(result.kept.at("h"), ElementsAre(0, 2, 3, 4, 6, 7));
}

std::string ThreeLayers() {
  return "graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
         "b1 = " + P("4") + "w2 = " + P("4, 5") + "b2 = " + P("5") +
         "w3 = " + P("5, 3") + "b3 = " + P("3") + "w4 = " + P("3, 2") +
         "b4 = " + P("2") +
         "z1 = dense(x, w1, b1)\n h1 = relu(z1)\n z2 = dense(h1, w2, b2)\n"
         "h2 = relu(z2)\n z3 = dense(h2, w3, b3)\n h3 = relu(z3)\n"
         "y = dense(h3, w4, b4)\noutput y = y\n}";
}

TEST(RemoveUnitsTest, SeveralLayersAtOnce) {
  Model model = RandomModel(Parse(ThreeLayers()));
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
  Model model = RandomModel(Parse(ThreeLayers()));
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
  Model model = RandomModel(Parse(ThreeLayers()));
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
  Model model = RandomModel(Parse(ThreeLayers()));
  Kill(model, "w3", "b3", {0, 1, 2});
  const RemovalResult result =
      Remove(model, {{model.graph.Find("h3"), {0, 1, 2}}});
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.num_nodes(), 3);  // x, b4, y
  EXPECT_EQ(graph.node(graph.Find("y")).type.shape, Shape({kBatch, 2}));
}

TEST(RemoveUnitsTest, ADeadLayerBeforeAProductWithoutBias) {
  Model model = RandomModel(
      Parse("graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
            "b1 = " + P("4") + "w2 = " + P("4, 2") + "b2 = " + P("1, 2") +
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
      Parse("graph g {\n" + std::string(kInput) + "w2 = " + P("3, 2") +
            "b2 = " + P("2") +
            "s = square(x)\n n = neg(s)\n h = relu(n)\n"
            "y = dense(h, w2, b2)\noutput y = y\noutput x2 = s\n}"));
  const RemovalResult result =
      Remove(model, {{model.graph.Find("h"), {0, 1, 2}}});
  EXPECT_THAT(result.layers[0].units, ElementsAre(0, 1, 2));
  ExpectRefusal(model, "h", {0}, "node 's' (square) is the output 'x2'");
}

TEST(RemoveUnitsTest, RefusesOutputs) {
  std::string text = Small();
  text.replace(text.find("output y"), 8, "output h = h\noutput y");
  ExpectRefusal(RandomModel(Parse(text)), "h", {0},
                "node 'h' (relu) is the output 'h'");
  text = Small();
  text.replace(text.find("output y"), 8, "output z = z\noutput y");
  ExpectRefusal(RandomModel(Parse(text)), "h", {0},
                "node 'z' (dense) is the output 'z'");
}

TEST(RemoveUnitsTest, RefusesAPreActivationReadElsewhere) {
  std::string text = Small();
  text.replace(text.find("output y"), 8,
               "m = sigmoid(z)\noutput m = m\noutput y");
  ExpectRefusal(RandomModel(Parse(text)), "h", {0},
                "node 'z' (dense) is also read by node 'm' (sigmoid)");
}

TEST(RemoveUnitsTest, RefusesSharedWeights) {
  std::string text = Small();
  text.replace(text.find("output y"), 8,
               "m = sigmoid(b1)\noutput m = m\noutput y");
  ExpectRefusal(RandomModel(Parse(text)), "h", {0},
                "node 'b1' (parameter) is also read by node 'm' (sigmoid)");
  text = Small();
  text.replace(text.find("output y"), 8,
               "m = sigmoid(w2)\noutput m = m\noutput y");
  ExpectRefusal(RandomModel(Parse(text)), "h", {0},
                "node 'w2' (parameter) is also read by node 'm' (sigmoid)");
  // One weight for two layers.
  ExpectRefusal(RandomModel(Parse(
                    "graph g {\n" + std::string(kInput) + "w = " + P("3, 3") +
                    "b1 = " + P("3") + "b2 = " + P("3") +
                    "z = dense(x, w, b1)\n h = relu(z)\n y = dense(h, w, b2)\n"
                    "output y = y\n}")),
                "h", {0}, "node 'w' (parameter) is also read by node");
}

TEST(RemoveUnitsTest, RefusesBranchesThatMeet) {
  for (const char* kind : {"add", "mul"}) {
    ExpectRefusal(
        RandomModel(Parse("graph g {\n" + std::string(kInput) +
                          "w1 = " + P("3, 3") + "b1 = " + P("3") +
                          "w2 = " + P("3, 2") + "b2 = " + P("2") +
                          "z = dense(x, w1, b1)\n h = relu(z)\n r = " + kind +
                          "(h, x)\n y = dense(r, w2, b2)\noutput y = y\n}")),
        "h", {0}, "two branches meet in node 'r' (" + std::string(kind) + ")");
  }
  // Before the ReLU.
  ExpectRefusal(RandomModel(Parse(
                    "graph g {\n" + std::string(kInput) + "w1 = " + P("3, 3") +
                    "b1 = " + P("3") + "w2 = " + P("3, 2") + "b2 = " + P("2") +
                    "z = dense(x, w1, b1)\n r = add(z, x)\n h = relu(r)\n "
                    "y = dense(h, w2, b2)\noutput y = y\n}")),
                "h", {0}, "two branches meet in node 'r' (add)");
}

TEST(RemoveUnitsTest, RefusesOpsThatReadAllUnits) {
  ExpectRefusal(
      RandomModel(Parse("graph g {\n" + std::string(kInput) +
                        "w1 = " + P("3, 3") + "b1 = " + P("3") +
                        "z = dense(x, w1, b1)\n h = relu(z)\n y = softmax(h)\n"
                        "output y = y\n}")),
      "h", {0}, "node 'y' (softmax) reads its units, no dense or matmul");
}

TEST(RemoveUnitsTest, RefusesProductsThatReadUnitsElsewhere) {
  const std::string layer =
      "graph g {\nx = input(dtype=\"f32\", shape=[3, 3])\n"
      "w1 = " +
      P("3, 3") + "b1 = " + P("3") + "w2 = " + P("3, 3") +
      "z = dense(x, w1, b1)\n h = relu(z)\n";
  for (const char* product :
       {"matmul(h, w2; transpose_a=true, transpose_b=false)",
        "matmul(w2, h; transpose_a=false, transpose_b=false)",
        "matmul(h, h; transpose_a=false, transpose_b=true)"}) {
    ExpectRefusal(
        RandomModel(Parse(layer + "y = " + product + "\noutput y = y\n}")), "h",
        {0, 3, 6}, "node 'y' (matmul) reads its units as something else");
  }
  // Weights that are computed cannot be cut.
  ExpectRefusal(
      RandomModel(Parse(layer + "s = square(w2)\ny = matmul(h, s; "
                                "transpose_a=false, transpose_b=false)\n"
                                "output y = y\n}")),
      "h", {0, 3, 6},
      "the weight of node 'y' (matmul) is node 's' (square), neither parameter "
      "nor constant");
}

TEST(RemoveUnitsTest, RefusesAReluOfAnInput) {
  ExpectRefusal(RandomModel(Parse("graph g {\n" + std::string(kInput) +
                                  "w2 = " + P("3, 2") + "b2 = " + P("2") +
                                  "h = relu(x)\n y = dense(h, w2, b2)\n"
                                  "output y = y\n}")),
                "h", {0}, "its input comes from node 'x' (input)");
}

TEST(RemoveUnitsTest, RefusesWeightsThatAreNotFinite) {
  for (float bad : {kInfinity, -kInfinity, std::nanf("")}) {
    Model model = RandomModel(Parse(Small()));
    model.values.at("w2").data<float>()[2 * 1 + 1] = bad;
    Kill(model, "w1", "b1", {0, 1});
    // Not compared with the original, whose output is NaN.
    const absl::StatusOr<RemovalResult> result =
        RemoveUnits(model, {{model.graph.Find("h"), {0, 1}}});
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_THAT(result->layers[0].units, ElementsAre(0));
    EXPECT_EQ(result->layers[0].refusal,
              "the weights of unit 1 in node 'y' (dense) are not finite");
  }
}

TEST(RemoveUnitsTest, TwoRelusOfOneProductTakeTurns) {
  Model model = RandomModel(
      Parse("graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
            "b1 = " + P("4") + "w2 = " + P("4, 2") + "b2 = " + P("2") +
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

TEST(RemoveUnitsTest, RefusesWhatMakesNoSense) {
  const Model model = RandomModel(Parse(Small()));
  const NodeId h = model.graph.Find("h");
  const auto message = [&](const std::vector<UnitRemoval>& removals) {
    return std::string(RemoveUnits(model, removals).status().message());
  };
  EXPECT_THAT(message({{model.graph.Find("z"), {0}}}), HasSubstr("no relu"));
  EXPECT_THAT(message({{-1, {0}}}), HasSubstr("no relu"));
  EXPECT_THAT(message({{h, {4}}}), HasSubstr("has units 0 to 3"));
  EXPECT_THAT(message({{h, {1, 1}}}), HasSubstr("ascending order"));
  EXPECT_THAT(message({{h, {1}}, {h, {2}}}), HasSubstr("given twice"));
  Model training = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 3])
  p = parameter(dtype="f32", shape=[], initializer="constant", initializer_value=0.0)
  q = neg(p)
  y = relu(x)
  output y = y
  update p = q
})"));
  EXPECT_EQ(RemoveUnits(training, {}).status().code(),
            absl::StatusCode::kFailedPrecondition);
}

// 3 -> 4, as many ReLUs one after the other, -> 2.
Model Chain(int relus) {
  std::string text = "graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
                     "b1 = " + P("4") + "w2 = " + P("4, 2") + "b2 = " + P("2") +
                     "h0 = dense(x, w1, b1)\n";
  for (int i = 1; i <= relus; ++i) {
    text +=
        "h" + std::to_string(i) + " = relu(h" + std::to_string(i - 1) + ")\n";
  }
  return RandomModel(Parse(text + "y = dense(h" + std::to_string(relus) +
                           ", w2, b2)\noutput y = y\n}"));
}

TEST(RemoveUnitsTest, PathsOfUnitsHaveALimit) {
  Model model = Chain(64);
  Kill(model, "w1", "b1", {1});
  EXPECT_THAT(Remove(model, {{model.graph.Find("h1"), {1}}}).layers[0].units,
              ElementsAre(1));
  // Neither time nor stack grows with the length.
  constexpr int kMany = 50000;
  model = Chain(kMany);
  Kill(model, "w1", "b1", {1});
  std::vector<UnitRemoval> removals;
  for (int i = 1; i <= kMany; ++i) {
    removals.push_back({model.graph.Find("h" + std::to_string(i)), {1}});
  }
  absl::StatusOr<RemovalResult> result = RemoveUnits(model, removals);
  ASSERT_TRUE(result.ok()) << result.status();
  for (int i : {1, kMany / 2, kMany}) {
    EXPECT_EQ(result->layers[static_cast<size_t>(i - 1)].refusal,
              "its units pass through more than 64 nodes");
  }
}

TEST(RemoveUnitsTest, ManyConsumersMayShareOneWeight) {
  constexpr int kMany = 2000;
  std::string text = "graph g {\n" + std::string(kInput) + "w1 = " + P("3, 4") +
                     "b1 = " + P("4") + "w2 = " + P("4, 2") +
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
