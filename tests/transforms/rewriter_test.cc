#include "transforms/rewriter.h"

#include <utility>

#include "gmock/gmock.h"
#include "ops/activations.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

constexpr char kGraph[] = R"(graph g {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  s: f32[] = state(dtype="f32", shape=[], initializer="constant", initializer_value=1.0)
  t: f32[] = neg(s)
  a: f32[N, 2] = neg(x)
  b: f32[N, 2] = relu(a)
  output y = b
  update s = t
}
)";

TEST(RewriterTest, CopyingAllGivesTheSame) {
  const Graph graph = Parse(kGraph);
  Rewriter rewriter(graph);
  for (NodeId id = 0; id < graph.num_nodes(); ++id) rewriter.Copy(id);
  const absl::StatusOr<Graph> copy = std::move(rewriter).Finish();
  ASSERT_TRUE(copy.ok()) << copy.status();
  EXPECT_EQ(PrintGraph(*copy), kGraph);
}

TEST(RewriterTest, ReplacedValuesReachReadersAndUpdatesMayGo) {
  const Graph graph = Parse(kGraph);
  Rewriter rewriter(graph);
  rewriter.Copy(0);
  rewriter.Replace(3, Tanh(rewriter.Get(0), rewriter.UniqueName("a")));
  rewriter.Copy(4);
  const absl::StatusOr<Graph> result =
      std::move(rewriter).FinishWithoutUpdates();
  ASSERT_TRUE(result.ok()) << result.status();
  // The old graph's `a` could still be copied, so its name is not taken.
  EXPECT_EQ(PrintGraph(*result), R"(graph g {
  x: f32[N, 2] = input(dtype="f32", shape=[-1, 2])
  a_1: f32[N, 2] = tanh(x)
  b: f32[N, 2] = relu(a_1)
  output y = b
}
)");
}

TEST(RewriterTest, UpdatesOfLeavesLeftOutGoToo) {
  const Graph graph = Parse(kGraph);
  Rewriter rewriter(graph);
  rewriter.CopyNeededBy({graph.Find("b")});
  const absl::StatusOr<Graph> result = std::move(rewriter).Finish();
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_TRUE(result->updates().empty());
  EXPECT_EQ(result->num_nodes(), 3);
}

TEST(RewriterTest, LeavingOutWhatIsNeededIsAnError) {
  const Graph graph = Parse(kGraph);
  {
    Rewriter rewriter(graph);
    rewriter.Copy(0);
    rewriter.Copy(4);
    EXPECT_EQ(std::move(rewriter).Finish().status().message(),
              "node 'b' (relu) needs node 'a' (neg), which was left out");
  }
  {
    Rewriter rewriter(graph);
    for (NodeId id : {0, 1, 2, 3}) rewriter.Copy(id);
    EXPECT_EQ(std::move(rewriter).Finish().status().message(),
              "output 'y' needs node 'b' (relu), which was left out");
  }
  Rewriter rewriter(graph);
  for (NodeId id : {0, 1, 3, 4}) rewriter.Copy(id);
  EXPECT_EQ(std::move(rewriter).Finish().status().message(),
            "update of node 's' (state) needs node 't' (neg), which was left "
            "out");
}

TEST(NeededByTest, FollowsInputs) {
  const Graph graph = Parse(kGraph);
  EXPECT_THAT(NeededBy(graph, {3}),
              ::testing::ElementsAre(true, false, false, true, false));
}

}  // namespace
}  // namespace espalier
