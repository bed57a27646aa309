#include "transforms/passes.h"

#include "gmock/gmock.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

// Runs a pass on a graph as text; the result must compute the same outputs.
std::string After(absl::StatusOr<Graph> (*pass)(const Graph&),
                  absl::string_view text) {
  const Graph before = Parse(text);
  const absl::StatusOr<Graph> after = pass(before);
  EXPECT_TRUE(after.ok()) << after.status();
  if (!after.ok()) return "";
  // Leaves that are gone have no value.
  Model model_before = RandomModel(before);
  Model model_after;
  model_after.graph = *after;
  for (const auto& [name, value] : model_before.values) {
    if (after->Find(name) != kNoNode) model_after.values[name] = value;
  }
  ExpectSameOutputs(model_before, model_after);
  return PrintGraph(*after);
}

TEST(RemoveDeadNodesTest, LeavesOutWhatNobodyReads) {
  EXPECT_EQ(After(RemoveDeadNodes, R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  unread = input(dtype="f32", shape=[-1, 5])
  dead_weight = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=0.0)
  dead = mul(x, dead_weight)
  deader = neg(dead)
  y = neg(x)
  output y = y
})"),
            R"(graph g {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  unread: f32[N, 5] = input(dtype="f32", shape=[-1, 5])
  y: f32[N, 2] = neg(x)
  output y = y
}
)");
}

TEST(RemoveDeadNodesTest, KeepsWhatUpdatesNeed) {
  constexpr char kText[] = R"(graph g {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  p: f32[] = parameter(dtype="f32", shape=[], initializer="constant", initializer_value=0.0)
  s: f32[] = state(dtype="f32", shape=[], initializer="constant", initializer_value=1.0)
  t: f32[] = mul(s, p)
  y: f32[N, 2] = neg(x)
  output y = y
  update s = t
}
)";
  EXPECT_EQ(After(RemoveDeadNodes, kText), kText);
}

TEST(RemoveDeadNodesTest, OfAModelDropsValues) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  p = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=0.0)
  q = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=0.0)
  y = mul(x, p)
  output y = y
})"));
  model.class_names = {"a", "b"};
  const absl::StatusOr<Model> result = RemoveDeadNodes(model);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(Validate(*result).ok()) << Validate(*result);
  EXPECT_EQ(result->values.count("q"), 0u);
  EXPECT_EQ(result->class_names, model.class_names);
}

TEST(FoldConstantsTest, FoldsChains) {
  EXPECT_EQ(After(FoldConstants, R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  two = constant(value=f32[]{2.0})
  pair = constant(value=f32[2]{1.0, -3.0})
  product = mul(two, pair)
  rest = relu(product)
  y = add(x, rest)
  output y = y
})"),
            R"(graph g {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  two: f32[] = constant(value=f32[]{2.0})
  pair: f32[2] = constant(value=f32[2]{1.0, -3.0})
  product: f32[2] = constant(value=f32[2]{2.0, -6.0})
  rest: f32[2] = constant(value=f32[2]{2.0, 0.0})
  y: f32[N, 2] = add(x, rest)
  output y = y
}
)");
}

TEST(FoldConstantsTest, RoundsAChainOnce) {
  // In float32, (1 + 2^-24) - 1 is 0.
  const Graph folded = *FoldConstants(Parse(R"(graph g {
  one = constant(value=f32[]{1.0})
  tiny = constant(value=f32[]{5.9604645e-08})
  sum = add(one, tiny)
  y = sub(sum, one)
  output y = y
})"));
  EXPECT_EQ(*ConstantValue(*folded.node(3).op), Tensor::Scalar(0x1p-24f));
}

TEST(FoldConstantsTest, LeavesParametersAndTheBatchAlone) {
  constexpr char kText[] = R"(graph g {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  p: f32[2] = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=0.0)
  two: f32[2] = constant(value=f32[2]{2.0, 3.0})
  scaled: f32[2] = mul(two, p)
  rows: f32[N, 2] = broadcast(two; shape=[-1, 2])
  y: f32[N, 2] = add(rows, scaled)
  output y = y
}
)";
  EXPECT_EQ(After(FoldConstants, kText), kText);
}

TEST(FoldConstantsTest, DoesNotBlowUpAGraph) {
  constexpr char kText[] = R"(graph g {
  two: f32[] = constant(value=f32[]{2.0})
  many: f32[1000000, 1000000] = broadcast(two; shape=[1000000, 1000000])
  output y = many
}
)";
  EXPECT_EQ(PrintGraph(*FoldConstants(Parse(kText))), kText);
}

constexpr char kTraining[] = R"(graph training {
  x = input(dtype="f32", shape=[-1, 2])
  target = input(dtype="f32", shape=[-1, 2])
  w = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=1.0)
  moment = state(dtype="f32", shape=[2], initializer="constant", initializer_value=0.0)
  y = mul(x, w)
  e = sub(y, target)
  loss = sum(e; axes=[0, 1], keep_axes=false)
  next = add(w, moment)
  output prediction = y
  output loss = loss
  update w = next
}
)";

