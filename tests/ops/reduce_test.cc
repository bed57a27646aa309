#include "ops/reduce.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();

Shape ShapeOf(const std::function<Value(GraphBuilder&)>& make) {
  GraphBuilder g("test");
  const Value y = make(g);
  EXPECT_OK(g.status());
  return y.shape();
}

TEST(ReduceTest, Axes) {
  const DoubleTensor x = Matrix(2, 3, {1, 2, 3, 4, 5, 6});
  const auto sum = [&x](std::vector<int64_t> axes) {
    return Evaluate(
               [axes](absl::Span<const Value> in) { return Sum(in[0], axes); },
               {x})
        .values();
  };
  EXPECT_THAT(sum({}), ElementsAre(21));
  EXPECT_THAT(sum({0}), ElementsAre(5, 7, 9));
  EXPECT_THAT(sum({-1}), ElementsAre(6, 15));
  EXPECT_THAT(sum({1, 0}), ElementsAre(21));
  EXPECT_EQ(
      Evaluate([](absl::Span<const Value> in) { return Mean(in[0]); }, {x})[0],
      3.5);
}

TEST(ReduceTest, TheBatchIsLeftOutOrStaysInFront) {
  const auto shape = [](std::vector<int64_t> axes, bool keep) {
    return ShapeOf([=](GraphBuilder& g) {
      return Sum(g.Input("x", {kBatch, 3, 4}), axes, keep);
    });
  };
  EXPECT_EQ(shape({0}, false), Shape({3, 4}));
  EXPECT_EQ(shape({0}, true), Shape({1, 3, 4}));
  EXPECT_EQ(shape({1}, false), Shape({kBatch, 4}));
  EXPECT_EQ(shape({1}, true), Shape({kBatch, 1, 4}));
  EXPECT_EQ(shape({}, true), Shape({1, 1, 1}));
}

TEST(ReduceTest, MeansDivideByTheBatchOfTheRun) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 2});
  const Value y = Mean(x);
  g.Output("y", y);
  g.Output("dx", Gradients(y, {x})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  for (int64_t batch : {1, 2, 8}) {
    ASSERT_OK_AND_ASSIGN(
        const InterpretedRun run,
        Interpret(graph, {{"x", DoubleTensor(Shape({batch, 2}), 3)}}));
    EXPECT_EQ(run.outputs.at("y")[0], 3);
    EXPECT_EQ(run.outputs.at("dx")[0], 0.5 / static_cast<double>(batch));
  }
}

TEST(ReduceTest, OfNothing) {
  const DoubleTensor nothing(Shape({0, 3}));
  const auto sum = [](absl::Span<const Value> in) { return Sum(in[0], {0}); };
  const auto mean = [](absl::Span<const Value> in) { return Mean(in[0], {0}); };
  EXPECT_THAT(Evaluate(sum, {nothing}).values(), ElementsAre(0, 0, 0));
  EXPECT_TRUE(std::isnan(Evaluate(mean, {nothing})[0]));
  EXPECT_EQ(EvaluateGradients(mean, {nothing})[0].num_elements(), 0);
  const IntervalTensor y = BoundsOf(mean, {{Shape({0, 3}), {}, {}}});
  EXPECT_EQ(y.lower[0], -kInf);
  EXPECT_EQ(y.upper[0], kInf);
}

TEST(ReduceTest, SpecialValues) {
  const auto sum = [](absl::Span<const Value> in) { return Sum(in[0]); };
  EXPECT_TRUE(std::isnan(Evaluate(sum, {Vector({1, NAN})})[0]));
  EXPECT_TRUE(std::isnan(Evaluate(sum, {Vector({kInf, -kInf})})[0]));
  EXPECT_EQ(Evaluate(sum, {Vector({1, kInf})})[0], kInf);
}

TEST(ReduceTest, BoundsOfAMeanAllowForScalingFirstOrLast) {
  const auto mean = [](absl::Span<const Value> in) { return Mean(in[0]); };
  const std::vector<double> x = {0.1f, 0.2f, -0.7f};
  const IntervalTensor y = BoundsOf(mean, {Box(x, x)});
  const float third = 1.0f / 3.0f;
  const auto at = [&x](size_t i) { return static_cast<float>(x[i]); };
  const float last = (at(0) + at(1) + at(2)) * third;
  const float first = at(0) * third + (at(1) * third + at(2) * third);
  for (float value : {last, first}) {
    EXPECT_LE(y.lower[0], value);
    EXPECT_GE(y.upper[0], value);
  }
  EXPECT_LT(y.upper[0] - y.lower[0], 1e-6);
}

