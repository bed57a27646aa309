#include "ops/elementwise.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "runtime/elementwise/math_error.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kMax = std::numeric_limits<float>::max();

struct Function {
  std::string kind;
  Value (*f)(Value, absl::string_view);
};

const std::vector<Function>& Functions() {
  static const auto* const functions = new std::vector<Function>{
      {"abs", Abs},           {"exp", Exp},
      {"expm1", Expm1},       {"identity", Identity},
      {"log", Log},           {"log1p", Log1p},
      {"neg", Neg},           {"normal_cdf", NormalCdf},

      {"sign", Sign},

      {"softplus", Softplus}, {"sqrt", Sqrt},
      {"square", Square},     {"stop_gradient", StopGradient}};
  return *functions;
}

BuildFunction Of(Value (*f)(Value, absl::string_view)) {
  return [f](absl::Span<const Value> in) { return f(in[0], ""); };
}

std::vector<double> At(Value (*f)(Value, absl::string_view),
                       std::vector<double> x) {
  return Evaluate(Of(f), {Vector(std::move(x))}).values();
}

std::vector<double> SlopesAt(const BuildFunction& f, std::vector<double> x) {
  return EvaluateGradients(f, {Vector(std::move(x))})[0].values();
}

TEST(ElementwiseTest, SpecialValues) {
  EXPECT_THAT(At(Exp, {-kInf, 0, kInf}), ElementsAre(0, 1, kInf));
  EXPECT_THAT(At(Log, {-0.0, 0, 1, kInf}), ElementsAre(-kInf, -kInf, 0, kInf));
  EXPECT_THAT(At(Sqrt, {-0.0, 0, 4, kInf}), ElementsAre(-0.0, 0, 2, kInf));
  EXPECT_THAT(At(Square, {-kInf, -3, 0, kInf}), ElementsAre(kInf, 9, 0, kInf));
  EXPECT_THAT(At(Abs, {-kInf, -3, -0.0, kInf}), ElementsAre(kInf, 3, 0, kInf));
  EXPECT_THAT(At(Neg, {-kInf, 3, 0}), ElementsAre(kInf, -3, -0.0));
  EXPECT_THAT(At(Sign, {-kInf, -1e-45, -0.0, 0, 1e-45, kInf}),
              ElementsAre(-1, -1, 0, 0, 1, 1));
  EXPECT_THAT(At(Identity, {-kInf, -0.0, kInf}),
              ElementsAre(-kInf, -0.0, kInf));
  EXPECT_THAT(At(Expm1, {-kInf, -0.0, kInf}), ElementsAre(-1, -0.0, kInf));
  EXPECT_THAT(At(Log1p, {-1, 0, kInf}), ElementsAre(-kInf, 0, kInf));
  EXPECT_THAT(At(Softplus, {-kInf, -kMax, kMax, kInf}),
              ElementsAre(0, 0, kMax, kInf));
  EXPECT_THAT(At(NormalCdf, {-kInf, -kMax, 0, kMax, kInf}),
              ElementsAre(0, 0, 0.5, 1, 1));
  EXPECT_TRUE(std::isnan(At(Log, {-1})[0]));
  EXPECT_TRUE(std::isnan(At(Log1p, {-1.5})[0]));
  EXPECT_TRUE(std::isnan(At(Sqrt, {-1})[0]));
}

TEST(ElementwiseTest, NanPassesThroughForwardAndBackward) {
  for (const Function& function : Functions()) {
    EXPECT_TRUE(std::isnan(At(function.f, {kNan})[0])) << function.kind;
    // What does not read x has the same gradient everywhere.
    const bool constant_slope =
        function.kind == "identity" || function.kind == "neg" ||
        function.kind == "sign" || function.kind == "stop_gradient";
    EXPECT_EQ(std::isnan(SlopesAt(Of(function.f), {kNan})[0]), !constant_slope)
        << function.kind;
  }
  const auto scale = [](absl::Span<const Value> in) { return Scale(in[0], 0); };
  EXPECT_TRUE(std::isnan(Evaluate(scale, {Vector({kNan})})[0]));
}

