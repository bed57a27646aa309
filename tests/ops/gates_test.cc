#include "ops/gates.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

Value Select(absl::Span<const Value> in) {
  return SelectGreater(in[0], in[1], in[2], in[3]);
}

BuildFunction ClipTo(float lower, float upper) {
  return [=](absl::Span<const Value> in) { return Clip(in[0], lower, upper); };
}

std::vector<double> SlopesAt(const BuildFunction& f, std::vector<double> x) {
  return EvaluateGradients(f, {Vector(std::move(x))})[0].values();
}

TEST(GatesTest, SelectGreaterTakesTheOtherWhereEqual) {
  const DoubleTensor y =
      Evaluate(Select, {Vector({-1, -0.0, 0, 1, kInf, -kInf}), Vector({0}),
                        Vector({1, 2, 3, 4, 5, 6}), Vector({-1})});
  EXPECT_THAT(y.values(), ElementsAre(-1, -1, -1, 4, 5, -1));
}

TEST(GatesTest, SelectGreaterIsNanWhereTheComparedAre) {
  const DoubleTensor one = Vector({1});
  EXPECT_TRUE(std::isnan(Evaluate(Select, {Vector({NAN}), one, one, one})[0]));
  EXPECT_TRUE(std::isnan(Evaluate(Select, {one, Vector({NAN}), one, one})[0]));
  // And not where what is not chosen is.
  EXPECT_EQ(Evaluate(Select, {one, one, Vector({NAN}), one})[0], 1);
  EXPECT_TRUE(std::isnan(Evaluate(Select, {one, one, one, Vector({NAN})})[0]));
  const auto gradients = EvaluateGradients(
      Select, {Vector({NAN, 1, 1}), Vector({0, 0, 1}), one, one});
  EXPECT_TRUE(std::isnan(gradients[2][0]));
  EXPECT_TRUE(std::isnan(gradients[3][0]));
}

TEST(GatesTest, SelectGreaterIsLinearInWhatItChooses) {
  const auto gradients =
      EvaluateGradients(Select, {Vector({1, 2, 3}), Vector({2, 2, 2}),
                                 Vector({10, 20, 30}), Vector({5})});
  EXPECT_THAT(gradients[0].values(), ElementsAre(0, 0, 0));
  EXPECT_THAT(gradients[1].values(), ElementsAre(0, 0, 0));
  EXPECT_THAT(gradients[2].values(), ElementsAre(0, 0, 1));
  EXPECT_THAT(gradients[3].values(), ElementsAre(2));
}

TEST(GatesTest, SelectGreaterBoundsWhatMayBeChosen) {
  const IntervalTensor y =
      BoundsOf(Select, {Box({1, -2, -1, 1, -kInf}, {2, 0, 1, 2, kInf}),
                        Box({0, 0, 0, 1e-40, 0}, {0.5, 1, 0, 1, 0}),
                        Box({10, 10, 10, 10, 10}, {11, 11, 11, 11, 11}),
                        Box({5, 5, 5, 5, 5}, {6, 6, 6, 6, 6})});
  EXPECT_THAT(y.lower, ElementsAre(10, 5, 5, 5, -kInf));
  EXPECT_THAT(y.upper, ElementsAre(11, 6, 11, 11, kInf));
}

TEST(GatesTest, ClipAndItsSlopesAtItsEnds) {
  EXPECT_THAT(Evaluate(ClipTo(-1, 2), {Vector({-kInf, -2, -1, 0, 2, 3, kInf})})
                  .values(),
              ElementsAre(-1, -1, -1, 0, 2, 2, 2));
  EXPECT_THAT(SlopesAt(ClipTo(-1, 2), {-kInf, -2, -1, 0, 2, 3, kInf}),
              ElementsAre(0, 0, 1, 1, 1, 0, 0));
  EXPECT_TRUE(std::isnan(Evaluate(ClipTo(-1, 2), {Vector({NAN})})[0]));
  EXPECT_TRUE(std::isnan(SlopesAt(ClipTo(-1, 2), {NAN})[0]));
}

TEST(GatesTest, ClipWithoutALimit) {
  EXPECT_THAT(
      Evaluate(ClipTo(-kInfinity, 2), {Vector({-kInf, 1, kInf})}).values(),
      ElementsAre(-kInf, 1, 2));
  EXPECT_THAT(
      Evaluate(ClipTo(2, kInfinity), {Vector({-kInf, 5, kInf})}).values(),
      ElementsAre(2, 5, kInf));
  EXPECT_THAT(SlopesAt(ClipTo(2, kInfinity), {1, 2, kInf}),
              ElementsAre(0, 1, 1));
}

