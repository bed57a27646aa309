#include "ops/gates.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

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
}

}  // namespace
}  // namespace espalier