TEST(ElementwiseTest, SlopesAtKinksAndLimits) {
  EXPECT_THAT(SlopesAt(Of(Abs), {-2, -0.0, 0, 3}), ElementsAre(-1, 0, 0, 1));
  EXPECT_THAT(SlopesAt(Of(Sign), {-2, 0, 3}), ElementsAre(0, 0, 0));
  EXPECT_THAT(SlopesAt(Of(Sqrt), {0, 4}), ElementsAre(kInf, 0.25));
  EXPECT_THAT(SlopesAt(Of(Log), {0, 2}), ElementsAre(kInf, 0.5));
  EXPECT_THAT(SlopesAt(Of(Expm1), {-kInf, -kMax, 0}), ElementsAre(0, 0, 1));
  EXPECT_THAT(SlopesAt(Of(Log1p), {-1, 1}), ElementsAre(kInf, 0.5));
  EXPECT_THAT(SlopesAt(Of(Softplus), {-kInf, -kMax, 0, kMax, kInf}),
              ElementsAre(0, 0, 0.5, 1, 1));
  EXPECT_THAT(SlopesAt(Of(NormalCdf), {-kInf, -kMax, kMax, kInf}),
              ElementsAre(0, 0, 0, 0));
  EXPECT_NEAR(SlopesAt(Of(NormalCdf), {0})[0], 0.3989422804, 0x1p-25);
  EXPECT_THAT(SlopesAt(Of(StopGradient), {-1, 3}), ElementsAre(0, 0));
}

// Far from 0 no term of a derivative overflows into 0 times infinity.
TEST(ElementwiseTest, SecondDerivativesOfLargeNumbers) {
  for (auto f : {Softplus, NormalCdf, Square}) {
    GraphBuilder g("test");
    const Value x = g.Input("x", {2});
    const Value first = Gradients(Sum(f(x, "")), {x})[0];
    g.Output("second", Gradients(Sum(first), {x})[0]);
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                         Interpret(graph, {{"x", Vector({-kMax, kMax})}}));
    const double expected = f == Square ? 2 : 0;
    EXPECT_THAT(run.outputs.at("second").values(),
                ElementsAre(expected, expected));
  }
}

TEST(ElementwiseTest, StopGradientIsItsInputInInference) {
  GraphBuilder g("test");
  EXPECT_EQ(StopGradient(g.Input("x", {2})).node().op->inference_input(), 0);
}

TEST(ElementwiseTest, ScaleOverBatchDividesByTheBatchSize) {
  GraphBuilder g("test");
  g.Output("y", Scale(g.Input("x", {kBatch, 2}), 3, true));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  for (int64_t batch : {1, 4}) {
    ASSERT_OK_AND_ASSIGN(
        const InterpretedRun run,
        Interpret(graph, {{"x", DoubleTensor(Shape({batch, 2}), 8)}}));
    EXPECT_EQ(run.outputs.at("y")[0], 24.0 / static_cast<double>(batch));
  }
}

TEST(ElementwiseTest, ScaleOverBatchIsBoundedForEveryBatchSize) {
  GraphBuilder g("test");
  const Value y = Scale(g.Input("x", {kBatch, 1}), -2, true);
  const IntervalTensor x = {Shape({1, 1}), {3}, {5}};
  const IntervalTensor bounds = y.node().op->Bounds({&x}, Shape({1, 1}));
  EXPECT_NEAR(bounds.lower[0], -10, 1e-5);
  EXPECT_LE(bounds.lower[0], -10);
  EXPECT_EQ(bounds.upper[0], 0);
}

TEST(ElementwiseTest, ExactBounds) {
  const IntervalTensor x = Box({-3, -2, 0, 1}, {-1, 5, 0, 4});
  const IntervalTensor abs = BoundsOf(Of(Abs), {x});
  EXPECT_THAT(abs.lower, ElementsAre(1, 0, 0, 1));
  EXPECT_THAT(abs.upper, ElementsAre(3, 5, 0, 4));
  const IntervalTensor sign = BoundsOf(Of(Sign), {x});
  EXPECT_THAT(sign.lower, ElementsAre(-1, -1, 0, 1));
  EXPECT_THAT(sign.upper, ElementsAre(-1, 1, 0, 1));
  const IntervalTensor neg = BoundsOf(Of(Neg), {x});
  EXPECT_THAT(neg.lower, ElementsAre(1, -5, 0, -4));
  EXPECT_THAT(neg.upper, ElementsAre(3, 2, 0, -1));
}

TEST(ElementwiseTest, BoundsKeepToTheRange) {
  const IntervalTensor x = Box({-1000, -1, 1000}, {-900, 1, 2000});
  EXPECT_EQ(BoundsOf(Of(Exp), {x}).lower[0], 0);
  EXPECT_EQ(BoundsOf(Of(Exp), {x}).upper[2], kInf);
  EXPECT_EQ(BoundsOf(Of(Expm1), {x}).lower[0], -1);
  EXPECT_EQ(BoundsOf(Of(Softplus), {x}).lower[0], 0);
  EXPECT_EQ(BoundsOf(Of(NormalCdf), {x}).lower[0], 0);
  EXPECT_EQ(BoundsOf(Of(NormalCdf), {x}).upper[2], 1);
}

