#include "ops/exponential_units.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMax = std::numeric_limits<float>::max();
// Of selu: its constants are floats.
constexpr double kLambda = 1.0507009873554805;
constexpr double kLambdaAlpha = 1.7580993408473769;
constexpr double kFloat = 2e-7;

BuildFunction EluOf(float alpha) {
  return [alpha](absl::Span<const Value> in) { return Elu(in[0], alpha); };
}
BuildFunction CeluOf(float alpha) {
  return [alpha](absl::Span<const Value> in) { return Celu(in[0], alpha); };
}
Value SeluOf(absl::Span<const Value> in) { return Selu(in[0]); }

std::vector<double> At(const BuildFunction& f, std::vector<double> x) {
  return Evaluate(f, {Vector(std::move(x))}).values();
}
std::vector<double> SlopesAt(const BuildFunction& f, std::vector<double> x) {
  return EvaluateGradients(f, {Vector(std::move(x))})[0].values();
}

TEST(ExponentialUnitsTest, Values) {
  EXPECT_THAT(At(EluOf(0.5f), {-kInf, -kMax, -3, 0, 4, kMax, kInf}),
              ElementsAre(-0.5, -0.5, DoubleNear(-0.47510646581606803, 1e-15),
                          0, 4, kMax, kInf));
  EXPECT_THAT(At(CeluOf(2), {-kInf, -kMax, -3, 0, 4, kMax, kInf}),
              ElementsAre(-2, -2, DoubleNear(-1.5537396797031403, 1e-15), 0, 4,
                          kMax, kInf));
  EXPECT_THAT(At(SeluOf, {-kInf, -3, 0, 4, kInf}),
              ElementsAre(DoubleNear(-kLambdaAlpha, kFloat),
                          DoubleNear(-1.6705687287671120, kFloat), 0,
                          DoubleNear(4.2028039494219220, 4 * kFloat), kInf));
}

TEST(ExponentialUnitsTest, SlopesAtZeroAndAtLimits) {
  EXPECT_THAT(SlopesAt(EluOf(0.5f), {-kInf, -kMax, -0.0, 0, 1, kMax, kInf}),
              ElementsAre(0, 0, 0.5, 0.5, 1, 1, 1));
  EXPECT_THAT(SlopesAt(CeluOf(2), {-kInf, -kMax, -0.0, 0, 1, kMax, kInf}),
              ElementsAre(0, 0, 1, 1, 1, 1, 1));
  EXPECT_THAT(SlopesAt(SeluOf, {-kInf, 0, kInf}),
              ElementsAre(0, DoubleNear(kLambdaAlpha, kFloat),
                          DoubleNear(kLambda, kFloat)));
  // exp(-30) is not lost beside the result, -1.
  EXPECT_THAT(SlopesAt(EluOf(1), {-30}),
              ElementsAre(DoubleNear(9.3576229688401746e-14, 1e-26)));
}

TEST(ExponentialUnitsTest, NanPassesThrough) {
  for (const BuildFunction& f :
       {EluOf(1), EluOf(0), CeluOf(2), BuildFunction(SeluOf)}) {
    EXPECT_TRUE(std::isnan(At(f, {NAN})[0]));
    EXPECT_TRUE(std::isnan(SlopesAt(f, {NAN})[0]));
  }
}

TEST(ExponentialUnitsTest, Bounds) {
  const IntervalTensor x = Box({-kInf, -2, -1, 1}, {-50, -1, 2, 3});
  const IntervalTensor elu = BoundsOf(EluOf(2), {x});
  EXPECT_NEAR(elu.lower[0], -2, 1e-6);
  EXPECT_NEAR(elu.upper[0], -2, 1e-5);
  EXPECT_NEAR(elu.lower[1], 2 * std::expm1(-2), 1e-5);
  EXPECT_NEAR(elu.upper[1], 2 * std::expm1(-1), 1e-5);
  EXPECT_NEAR(elu.lower[2], 2 * std::expm1(-1), 1e-5);
  EXPECT_EQ(elu.upper[2], 2);
  EXPECT_EQ(elu.lower[3], 1);
  EXPECT_EQ(elu.upper[3], 3);
  // Falling below zero: from -alpha down to 0.
  const IntervalTensor falling = BoundsOf(EluOf(-2), {x});
  EXPECT_NEAR(falling.lower[2], 0, 1e-30);
  EXPECT_NEAR(falling.upper[2], 2, 1e-6);
  EXPECT_NEAR(falling.upper[0], 2, 1e-6);
}

TEST(ExponentialUnitsTest, MapZeroToZero) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  for (const Value& y : {Elu(x), Selu(x), Celu(x)}) {
    EXPECT_TRUE(MapsZeroToZero(y.node()));
  }
}

TEST(ExponentialUnitsTest, Errors) {
  const auto status = [](Value (*f)(Value x)) {
    return BuildStatus([f](GraphBuilder& g) { return f(g.Input("x", {3})); });
  };
  EXPECT_THAT(status([](Value x) { return Elu(x, NAN, "e"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'e' (elu): alpha is nan: expected a finite "
                       "number"));
  EXPECT_THAT(status([](Value x) { return Celu(x, 0, "c"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'c' (celu): alpha is 0: expected a normal "
                       "number"));
  EXPECT_THAT(status([](Value x) { return Celu(x, -1, "c"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'c' (celu): alpha is -1: expected a number above "
                       "0"));
}

}  // namespace
}  // namespace espalier
