#include "graph/builder.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/graph/test_ops.h"

namespace espalier {
namespace {

TEST(BuilderTest, BuildsAGraphInOrder) {
  GraphBuilder g("sum");
  Value x = g.Input("x", {kBatch, 2});
  Value y = Plus(x, x);
  g.Output("y", y);
  const absl::StatusOr<Graph> graph = g.Build();
  ASSERT_TRUE(graph.ok()) << graph.status();
  EXPECT_EQ(graph->num_nodes(), 2);
  EXPECT_EQ(graph->node(1).name, "plus");
  EXPECT_EQ(graph->node(1).type.ToString(), "f32[N, 2]");
  EXPECT_EQ(graph->inputs(), std::vector<NodeId>{0});
  EXPECT_EQ(graph->Find("plus"), 1);
  EXPECT_EQ(graph->Find("minus"), kNoNode);
  EXPECT_EQ(graph->Users()[0], (std::vector<NodeId>{1, 1}));
}

TEST(BuilderTest, TheFirstErrorSticksAndNamesItsNode) {
  GraphBuilder g("bad");
  Value x = g.Input("x", {kBatch, 2});
  Value z = g.Input("z", {kBatch, 3});
  Value y = Plus(x, z, "sum");
  EXPECT_FALSE(y.valid());
  Value after = Plus(y, y, "later");
  EXPECT_FALSE(after.valid());
  g.Output("y", after);
  EXPECT_EQ(g.Build().status().message(),
            "node 'sum' (plus): expected two equal types, found f32[N, 2] and "
            "f32[N, 3]");
}

TEST(BuilderTest, NamesAreUniqueAndWellFormed) {
  GraphBuilder g("names");
  g.Input("x", {1});
  EXPECT_EQ(g.UniqueName("x"), "x_1");
  EXPECT_EQ(g.UniqueName("w"), "w");
  g.Input("x", {1});
  EXPECT_EQ(g.status().message(),
            "node 'x' (input): this name is taken by an earlier node");
  const std::string long_name(256, 'a');
  for (const char* name : {"a b", "a\n", "\xff", "a(", long_name.c_str()}) {
    GraphBuilder other("names");
    other.Input(name, {1});
    EXPECT_FALSE(other.status().ok()) << name;
  }
  EXPECT_FALSE(GraphBuilder("").status().ok());
}

TEST(BuilderTest, ManyNodesOfOneKindTakeLinearTime) {
  GraphBuilder g("many");
  Value x = g.Input("x", {1});
  for (int i = 0; i < 100000; ++i) x = Plus(x, x);
  g.Output("y", x);
  EXPECT_TRUE(g.Build().ok());
}

TEST(BuilderTest, RefusesValuesOfOthers) {
  GraphBuilder other("other");
  Value foreign = other.Input("x", {1});
  GraphBuilder g("mine");
  Value x = g.Input("x", {1});
  Plus(x, foreign, "sum");
  EXPECT_EQ(g.status().message(),
            "node 'sum' (plus): input 1 belongs to another builder");
  GraphBuilder empty("empty");
  empty.Output("y", Value());
  EXPECT_EQ(empty.status().message(), "output 'y': it is an empty value");
}

TEST(BuilderTest, DefaultValuesPassThroughFunctions) {
  EXPECT_FALSE(Plus(Value(), Value()).valid());
  EXPECT_EQ(Value().type().ToString(), "f32[]");
}

TEST(BuilderTest, UpdatesAreChecked) {
  const auto error = [](void (*build)(GraphBuilder&)) {
    GraphBuilder g("updates");
    build(g);
    return std::string(g.Build().status().message());
  };
  EXPECT_EQ(error([](GraphBuilder& g) {
              Value x = g.Input("x", {1});
              g.Update(x, x);
            }),
            "update of node 'x' (input): only parameters and states can be "
            "updated");
  EXPECT_EQ(error([](GraphBuilder& g) {
              Value w = g.Parameter("w", {1}, Initializer::Zeros());
              g.Update(w, w);
              g.Update(w, w);
            }),
            "update of node 'w' (parameter): it has an update already");
  EXPECT_EQ(error([](GraphBuilder& g) {
              Value w = g.Parameter("w", {2}, Initializer::Zeros());
              Value s = g.State("s", {1});
              g.Update(w, s);
            }),
            "update of node 'w' (parameter): expected a value of type f32[2], "
            "found f32[1]");
}

TEST(BuilderTest, BuildEndsTheBuilder) {
  GraphBuilder g("once");
  Value x = g.Input("x", {1});
  g.Output("y", x);
  EXPECT_TRUE(g.Build().ok());
  EXPECT_EQ(g.Build().status().code(), absl::StatusCode::kFailedPrecondition);
  g.Input("z", {1});
  EXPECT_EQ(g.status().code(), absl::StatusCode::kFailedPrecondition);
}

TEST(BuilderTest, GraphsWithoutResultsAreRefused) {
  GraphBuilder g("nothing");
  g.Input("x", {1});
  EXPECT_EQ(g.Build().status().message(),
            "graph 'nothing' has no output and no update");
}

TEST(BuilderTest, OutputNamesAreUnique) {
  GraphBuilder g("twice");
  Value x = g.Input("x", {1});
  g.Output("y", x);
  g.Output("y", x);
  EXPECT_EQ(g.status().message(), "output 'y': another output has this name");
}

TEST(BuilderTest, LeavesAreChecked) {
  GraphBuilder batch("batch");
  batch.Parameter("w", {kBatch, 2}, Initializer::Zeros());
  EXPECT_EQ(batch.status().message(),
            "node 'w' (parameter): shape [N, 2] has the batch N: only inputs "
            "may");
  GraphBuilder half("half");
  half.State("s", {}, 0.5f, DataType::kI32);
  EXPECT_FALSE(half.status().ok());
  GraphBuilder huge("huge");
  huge.Input("x", {kMaxDimension, kMaxDimension});
  EXPECT_FALSE(huge.status().ok());
}

TEST(OpTableTest, MakesOpsAgain) {
  const OpTable ops = TestOps();
  EXPECT_EQ((*ops.Make("plus", {}))->kind(), "plus");
  EXPECT_EQ(ops.Make("minus", {}).status(),
            absl::UnimplementedError(
                "op kind 'minus' is unknown; an op of a program's own is read "
                "with an OpTable that has it, StandardOps().Extended"));
  EXPECT_FALSE(ops.Make("plus", {{"x", true}}).ok());
  const OpTable::Entry more[] = {{"another", ReadPlus}};
  EXPECT_TRUE(ops.Extended(more).Make("another", {}).ok());
  EXPECT_TRUE(ops.Extended(more).Make("plus", {}).ok());
}

TEST(OpTableTest, AKindThatIsThereTwiceIsNobodys) {
  const OpTable::Entry taken[] = {{"plus", ReadPlus}, {"parameter", ReadPlus}};
  const OpTable ops = TestOps().Extended(taken);
  for (const char* kind : {"plus", "parameter"}) {
    EXPECT_EQ(ops.Make(kind, {}).status(),
              absl::InvalidArgumentError(absl::StrCat(
                  "op kind '", kind,
                  "' is twice in the table of ops: one of a program's own "
                  "needs a kind that no other has")));
  }
  EXPECT_TRUE(TestOps().Make("plus", {}).ok());
}

TEST(BuilderTest, TheKindsOfLeavesAreTaken) {
  class Pretender : public PlusOp {
    absl::string_view kind() const override { return "parameter"; }
  };
  GraphBuilder g("g");
  const Value x = g.Input("x", {2});
  g.AddNode(std::make_shared<Pretender>(), {x, x}, "w");
  EXPECT_EQ(g.status().message(),
            "node 'w' (parameter): it is no leaf, and its op has the kind of "
            "one");
}

TEST(OpTest, DefaultsSayWhichOp) {
  const PlusOp op;
  EXPECT_EQ(op.Gradient({}, Value(), Value(), {}).status().message(),
            "op 'plus' has no gradient");
}

}  // namespace
}  // namespace espalier
