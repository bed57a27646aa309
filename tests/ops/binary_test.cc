#include "ops/binary.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/gates.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();

BuildFunction Of(Value (*f)(Value, Value, absl::string_view)) {
  return [f](absl::Span<const Value> in) { return f(in[0], in[1], ""); };
}

double At(Value (*f)(Value, Value, absl::string_view), double a, double b) {
  return Evaluate(Of(f), {Vector({a}), Vector({b})})[0];
}

TEST(BinaryTest, SpecialValues) {
  EXPECT_TRUE(std::isnan(At(Add, kInf, -kInf)));
  EXPECT_TRUE(std::isnan(At(Sub, kInf, kInf)));
  EXPECT_TRUE(std::isnan(At(Mul, 0, kInf)));
  EXPECT_TRUE(std::isnan(At(Div, 0, 0)));
  EXPECT_TRUE(std::isnan(At(Div, kInf, kInf)));
  EXPECT_EQ(At(Div, 1, 0), kInf);
  EXPECT_EQ(At(Div, 1, -0.0), -kInf);
  EXPECT_EQ(At(Div, 1, kInf), 0);
  for (auto f : {Add, Sub, Mul, Div, Max, Min}) {
    EXPECT_TRUE(std::isnan(At(f, NAN, 1)));
    EXPECT_TRUE(std::isnan(At(f, 1, NAN)));
  }
}

TEST(BinaryTest, MaxAndMin) {
  EXPECT_EQ(At(Max, 1, 2), 2);
  EXPECT_EQ(At(Max, kInf, -kInf), kInf);
  EXPECT_EQ(At(Min, 1, 2), 1);
  EXPECT_EQ(At(Min, kInf, -kInf), -kInf);
}

TEST(BinaryTest, EqualOperandsOfMaxAndMinShareTheGradient) {
  const DoubleTensor a = Vector({1, 2, 3, -0.0});
  const DoubleTensor b = Vector({2, 2, 2, 0});
  const std::vector<DoubleTensor> max = EvaluateGradients(Of(Max), {a, b});
  EXPECT_THAT(max[0].values(), ElementsAre(0, 0.5, 1, 0.5));
  EXPECT_THAT(max[1].values(), ElementsAre(1, 0.5, 0, 0.5));
  const std::vector<DoubleTensor> min = EvaluateGradients(Of(Min), {a, b});
  EXPECT_THAT(min[0].values(), ElementsAre(1, 0.5, 0, 0.5));
  EXPECT_THAT(min[1].values(), ElementsAre(0, 0.5, 1, 0.5));
  // One value as both operands gets all of it.
  const std::vector<DoubleTensor> both = EvaluateGradients(
      [](absl::Span<const Value> in) { return Max(in[0], in[0]); },
      {Vector({3})});
  EXPECT_THAT(both[0].values(), ElementsAre(1));
}

TEST(BinaryTest, BoundsOfMaxAndMin) {
  const std::vector<IntervalTensor> boxes = {Box({-1, 2, -kInf}, {3, 4, kInf}),
                                             Box({0, -5, 0}, {1, 1, 0})};
  const IntervalTensor max = BoundsOf(Of(Max), boxes);
  EXPECT_THAT(max.lower, ElementsAre(0, 2, -kInf));
  EXPECT_THAT(max.upper, ElementsAre(3, 4, kInf));
  const IntervalTensor min = BoundsOf(Of(Min), boxes);
  EXPECT_THAT(min.lower, ElementsAre(-1, -5, -kInf));
  EXPECT_THAT(min.upper, ElementsAre(1, 1, kInf));
}

TEST(BinaryTest, BroadcastsAtTheRight) {
  const DoubleTensor y =
      Evaluate(Of(Sub), {Matrix(2, 3, {1, 2, 3, 4, 5, 6}), Vector({1, 1, 2})});
  EXPECT_EQ(y.shape(), Shape({2, 3}));
  EXPECT_THAT(y.values(), ElementsAre(0, 1, 1, 3, 4, 4));
}

TEST(BinaryTest, GradientsOfStretchedOperandsAreSummed) {
  const std::vector<DoubleTensor> d = EvaluateGradients(
      Of(Mul), {Matrix(2, 2, {1, 2, 3, 4}), Vector({10, 20})});
  EXPECT_THAT(d[0].values(), ElementsAre(10, 20, 10, 20));
  EXPECT_THAT(d[1].values(), ElementsAre(4, 6));
}

TEST(BinaryTest, OneValueAsBothOperands) {
  const std::vector<DoubleTensor> d = EvaluateGradients(
      [](absl::Span<const Value> in) { return Mul(in[0], in[0]); },
      {Vector({3})});
  EXPECT_THAT(d[0].values(), ElementsAre(6));
}

TEST(BinaryTest, ADivisorThatMayBeZeroLeavesEverythingPossible) {
  const IntervalTensor y = BoundsOf(
      Of(Div), {Box({1, 1, 1}, {2, 2, 2}), Box({-1, 1e-40, 2}, {1, 1, 4})});
  EXPECT_EQ(y.lower[0], -kInf);
  EXPECT_EQ(y.upper[0], kInf);
  EXPECT_EQ(y.lower[1], -kInf);  // flushed to zero
  EXPECT_NEAR(y.lower[2], 0.25, 1e-6);
  EXPECT_NEAR(y.upper[2], 1, 1e-6);
}

TEST(BinaryTest, Recogniser) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  EXPECT_EQ(AsBinary(Add(x, x).node()), BinaryKind::kAdd);
  EXPECT_EQ(AsBinary(Sub(x, x).node()), BinaryKind::kSub);
  EXPECT_EQ(AsBinary(Mul(x, x).node()), BinaryKind::kMul);
  EXPECT_EQ(AsBinary(Div(x, x).node()), BinaryKind::kDiv);
  EXPECT_EQ(AsBinary(Max(x, x).node()), BinaryKind::kMax);
  EXPECT_EQ(AsBinary(Min(x, x).node()), BinaryKind::kMin);
  EXPECT_FALSE(AsBinary(Relu(x).node()).has_value());
}

TEST(BinaryTest, Errors) {
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Add(g.Input("a", {2, 3}), g.Input("b", {4}), "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (add): shapes [2, 3] and [4] do not broadcast "
                       "together"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Mul(g.Input("a", {2}), g.Input("b", {2}, DataType::kI32),
                           "m");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'm' (mul): b is i32[2]: expected f32"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Add(g.Input("a", {kBatch}), g.Input("b", {4, 1}), "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (add): shapes [N] and [4, 1] do not broadcast "
                       "together: the batch N would not stay in front"));
}

TEST(BinaryTest, EmptyValuesPassThrough) {
  for (auto f : {Add, Sub, Mul, Div, Max, Min}) {
    EXPECT_FALSE(f(Value(), Value(), "").valid());
  }
}

}  // namespace
}  // namespace espalier
