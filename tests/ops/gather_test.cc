#include "ops/gather.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Shape and dtype of what `make` gives for one f32 input and i32 indices.
using Make = std::function<Value(Value x, Value indices)>;
absl::Status MadeStatus(const Shape& x, const Shape& indices,
                        const Make& make) {
  return BuildStatus([&](GraphBuilder& g) {
    return make(g.Input("x", x), g.Input("i", indices, DataType::kI32));
  });
}

absl::Status GatherStatus(const Shape& x, const Shape& indices, int64_t axis) {
  return MadeStatus(
      x, indices, [axis](Value v, Value i) { return Gather(v, i, axis, "g"); });
}

absl::Status ScatterAddStatus(const Shape& values, const Shape& indices,
                              int64_t rows, int64_t axis) {
  return MadeStatus(values, indices, [=](Value v, Value i) {
    return ScatterAdd(v, i, rows, axis, "s");
  });
}

DoubleTensor Interpreted(const Make& make, const DoubleTensor& x,
                         const DoubleTensor& indices) {
  GraphBuilder g("test");
  g.Output("y", make(g.Input("x", x.shape()),
                     g.Input("i", indices.shape(), DataType::kI32)));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  if (!graph.ok()) return DoubleTensor();
  return Interpret(*graph, {{"x", x}, {"i", indices}})->outputs.at("y");
}

TEST(GatherTest, PicksRows) {
  const DoubleTensor y =
      Interpreted([](Value x, Value i) { return Gather(x, i); },
                  Matrix(3, 2, {1, 2, 3, 4, 5, 6}), Vector({2, 0, 2}));
  EXPECT_EQ(y.shape(), Shape({3, 2}));
  EXPECT_THAT(y.values(), ElementsAre(5, 6, 1, 2, 5, 6));
}

TEST(GatherTest, IndicesStandInPlaceOfTheAxis) {
  const DoubleTensor y =
      Interpreted([](Value x, Value i) { return Gather(x, i, -1); },
                  Matrix(2, 3, {1, 2, 3, 4, 5, 6}), Matrix(2, 1, {2, 1}));
  EXPECT_EQ(y.shape(), Shape({2, 2, 1}));
  EXPECT_THAT(y.values(), ElementsAre(3, 2, 6, 5));
}

TEST(GatherTest, GradientAddsUp) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {3, 2});
  const Value y = Gather(x, g.Input("i", {kBatch}, DataType::kI32));
  g.Output("dx", Gradients(Sum(y), {x})[0]);
  const Graph graph = *g.Build();
  const auto run = Interpret(
      graph, {{"x", DoubleTensor(Shape({3, 2}))}, {"i", Vector({2, 0, 2, 2})}});
  ASSERT_OK(run);
  EXPECT_THAT(run->outputs.at("dx").values(), ElementsAre(1, 1, 0, 0, 3, 3));
}

TEST(GatherTest, InTheInterpreterAnIndexOutsideGivesNan) {
  const DoubleTensor y =
      Interpreted([](Value x, Value i) { return Gather(x, i); }, Vector({7, 8}),
                  Vector({-1, 1, 2}));
  EXPECT_TRUE(std::isnan(y[0]));
  EXPECT_EQ(y[1], 8);
  EXPECT_TRUE(std::isnan(y[2]));
}

TEST(GatherTest, Types) {
  GraphBuilder g("test");
  const Value i = g.Input("i", {kBatch, 4}, DataType::kI32);
  const Value two = g.Input("two", {2}, DataType::kI32);
  const Value scalar = g.Input("scalar", {}, DataType::kI32);
  EXPECT_EQ(Gather(g.Input("a", {9, 3}), i).type().ToString(), "f32[N, 4, 3]");
  EXPECT_EQ(Gather(g.Input("b", {9}, DataType::kI32), i).type().ToString(),
            "i32[N, 4]");
  EXPECT_EQ(Gather(g.Input("c", {kBatch, 9, 3}), two, 1).type().ToString(),
            "f32[N, 2, 3]");
  EXPECT_EQ(Gather(g.Input("d", {kBatch, 9, 3}), scalar, -1).type().ToString(),
            "f32[N, 9]");
  EXPECT_EQ(ScatterAdd(g.Input("e", {kBatch, 4, 3}), i, 9).type().ToString(),
            "f32[9, 3]");
  EXPECT_EQ(
      ScatterAdd(g.Input("f", {kBatch, 2, 3}), two, 9, -2).type().ToString(),
      "f32[N, 9, 3]");
  EXPECT_OK(g.status());
}

TEST(GatherTest, BoundsOfKnownAndUnknownIndices) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {4});
  const Value i = g.Input("i", {4}, DataType::kI32);
  const OpPtr op = Gather(x, i).node().op;
  const IntervalTensor table = Box({1, 5, 3, 0}, {2, 9, 4, 8});
  // Known; between two; anything; never one of them.
  const IntervalTensor indices = Box({1, 0.5, -100, 7}, {1, 2, 100, 9});
  const IntervalTensor y = op->Bounds({&table, &indices}, Shape({4}));
  EXPECT_THAT(y.lower, ElementsAre(5, 3, 0, -INFINITY));
  EXPECT_THAT(y.upper, ElementsAre(9, 9, 9, INFINITY));
}