TEST(GatesTest, Relu6HasSlopeOneAtBothEnds) {
  const BuildFunction relu6 = [](absl::Span<const Value> in) {
    return Relu6(in[0]);
  };
  EXPECT_THAT(Evaluate(relu6, {Vector({-1, 0, 3, 6, 7})}).values(),
              ElementsAre(0, 0, 3, 6, 6));
  EXPECT_THAT(SlopesAt(relu6, {-1, 0, 3, 6, 7}), ElementsAre(0, 1, 1, 1, 0));
}

TEST(GatesTest, ClipKeepsZeroWhereItIsAllowed) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  EXPECT_TRUE(MapsZeroToZero(Relu6(x).node()));
  EXPECT_TRUE(MapsZeroToZero(Clip(x, -1, 0).node()));
  EXPECT_FALSE(MapsZeroToZero(Clip(x, 1, 2).node()));
  EXPECT_FALSE(MapsZeroToZero(Clip(x, -2, -1).node()));
}

TEST(GatesTest, LeakyReluHasItsSlopeAtAndBelowZero) {
  for (float slope : {0.25f, 0.0f, -0.25f}) {
    const auto leaky = [slope](absl::Span<const Value> in) {
      return LeakyRelu(in[0], slope);
    };
    EXPECT_THAT(SlopesAt(leaky, {-4, -0.0, 0, 3}),
                ElementsAre(slope, slope, slope, 1));
    EXPECT_THAT(Evaluate(leaky, {Vector({-4, 0, 3})}).values(),
                ElementsAre(-4 * slope, 0, 3));
  }
}

TEST(GatesTest, ASlopeOfZeroMakesNoNanOfInfinity) {
  const auto leaky = [](absl::Span<const Value> in) {
    return LeakyRelu(in[0], 0);
  };
  EXPECT_EQ(Evaluate(leaky, {Vector({-kInf})})[0], 0);
}

TEST(GatesTest, SecondDerivativesAtTheKink) {
  // Of relu(x)^2: 2 relu(x) and then 2 relu'(x).
  GraphBuilder g("test");
  const Value x = g.Input("x", {3});
  const Value first = Gradients(Sum(Square(Relu(x))), {x})[0];
  g.Output("second", Gradients(Sum(first), {x})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                       Interpret(graph, {{"x", Vector({-1, 0, 1})}}));
  EXPECT_THAT(run.outputs.at("second").values(), ElementsAre(0, 0, 2));
}

TEST(GatesTest, BoundsOfLeakyReluOnBothSides) {
  for (float slope : {0.5f, -0.5f}) {
    const IntervalTensor y = BoundsOf(
        [slope](absl::Span<const Value> in) { return LeakyRelu(in[0], slope); },
        {Box({-4, -4, 1}, {-2, 1, 3})});
    const double at_minus_4 = -4 * slope;
    const double at_minus_2 = -2 * slope;
    EXPECT_NEAR(y.lower[0], std::min(at_minus_4, at_minus_2), 1e-6);
    EXPECT_NEAR(y.upper[0], std::max(at_minus_4, at_minus_2), 1e-6);
    EXPECT_NEAR(y.lower[1], std::min(at_minus_4, 0.0), 1e-6);
    EXPECT_NEAR(y.upper[1], std::max(at_minus_4, 1.0), 1e-6);
    EXPECT_EQ(y.lower[2], 1);
    EXPECT_EQ(y.upper[2], 3);
  }
}

TEST(GatesTest, ReluAndItsSlopes) {
  const BuildFunction relu = [](absl::Span<const Value> in) {
    return Relu(in[0]);
  };
  EXPECT_THAT(
      Evaluate(relu, {Vector({-kInf, -1, -0.0, 0, 1e-45, 2, kInf})}).values(),
      ElementsAre(0, 0, 0, 0, 1e-45, 2, kInf));
  EXPECT_THAT(SlopesAt(relu, {-1, -0.0, 0, 1e-45, 2}),
              ElementsAre(0, 0, 0, 1, 1));
  const IntervalTensor y = BoundsOf(relu, {Box({-3, -2, 0, 1}, {-1, 5, 0, 4})});
  EXPECT_THAT(y.lower, ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(y.upper, ElementsAre(0, 5, 0, 4));
}

TEST(GatesTest, OnlyReluIsRecognisedAsIt) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  EXPECT_TRUE(IsRelu(Relu(x).node()));
  EXPECT_FALSE(IsRelu(LeakyRelu(x, 0).node()));
  EXPECT_FALSE(IsRelu(Exp(x).node()));
  EXPECT_FALSE(IsRelu(x.node()));
  EXPECT_TRUE(MapsZeroToZero(Relu(x).node()));
  EXPECT_TRUE(MapsZeroToZero(LeakyRelu(x).node()));
}

Value PreluOf(absl::Span<const Value> in) { return Prelu(in[0], in[1]); }

