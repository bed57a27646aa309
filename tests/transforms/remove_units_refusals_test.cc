// Which units stay, and what is said of them.
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "tests/transforms/remove_units_helpers.h"
#include "transforms/remove_units.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(RemoveUnitsTest, RefusesReshapesThatRegroup) {
  const Model model = RandomModel(Parse(
      "graph g {\nx = input(dtype=\"f32\", shape=[1, 3])\nw1 = " +
      ParameterText("3, 4") + "b1 = " + ParameterText("4") +
      "w2 = " + ParameterText("2, 1") +
      "z = dense(x, w1, b1)\n h = relu(z)\n f = reshape(h; shape=[2, 2])\n"
      "y = matmul(f, w2; transpose_a=false, transpose_b=false)\n"
      "output y = y\n}"));
  ExpectRefusal(model, "h", {2},
                "node 'y' (matmul) reads the units as [2, 2], node 'z' (dense) "
                "makes them as [1, 4]");
}

TEST(RemoveUnitsTest, NeedsAllRowsOfAFixedBatch) {
  Model model = RandomModel(
      Parse("graph g {\nx = input(dtype=\"f32\", shape=[2, 3])\nw1 = " +
            ParameterText("3, 4") + "b1 = " + ParameterText("4") +
            "w2 = " + ParameterText("4, 1") +
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
  ExpectRefusal(
      RandomModel(Parse(
          "graph g {\n" + std::string(kInput) + "w = " + ParameterText("3, 3") +
          "b1 = " + ParameterText("3") + "b2 = " + ParameterText("3") +
          "z = dense(x, w, b1)\n h = relu(z)\n y = dense(h, w, b2)\n"
          "output y = y\n}")),
      "h", {0}, "node 'w' (parameter) is also read by node");
}

TEST(RemoveUnitsTest, RefusesBranchesThatMeet) {
  for (const char* kind : {"add", "mul"}) {
    ExpectRefusal(
        RandomModel(Parse(
            "graph g {\n" + std::string(kInput) +
            "w1 = " + ParameterText("3, 3") + "b1 = " + ParameterText("3") +
            "w2 = " + ParameterText("3, 2") + "b2 = " + ParameterText("2") +
            "z = dense(x, w1, b1)\n h = relu(z)\n r = " + kind +
            "(h, x)\n y = dense(r, w2, b2)\noutput y = y\n}")),
        "h", {0}, "two branches meet in node 'r' (" + std::string(kind) + ")");
  }
  // Before the ReLU.
  ExpectRefusal(
      RandomModel(
          Parse("graph g {\n" + std::string(kInput) +
                "w1 = " + ParameterText("3, 3") + "b1 = " + ParameterText("3") +
                "w2 = " + ParameterText("3, 2") + "b2 = " + ParameterText("2") +
                "z = dense(x, w1, b1)\n r = add(z, x)\n h = relu(r)\n "
                "y = dense(h, w2, b2)\noutput y = y\n}")),
      "h", {0}, "two branches meet in node 'r' (add)");
}

TEST(RemoveUnitsTest, RefusesOpsThatReadAllUnits) {
  ExpectRefusal(
      RandomModel(Parse("graph g {\n" + std::string(kInput) + "w1 = " +
                        ParameterText("3, 3") + "b1 = " + ParameterText("3") +
                        "z = dense(x, w1, b1)\n h = relu(z)\n y = softmax(h)\n"
                        "output y = y\n}")),
      "h", {0}, "node 'y' (softmax) reads its units, no dense or matmul");
}

TEST(RemoveUnitsTest, RefusesProductsThatReadUnitsElsewhere) {
  const std::string layer =
      "graph g {\nx = input(dtype=\"f32\", shape=[3, 3])\n"
      "w1 = " +
      ParameterText("3, 3") + "b1 = " + ParameterText("3") +
      "w2 = " + ParameterText("3, 3") + "z = dense(x, w1, b1)\n h = relu(z)\n";
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
      "the weight of node 'y' (matmul) is node 's' (square), neither "
      "parameter, "
      "state nor constant");
}

TEST(RemoveUnitsTest, RefusesAReluOfAnInput) {
  ExpectRefusal(RandomModel(Parse("graph g {\n" + std::string(kInput) +
                                  "w2 = " + ParameterText("3, 2") +
                                  "b2 = " + ParameterText("2") +
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

Model Chain(int relus) {
  std::string text =
      "graph g {\n" + std::string(kInput) + "w1 = " + ParameterText("3, 4") +
      "b1 = " + ParameterText("4") + "w2 = " + ParameterText("4, 2") +
      "b2 = " + ParameterText("2") + "h0 = dense(x, w1, b1)\n";
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

TEST(RemoveUnitsTest, RefusesOpsThatMoveUnits) {
  struct Case {
    std::string op, refusal;
  };
  const auto before = [](const std::string& op) {
    return "graph g {\nx = input(dtype=\"f32\", shape=[3, 3])\n"
           "i = input(dtype=\"i32\", shape=[3])\nw1 = " +
           ParameterText("3, 3") +
           "z = matmul(x, w1; transpose_a=false, "
           "transpose_b=false)\n" +
           op;
  };
  const auto after = "w2 = " + ParameterText("3, 2") +
                     "y = matmul(moved, w2; transpose_a=false, "
                     "transpose_b=false)\noutput y = y\n}";
  const std::vector<Case> cases = {
      {"transpose(from; permutation=[1, 0])", "node 'moved' (transpose)"},
      {"slice(from; axes=[1], starts=[0], ends=[3], steps=[1])",
       "node 'moved' (slice)"},
      {"pad(from; before=[1, 0], after=[0, 0], interior=[0, 0])",
       "node 'moved' (pad)"},
      {"concat(from, from; count=2, axis=0)", "node 'moved' (concat)"},
      {"gather(from, i; axis=1)", "node 'moved' (gather)"},
      {"scatter_add(from, i; rows=3, axis=1)", "node 'moved' (scatter_add)"}};
  for (const Case& c : cases) {
    // Between the ReLU and what reads its units.
    std::string op = c.op;
    op.replace(op.find("from"), 4, "h");
    if (op.find("from") != std::string::npos)
      op.replace(op.find("from"), 4, "h");
    ExpectRefusal(
        RandomModel(Parse(before("h = relu(z)\nmoved = " + op + "\n" + after))),
        "h", {0}, c.refusal + " reads its units, no dense or matmul");
    // Between the product and the ReLU.
    op = c.op;
    op.replace(op.find("from"), 4, "z");
    if (op.find("from") != std::string::npos)
      op.replace(op.find("from"), 4, "x");
    ExpectRefusal(
        RandomModel(Parse(
            before("moved = " + op +
                   "\nh = relu(moved)\nw2 = " + ParameterText("3, 2") +
                   "y = matmul(h, w2; "
                   "transpose_a=false, transpose_b=false)\noutput y = y\n}"))),
        "h", {0}, "its input comes from " + c.refusal + ", no dense or matmul");
  }
}

}  // namespace
}  // namespace espalier
