#include "graph/interpreter.h"

#include "gtest/gtest.h"
#include "tests/graph/test_ops.h"

namespace espalier {
namespace {

Graph CountingGraph() {
  GraphBuilder g("counting");
  Value x = g.Input("x", {kBatch, 2});
  Value count = g.State("count", {});
  Value one = g.Constant(1.0f);
  g.Update(count, Plus(count, one));
  g.Output("y", Plus(x, x));
  return *g.Build();
}

TEST(InterpreterTest, GivesOutputsAndUpdates) {
  const Graph graph = CountingGraph();
  LeafValues leaves;
  leaves["x"] = DoubleTensor({2, 2}, {1, 2, 3, 4});
  leaves["count"] = DoubleTensor(Shape(), 41.0);
  const auto run = Interpret(graph, leaves);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->outputs.at("y").values(), (std::vector<double>{2, 4, 6, 8}));
  EXPECT_EQ(run->updates.at("count")[0], 42.0);
}

TEST(InterpreterTest, SaysWhatIsMissingOrMisshapen) {
  const Graph graph = CountingGraph();
  LeafValues leaves;
  leaves["x"] = DoubleTensor({2, 3});
  EXPECT_EQ(Interpret(graph, leaves).status().message(),
            "node 'x' (input) has shape [2, 2], its value has [2, 3]");
  leaves["x"] = DoubleTensor({2, 2});
  EXPECT_EQ(Interpret(graph, leaves).status().message(),
            "node 'count' (state) was given no value");
  leaves["x"] = DoubleTensor(Shape());
  EXPECT_FALSE(Interpret(graph, leaves).ok());
}

TEST(InterpreterTest, BatchesMustAgree) {
  GraphBuilder g("two");
  Value a = g.Input("a", {kBatch});
  Value b = g.Input("b", {kBatch});
  g.Output("y", Plus(a, b));
  const Graph graph = *g.Build();
  EXPECT_EQ(
      Interpret(graph, {{"a", DoubleTensor({2})}, {"b", DoubleTensor({3})}})
          .status()
          .message(),
      "node 'b' (input) was given a batch of 3, an earlier input 2");
}

TEST(InterpreterTest, EmptyBatchesRun) {
  LeafValues leaves;
  leaves["x"] = DoubleTensor({0, 2});
  leaves["count"] = DoubleTensor(Shape());
  const auto run = Interpret(CountingGraph(), leaves);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(run->outputs.at("y").num_elements(), 0);
}

TEST(InterpreterTest, ResultsOfAnotherShapeNameTheOp) {
  class Scalar : public PassOp {
   public:
    Scalar() : PassOp("scalar") {}
    DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> /*inputs*/,
                          const Shape& /*output*/) const override {
      return DoubleTensor(Shape());
    }
  };
  GraphBuilder g("g");
  g.Output("y", g.AddNode(std::make_shared<Scalar>(),
                          {g.Input("x", {kBatch, 2})}, "mine"));
  EXPECT_EQ(
      Interpret(*g.Build(), {{"x", DoubleTensor(Shape({3, 2}))}}).status(),
      absl::InternalError("node 'mine' (scalar): Evaluate gives [], "
                          "expected [3, 2], the shape of its type"));
}

}  // namespace
}  // namespace espalier