TEST(GatesTest, PreluLearnsASlopeForEachColumn) {
  const std::vector<DoubleTensor> in = {Matrix(2, 2, {-2, 3, -4, -5}),
                                        Vector({0.5, 0.25})};
  EXPECT_THAT(Evaluate(PreluOf, in).values(), ElementsAre(-1, 3, -2, -1.25));
  const std::vector<DoubleTensor> d = EvaluateGradients(PreluOf, in);
  EXPECT_THAT(d[0].values(), ElementsAre(0.5, 1, 0.5, 0.25));
  EXPECT_THAT(d[1].values(), ElementsAre(-6, -5));
}

TEST(GatesTest, PreluAtZeroAndInfinity) {
  const std::vector<DoubleTensor> d =
      EvaluateGradients(PreluOf, {Vector({-0.0, 0, kInf}), Vector({0.5})});
  EXPECT_THAT(d[0].values(), ElementsAre(0.5, 0.5, 1));
  EXPECT_THAT(d[1].values(), ElementsAre(0));
  EXPECT_EQ(Evaluate(PreluOf, {Vector({-kInf}), Vector({0.5})})[0], -kInf);
  // The one slope with which there is no limit.
  EXPECT_TRUE(std::isnan(Evaluate(PreluOf, {Vector({-kInf}), Vector({0})})[0]));
  EXPECT_TRUE(std::isnan(Evaluate(PreluOf, {Vector({NAN}), Vector({0})})[0]));
  EXPECT_EQ(Evaluate(PreluOf, {Vector({2}), Vector({NAN})})[0], 2);
  EXPECT_TRUE(std::isnan(Evaluate(PreluOf, {Vector({-2}), Vector({NAN})})[0]));
}

TEST(GatesTest, PreluBoundsHoldForEverySlopeOfTheirs) {
  const IntervalTensor y =
      BoundsOf(PreluOf, {Box({-4, -4, 1, -1}, {-2, 1, 3, 1}),
                         Box({-0.5, 0.5, -kInf, -kInf}, {0.5, 1, kInf, kInf})});
  EXPECT_NEAR(y.lower[0], -2, 1e-6);
  EXPECT_NEAR(y.upper[0], 2, 1e-6);
  EXPECT_NEAR(y.lower[1], -4, 1e-6);
  EXPECT_EQ(y.upper[1], 1);
  EXPECT_EQ(y.lower[2], 1);
  EXPECT_EQ(y.upper[2], 3);
  EXPECT_EQ(y.lower[3], -kInf);
  EXPECT_EQ(y.upper[3], kInf);
}

TEST(GatesTest, Errors) {
  const auto clip_status = [](float lower, float upper) {
    return BuildStatus([=](GraphBuilder& g) {
      return Clip(g.Input("x", {2}), lower, upper, "c");
    });
  };
  EXPECT_THAT(clip_status(2, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'c' (clip): lower is 2, upper is 1: expected "
                       "numbers in this order, or no limit (-inf, inf)"));
  EXPECT_FALSE(clip_status(NAN, 1).ok());
  EXPECT_FALSE(clip_status(0, NAN).ok());
  EXPECT_FALSE(clip_status(kInfinity, kInfinity).ok());
  EXPECT_FALSE(clip_status(-kInfinity, -kInfinity).ok());
  EXPECT_OK(clip_status(1, 1));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return LeakyRelu(g.Input("x", {2}), NAN, "l");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'l' (leaky_relu): slope is nan: expected a finite "
                       "number"));
  EXPECT_THAT(
      BuildStatus([](GraphBuilder& g) {
        return Prelu(g.Input("x", {kBatch, 4}), g.Input("s", {3, 1, 4}), "p");
      }),
      StatusIs(absl::StatusCode::kInvalidArgument,
               testing::HasSubstr("node 'p' (prelu): ")));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Prelu(g.Input("x", {1, 4}), g.Input("s", {3, 4}), "p");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'p' (prelu): slope has shape [3, 4], x has "
                       "[1, 4]: expected a slope that broadcasts to x"));
  EXPECT_THAT(StandardOps().Make("leaky_relu", {}).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       testing::HasSubstr("attribute 'slope' is missing")));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                const Value x = g.Input("x", {2});
                return SelectGreater(x, x, g.Input("i", {2}, DataType::kI32), x,
                                     "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (select_greater): greater is i32[2]: expected "
                       "f32"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                const Value x = g.Input("x", {2});
                return SelectGreater(x, x, x, g.Input("z", {3}), "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (select_greater): shapes [2] and [3] do not "
                       "broadcast together"));
}

TEST(GatesTest, EmptyValuesPassThrough) {
  const Value none;
  EXPECT_FALSE(SelectGreater(none, none, none, none).valid());
  EXPECT_FALSE(Clip(none, 0, 1).valid());
  EXPECT_FALSE(LeakyRelu(none).valid());
  EXPECT_FALSE(Prelu(none, none).valid());
}

}  // namespace
}  // namespace espalier