TEST(ElementwiseTest, WhatMayBeNanIsUnbounded) {
  const IntervalTensor everything = Box({-kInf}, {kInf});
  for (const Function& function : Functions()) {
    const IntervalTensor y = BoundsOf(Of(function.f), {everything});
    EXPECT_EQ(y.lower[0], -kInf) << function.kind;
    EXPECT_EQ(y.upper[0], kInf) << function.kind;
  }
  const IntervalTensor partly_negative = Box({-1e-3}, {4});
  const IntervalTensor below_minus_one = Box({-1.001}, {4});
  for (auto f : {Log, Log1p, Sqrt}) {
    const IntervalTensor y =
        BoundsOf(Of(f), {f == Log1p ? below_minus_one : partly_negative});
    EXPECT_EQ(y.lower[0], -kInf);
    EXPECT_EQ(y.upper[0], kInf);
  }
}

// Whatever a kernel may give within its guarantee lies within the bounds.
TEST(ElementwiseTest, BoundsAllowTheErrorOfKernels) {
  struct Kernel {
    Value (*f)(Value, absl::string_view);
    double (*exact)(double);
    Opcode opcode;
    double low;
    double high;
  };
  const std::vector<Kernel> kernels = {
      {Exp, [](double x) { return std::exp(x); }, Opcode::kExp, -85, 88},
      {Expm1, [](double x) { return std::expm1(x); }, Opcode::kExpm1, -15, 88},
      {Log, [](double x) { return std::log(x); }, Opcode::kLog, 1e-3, 1e6},
      {Log1p, [](double x) { return std::log1p(x); }, Opcode::kLog1p, -0.99,
       1e6},
      {Softplus, [](double x) { return std::log1p(std::exp(x)); },
       Opcode::kSoftplus, -80, 80},
      {NormalCdf, [](double x) { return 0.5 * std::erfc(-x * M_SQRT1_2); },
       Opcode::kNormalCdf, -12, 8}};
  TestRandom random(1);
  for (const Kernel& kernel : kernels) {
    std::vector<double> x;
    for (int i = 0; i < 500; ++i) {
      x.push_back(random.Uniform(kernel.low, kernel.high));
    }
    const IntervalTensor y = BoundsOf(Of(kernel.f), {Box(x, x)});
    for (size_t i = 0; i < x.size(); ++i) {
      const double exact = kernel.exact(x[i]);
      const double error = MaxUlps(kernel.opcode) * 0x1p-23 * std::fabs(exact);
      EXPECT_TRUE(y.lower[i] <= exact - error || y.lower[i] <= -1) << x[i];
      EXPECT_TRUE(y.upper[i] >= exact + error || y.upper[i] >= 1) << x[i];
    }
  }
}

TEST(ElementwiseTest, Recognisers) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  for (const Function& function : Functions()) {
    const bool keeps = function.kind != "exp" && function.kind != "log" &&
                       function.kind != "normal_cdf" &&
                       function.kind != "softplus";
    const Value y = function.f(x, "");
    EXPECT_EQ(y.node().op->kind(), function.kind);
    EXPECT_EQ(MapsZeroToZero(y.node()), keeps) << function.kind;
    EXPECT_EQ(At(function.f, {0})[0] == 0, keeps) << function.kind;
  }
  EXPECT_TRUE(MapsZeroToZero(Scale(x, 3).node()));
  EXPECT_FALSE(MapsZeroToZero(Add(x, x).node()));
  EXPECT_FALSE(MapsZeroToZero(x.node()));
}

TEST(ElementwiseTest, Errors) {
  const auto status = [](Value (*f)(Value x)) {
    return BuildStatus([f](GraphBuilder& g) { return f(g.Input("x", {3})); });
  };
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Exp(g.Input("x", {kBatch, 2}, DataType::kI32), "t");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 't' (exp): x is i32[N, 2]: expected f32"));
  EXPECT_THAT(status([](Value x) { return Scale(x, INFINITY, false, "s"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (scale): factor is inf: expected a finite "
                       "number"));
  EXPECT_THAT(status([](Value x) { return Scale(x, 1, true, "s"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (scale): x is f32[3]: expected the batch N in "
                       "front, to divide by it"));
}

TEST(ElementwiseTest, EmptyValuesPassThrough) {
  for (const Function& function : Functions()) {
    EXPECT_FALSE(function.f(Value(), "").valid());
  }
  EXPECT_FALSE(Scale(Value(), 2).valid());
}

}  // namespace
}  // namespace espalier