TEST(ReduceTest, Errors) {
  const auto status = [](std::vector<int64_t> axes) {
    return BuildStatus([axes](GraphBuilder& g) {
      return Sum(g.Input("x", {kBatch, 3}), axes, false, "s");
    });
  };
  EXPECT_THAT(status({2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (sum): axis 2 is not one of the 2 axes of x"));
  EXPECT_THAT(status({-3}), StatusIs(absl::StatusCode::kInvalidArgument,
                                     "node 's' (sum): axis -3 is not one of "
                                     "the 2 axes of x"));
  EXPECT_THAT(status({std::numeric_limits<int64_t>::min()}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (sum): axis -9223372036854775808 is not one "
                       "of the 2 axes of x"));
  EXPECT_THAT(status({1, -1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (sum): axis 1 is named twice"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Mean(g.Input("x", {3}, DataType::kI32), {}, false, "m");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'm' (mean): x is i32[3]: expected f32"));
}

TEST(BroadcastTest, ToTheBatchOfTheRun) {
  GraphBuilder g("test");
  g.Input("batch", {kBatch});
  g.Output("y", BroadcastTo(g.Constant(2.0f), {kBatch, 2}));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                       Interpret(graph, {{"batch", DoubleTensor(Shape({3}))}}));
  EXPECT_EQ(run.outputs.at("y").shape(), Shape({3, 2}));
  EXPECT_EQ(run.outputs.at("y")[5], 2);
}

TEST(BroadcastTest, ToTheSameShapeIsTheValueItself) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 2});
  EXPECT_EQ(BroadcastTo(x, {kBatch, 2}), x);
  EXPECT_EQ(SumTo(x, {kBatch, 2}), x);
}

TEST(BroadcastTest, Errors) {
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return BroadcastTo(g.Input("x", {2, 3}), {2, 4}, "b");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'b' (broadcast): x of shape [2, 3] cannot be "
                       "stretched to [2, 4]"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return BroadcastTo(g.Input("x", {kBatch, 3}), {3}, "b");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'b' (broadcast): x of shape [N, 3] cannot be "
                       "stretched to [3]"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return BroadcastTo(g.Input("x", {}, DataType::kI32), {3}, "b");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'b' (broadcast): x is i32[]: expected f32"));
  EXPECT_THAT(
      BuildStatus([](GraphBuilder& g) {
        return BroadcastTo(g.Input("x", {}), {2, -7}, "b");
      }),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "node 'b' (broadcast): dimension 1 of the shape is -7: expected "
               "0 to 2147483647"));
}

TEST(SumToTest, SumsWhatBroadcastingStretched) {
  const DoubleTensor x(Shape({2, 2, 2}), {1, 2, 3, 4, 5, 6, 7, 8});
  const auto sum_to = [&x](const Shape& shape) {
    const DoubleTensor y = Evaluate(
        [shape](absl::Span<const Value> in) { return SumTo(in[0], shape); },
        {x});
    EXPECT_EQ(y.shape(), shape);
    return y.values();
  };
  EXPECT_THAT(sum_to({}), ElementsAre(36));
  EXPECT_THAT(sum_to({2}), ElementsAre(16, 20));
  EXPECT_THAT(sum_to({2, 1}), ElementsAre(14, 22));
  EXPECT_THAT(sum_to({2, 1, 2}), ElementsAre(4, 6, 12, 14));
  EXPECT_THAT(sum_to({1, 1, 1}), ElementsAre(36));
}

TEST(SumToTest, Errors) {
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return SumTo(g.Input("x", {kBatch, 3}), {2});
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "sum to shape [2]: node 'x' (input) of shape [N, 3] is "
                       "not a stretch of it"));
}

TEST(ReduceTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Sum(Value()).valid());
  EXPECT_FALSE(Mean(Value()).valid());
  EXPECT_FALSE(BroadcastTo(Value(), {2}).valid());
  EXPECT_FALSE(SumTo(Value(), {2}).valid());
}

TEST(ReduceExtremesTest, ValuesAndEqualExtremes) {
  const DoubleTensor x = Matrix(2, 3, {1, 5, 5, -7, 2, -7});
  const auto max = [](absl::Span<const Value> in) {
    return ReduceMax(in[0], {1});
  };
  EXPECT_THAT(Evaluate(max, {x}).values(), ElementsAre(5, 2));
  const auto min = [](absl::Span<const Value> in) {
    return ReduceMin(in[0], {0}, /*keep_axes=*/true);
  };
  EXPECT_THAT(Evaluate(min, {x}).values(), ElementsAre(-7, 2, -7));
  const auto gradient = [](absl::Span<const Value> in) {
    return Gradients(Sum(ReduceMax(in[0], {1})), {in[0]})[0];
  };
  EXPECT_THAT(Evaluate(gradient, {x}).values(),
              ElementsAre(0, 0.5, 0.5, 0, 1, 0));
  const auto gradient_of_all = [](absl::Span<const Value> in) {
    return Gradients(ReduceMin(in[0]), {in[0]})[0];
  };
  EXPECT_THAT(Evaluate(gradient_of_all, {x}).values(),
              ElementsAre(0, 0, 0, 0.5, 0, 0.5));
}

TEST(ReduceExtremesTest, NothingIsRefusedOrInfinite) {
  GraphBuilder g("test");
  ReduceMax(g.Input("x", {kBatch, 0}), {1});
  EXPECT_THAT(g.status().message(),
              testing::HasSubstr("x is f32[N, 0]: expected an element along "
                                 "the axes of which the largest is taken"));
  GraphBuilder h("test");
  h.Output("max", ReduceMax(h.Input("x", {kBatch, 2}), {0}));
  h.Output("min", ReduceMin(h.value(0)));
  ASSERT_OK_AND_ASSIGN(const Graph graph, h.Build());
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
  const LeafValues leaves = {{"x", DoubleTensor(Shape({0, 2}))}};
  ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run(leaves));
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
  for (const LeafValues& outputs : {found, run.outputs}) {
    EXPECT_THAT(outputs.at("max").values(), ElementsAre(-kInf, -kInf));
    EXPECT_THAT(outputs.at("min").values(), ElementsAre(kInf));
  }
}

}  // namespace
}  // namespace espalier