TEST(ScatterAddTest, BoundsOfKnownAndUnknownIndices) {
  GraphBuilder g("test");
  const Value v = g.Input("v", {3});
  const Value i = g.Input("i", {3}, DataType::kI32);
  const OpPtr op = ScatterAdd(v, i, 2).node().op;
  const IntervalTensor values = Box({1, 2, -4}, {1, 3, -4});
  const IntervalTensor indices = Box({0, 1, -5}, {0, 1, 5});
  const IntervalTensor y = op->Bounds({&values, &indices}, Shape({2}));
  // The last value may be added to either row, or to the other one.
  EXPECT_LE(y.lower[0], -3);
  EXPECT_GE(y.lower[0], -3.00001);
  EXPECT_GE(y.upper[0], 1);
  EXPECT_LE(y.upper[0], 1.00001);
  EXPECT_LE(y.lower[1], -2);
  EXPECT_GE(y.lower[1], -2.00001);
  EXPECT_GE(y.upper[1], 3);
  EXPECT_LE(y.upper[1], 3.00001);
}

TEST(GatherTest, Errors) {
  EXPECT_THAT(GatherStatus({kBatch, 3}, {2}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'g' (gather): x has shape [N, 3]: a gather along "
                       "axis 0 would change the batch N"));
  EXPECT_THAT(GatherStatus({4, 3}, {kBatch}, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'g' (gather): indices has shape [N]: along axis 1 "
                       "the batch N would not be in front"));
  EXPECT_THAT(GatherStatus({4, 3}, {2}, 2),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'g' (gather): axis 2 is not one of the 2 axes of "
                       "x"));
  EXPECT_THAT(GatherStatus({}, {2}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("is not one of the 0 axes of x")));
  EXPECT_THAT(GatherStatus({0, 3}, {2}, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'g' (gather): x has shape [0, 3]: there is "
                       "nothing to gather"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Gather(g.Input("x", {2}), g.Input("i", {2}), 0, "g");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'g' (gather): indices is f32[2]: expected i32"));
}

TEST(ScatterAddTest, Errors) {
  EXPECT_THAT(ScatterAddStatus({2, 3}, {3}, 5, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (scatter_add): values has shape [2, 3], "
                       "indices [3]: expected the dimensions of the indices in "
                       "it from axis 0 on"));
  EXPECT_THAT(ScatterAddStatus({kBatch, 3}, {}, 5, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (scatter_add): values has shape [N, 3], "
                       "indices []: along axis 0 the batch N would not be in "
                       "front"));
  EXPECT_THAT(ScatterAddStatus({2}, {2, 1}, 5, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (scatter_add): axis 0 is not one of the 0 "
                       "axes of the result"));
  EXPECT_THAT(ScatterAddStatus({2}, {2}, 0, 0),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (scatter_add): 0 rows: expected 1 to "
                       "2147483647"));
}

TEST(GatherTest, AttributesOfAFileMayBeAnything) {
  for (int64_t n : {INT64_MIN, INT64_C(-1), int64_t{2}, INT64_MAX}) {
    for (const absl::StatusOr<OpPtr>& op :
         {StandardOps().Make("gather", {{"axis", n}}),
          StandardOps().Make("scatter_add",
                             {{"rows", int64_t{3}}, {"axis", n}})}) {
      ASSERT_OK(op);
      EXPECT_FALSE(MadeStatus({2, 3}, {2},
                              [&](Value x, Value i) {
                                return Apply(*op, {x, i});
                              })
                       .ok())
          << n;
    }
  }
  for (int64_t rows : {INT64_MIN, INT64_C(-1), INT64_MAX}) {
    const auto op = StandardOps().Make("scatter_add",
                                       {{"rows", rows}, {"axis", int64_t{0}}});
    EXPECT_FALSE(MadeStatus({2, 3}, {2}, [&](Value x, Value i) {
                   return Apply(*op, {x, i});
                 }).ok());
  }
}

// Indices that are leaves are looked at before the run, others by the step.
TEST(GatherTest, AnIndexOutsideFailsTheRun) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {7, 2});
  const Value i = g.Input("i", {kBatch}, DataType::kI32);
  const Value table = g.Input("table", {3}, DataType::kI32);
  const Value made = Gather(table, i, 0, "made");
  g.Output("y", Gather(x, made, 0, "g"));
  g.Output("z", ScatterAdd(g.Input("v", {kBatch}), made, 7, 0, "s"));
  const Graph graph = *g.Build();
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
  const auto run = [&](std::vector<double> indices, std::vector<double> rows) {
    const auto n = static_cast<int64_t>(indices.size());
    return execution
        .Run({{"x", DoubleTensor(Shape({7, 2}))},
              {"i", Vector(std::move(indices))},
              {"table", Vector(std::move(rows))},
              {"v", DoubleTensor(Shape({n}))}})
        .status();
  };
  EXPECT_OK(run({0, 2, 1}, {0, 6, 3}));
  EXPECT_OK(run({}, {0, 6, 3}));
  EXPECT_THAT(
      run({0, 3}, {0, 6, 3}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "run: node 'made': indices 'i': element 1 is 3: expected "
               "a row from 0 to 2"));
  EXPECT_THAT(
      run({-1}, {0, 6, 3}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("element 0 is -1: expected a row from 0 to 2")));
  EXPECT_THAT(
      run({0, 1, 2}, {0, 6, 7}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "run: node 'g': indices 'made': element 2 is 7: expected "
               "a row from 0 to 6"));
  // Nobody reads the row that is wrong.
  EXPECT_OK(run({0, 1}, {0, 6, 7}));
  EXPECT_THAT(run({2}, {0, 0, -1}), StatusIs(absl::StatusCode::kInvalidArgument,
                                             HasSubstr("element 0 is -1")));
}

TEST(GatherTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Gather(Value(), Value()).valid());
  EXPECT_FALSE(Gather(Value(), Value(), -1).valid());
  EXPECT_FALSE(ScatterAdd(Value(), Value(), 3, -1).valid());
}

}  // namespace
}  // namespace espalier