TEST(InferenceFormTest, KeepsTheOutputsNamedAndWhatTheyNeed) {
  Model model = RandomModel(Parse(kTraining));
  model.domains["x"] = {{0, 0}, {1, 1}};
  model.domains["target"] = {{0, 0}, {1, 1}};
  const absl::StatusOr<Model> result = InferenceForm(model, {"prediction"});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(PrintGraph(result->graph), R"(graph training {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  w: f32[2] = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=1.0)
  y: f32[N, 2] = mul(x, w)
  output prediction = y
}
)");
  EXPECT_TRUE(Validate(*result).ok()) << Validate(*result);
  EXPECT_EQ(result->values.size(), 1u);
  EXPECT_EQ(result->domains.size(), 1u);
}

TEST(InferenceFormTest, TakesTheInputThatStandsForAnOpOfTraining) {
  constexpr char kText[] = R"(graph training {
  x = input(dtype="f32", shape=[-1, 2])
  step = state(dtype="i32", shape=[], initializer="constant", initializer_value=0.0)
  one = constant(value=i32[]{1})
  next = add_i32(step, one)
  a = dropout(x, step; rate=0.5, seed=1)
  b = dropout(a, step; rate=0.25, seed=2)
  y = relu(b)
  output hidden = b
  output y = y
  update step = next
}
)";
  const absl::StatusOr<Graph> result =
      InferenceForm(Parse(kText), {"y", "hidden"});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_EQ(PrintGraph(*result), R"(graph training {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  y: f32[N, 2] = relu(x)
  output y = y
  output hidden = x
}
)");
}

TEST(InferenceFormTest, NamesTheOutputsThereAre) {
  EXPECT_EQ(InferenceForm(Parse(kTraining), {"y"}).status().message(),
            "the graph has no output 'y', its outputs are 'prediction', "
            "'loss'");
  EXPECT_FALSE(InferenceForm(Parse(kTraining), {}).ok());
}

constexpr char kFoldable[] = R"(graph g {
  x = input(dtype="f32", shape=[-1])
  two = constant(value=f32[]{2.0})
  four = mul(two, two)
  y = add(x, four)
  output y = y
})";

TEST(RunPassesTest, RunsTheListAndShowsEachResult) {
  std::vector<std::string> seen;
  RunPassesOptions options;
  options.after = [&](const Pass& pass, const Graph& result) {
    seen.push_back(std::string(pass.name) + " " +
                   std::to_string(result.num_nodes()));
  };
  const absl::StatusOr<Graph> result =
      RunPasses(Parse(kFoldable), SimplifyPasses(), options);
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(seen, ElementsAre("fold-constants 4", "remove-dead-nodes 3"));
  EXPECT_EQ(PrintGraph(*result), R"(graph g {
  x: f32[N] = input(dtype="f32", shape=[-1])
  four: f32[] = constant(value=f32[]{4.0})
  y: f32[N] = add(x, four)
  output y = y
}
)");
}

TEST(RunPassesTest, LeavesOutDisabledPasses) {
  RunPassesOptions options;
  options.disabled = {"fold-constants"};
  EXPECT_EQ(RunPasses(Parse(kFoldable), SimplifyPasses(), options)->num_nodes(),
            4);
  options.disabled = {"fold-napkins"};
  EXPECT_EQ(
      RunPasses(Parse(kFoldable), SimplifyPasses(), options).status().message(),
      "there is no pass 'fold-napkins' to disable");
}

TEST(RunPassesTest, NamesThePassThatFails) {
  const Pass failing = {"fails", [](const Graph&) -> absl::StatusOr<Graph> {
                          return absl::InternalError("node 'y' (add): broken");
                        }};
  EXPECT_EQ(RunPasses(Parse(kFoldable), {failing}).status().message(),
            "pass 'fails': node 'y' (add): broken");
}

TEST(FoldConstantsTest, FoldsMoves) {
  const Graph folded = *FoldConstants(Parse(R"(graph g {
  table = constant(value=f32[3, 2]{1.0, 2.0, 3.0, 4.0, 5.0, 6.0})
  rows = constant(value=i32[2]{2, 0})
  picked = gather(table, rows; axis=0)
  turned = transpose(picked; permutation=[1, 0])
  part = slice(turned; axes=[0], starts=[1], ends=[2], steps=[1])
  padded = pad(part; before=[0, 1], after=[0, 0], interior=[0, 0])
  y = concat(padded, part; count=2, axis=1)
  output y = y
})"));
  const Node& y = folded.node(folded.outputs()[0].node);
  ASSERT_NE(ConstantValue(*y.op), nullptr);
  EXPECT_EQ(*ConstantValue(*y.op), Tensor({1, 5}, {0, 6, 2, 6, 2}));
}

// The run has to say what is wrong.
TEST(FoldConstantsTest, LeavesAnIndexOutOfRangeToTheRun) {
  constexpr char kText[] = R"(graph g {
  table: f32[2] = constant(value=f32[2]{1.0, 2.0})
  rows: i32[2] = constant(value=i32[2]{0, 2})
  y: f32[2] = gather(table, rows; axis=0)
  output y = y
}
)";
  EXPECT_EQ(PrintGraph(*FoldConstants(Parse(kText))), kText);
}

}  // namespace
}  // namespace espalier
