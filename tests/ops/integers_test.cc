#include "ops/integers.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using testing::HasSubstr;

constexpr double kLeast = std::numeric_limits<int32_t>::min();
constexpr double kMost = std::numeric_limits<int32_t>::max();

// Of the input x [N] of this type, executed; as the interpreter gives it.
std::vector<double> Execute(Value (*f)(Value), DataType dtype,
                            const std::vector<double>& x) {
  GraphBuilder g("test");
  g.Output("y", f(g.Input("x", {kBatch}, dtype)));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  const LeafValues leaves = {{"x", Vector(x)}};
  absl::StatusOr<Execution> execution = Execution::Create(*graph, leaves);
  EXPECT_OK(execution);
  const absl::StatusOr<LeafValues> run = execution->Run(leaves);
  EXPECT_OK(run);
  const std::vector<double> y = run->at("y").values();
  EXPECT_EQ(y, Interpret(*graph, leaves)->outputs.at("y").values());
  return y;
}

TEST(CastTest, RoundsTowardZeroAndSaturates) {
  const auto to_i32 = [](Value x) { return Cast(x, DataType::kI32); };
  EXPECT_EQ(Execute(to_i32, DataType::kF32,
                    {0, -0.0, 0.99f, -0.99f, 2.5, -2.5, 16777216, 2147483520,
                     2147483648, 3e38f, -2147483648, -3e38f}),
            (std::vector<double>{0, 0, 0, 0, 2, -2, 16777216, 2147483520, kMost,
                                 kMost, kLeast, kLeast}));
}

// NaN and infinities are made inside: log of what is negative, and of zero.
TEST(CastTest, NanBecomesZero) {
  const auto log_to_i32 = [](Value x) { return Cast(Log(x), DataType::kI32); };
  EXPECT_EQ(Execute(log_to_i32, DataType::kF32, {-1, 0, 1}),
            (std::vector<double>{0, kLeast, 0}));
  const auto other = [](Value x) { return Cast(Neg(Log(x)), DataType::kI32); };
  EXPECT_EQ(Execute(other, DataType::kF32, {0}), (std::vector<double>{kMost}));
}

TEST(CastTest, FromI32IsExactUpTo2To24) {
  const auto to_f32 = [](Value x) { return Cast(x, DataType::kF32); };
  EXPECT_EQ(
      Execute(to_f32, DataType::kI32, {0, -1, 16777216, -16777215, kLeast}),
      (std::vector<double>{0, -1, 16777216, -16777215, kLeast}));
}

TEST(CastTest, OfTheSameTypeIsNothing) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch});
  EXPECT_EQ(Cast(x, DataType::kF32), x);
}

TEST(CastTest, BoundsOfWhatMayBeNanAreEveryInteger) {
  GraphBuilder g("test");
  const Value y = Cast(g.Input("x", {1}), DataType::kI32);
  const IntervalTensor everything = IntervalTensor::Everything(Shape({1}));
  const IntervalTensor bounds = y.node().op->Bounds({&everything}, Shape({1}));
  EXPECT_EQ(bounds.lower[0], kLeast);
  EXPECT_EQ(bounds.upper[0], kMost);
  const IntervalTensor some = {Shape({1}), {-2.5}, {7.5}};
  const IntervalTensor truncated = y.node().op->Bounds({&some}, Shape({1}));
  EXPECT_EQ(truncated.lower[0], -2);
  EXPECT_EQ(truncated.upper[0], 7);
}

TEST(AddI32Test, Wraps) {
  const auto twice = [](Value x) { return Add(x, x); };
  EXPECT_EQ(Execute(twice, DataType::kI32, {1, -3, kMost, kLeast, 1 << 30}),
            (std::vector<double>{2, -6, -2, 0, kLeast}));
  GraphBuilder g("test");
  const Value x = g.Input("x", {1}, DataType::kI32);
  const Value y = Add(x, x);
  EXPECT_EQ(y.node().op->kind(), "add_i32");
  const IntervalTensor large = {Shape({1}), {1 << 30}, {1 << 30}};
  const IntervalTensor bounds =
      y.node().op->Bounds({&large, &large}, Shape({1}));
  EXPECT_EQ(bounds.lower[0], kLeast);
  EXPECT_EQ(bounds.upper[0], kMost);
}

TEST(AddI32Test, CountsInAState) {
  GraphBuilder g("test");
  const Value count = g.State("count", {}, 5, DataType::kI32);
  Tensor one(DataType::kI32, Shape());
  one.data<int32_t>()[0] = 1;
  g.Update(count, Add(count, g.Constant(one)));
  g.Output("count", count);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(
      Execution execution,
      Execution::Create(graph, {{"count", DoubleTensor(Shape(), 5)}}));
  for (double expected : {5.0, 6.0, 7.0}) {
    ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run({}));
    EXPECT_EQ(run.at("count")[0], expected);
  }
}

TEST(AddI32Test, TakesNoMixedOperands) {
  GraphBuilder g("test");
  Add(g.Input("a", {kBatch}, DataType::kI32), g.Input("b", {kBatch}));
  EXPECT_THAT(g.status().message(), HasSubstr("a is i32[N]: expected f32"));
  GraphBuilder h("test");
  AddI32(h.Input("a", {kBatch}, DataType::kI32), h.Input("b", {kBatch}));
  EXPECT_THAT(h.status().message(), HasSubstr("b is f32[N]: expected i32"));
  GraphBuilder i("test");
  Cast(Cast(i.Input("a", {kBatch}), DataType::kI32), DataType::kF32);
  EXPECT_OK(i.status());
}

}  // namespace
}  // namespace espalier
