#include "ops/activations.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"
#include "ops/named_activations.h"
#include "ops/reduce.h"
#include "runtime/fusion.h"
#include "tests/runtime/plan_helpers.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMax = std::numeric_limits<float>::max();

struct Function {
  std::string name;
  BuildFunction f;
};

Function Make(std::string name, Value (*f)(Value)) {
  return {std::move(name),
          [f](absl::Span<const Value> in) { return f(in[0]); }};
}

const std::vector<Function>& Functions() {
  static const auto* const functions = new std::vector<Function>{
      Make("sigmoid", [](Value x) { return Sigmoid(x); }),
      Make("tanh", [](Value x) { return Tanh(x); }),
      Make("softsign", [](Value x) { return Softsign(x); }),
      Make("softplus", [](Value x) { return Softplus(x); }),
      Make("silu", [](Value x) { return Silu(x); }),
      Make("swish_steep", [](Value x) { return Swish(x, 30); }),
      Make("swish_flat", [](Value x) { return Swish(x, 1e-3f); }),
      Make("swish_least", [](Value x) { return Swish(x, 1.2e-38f); }),
      Make("swish_negative", [](Value x) { return Swish(x, -1.7f); }),
      Make("gelu", [](Value x) { return Gelu(x); }),
      Make("gelu_tanh", [](Value x) { return GeluTanh(x); }),
      Make("mish", [](Value x) { return Mish(x); }),
      Make("hard_sigmoid", [](Value x) { return HardSigmoid(x); }),
      Make("hard_sigmoid_falling",
           [](Value x) { return HardSigmoid(x, -1e30f, 3); }),
      Make("hard_swish", [](Value x) { return HardSwish(x); }),
      Make("relu", [](Value x) { return Relu(x); }),
      Make("relu6", [](Value x) { return Relu6(x); }),
      Make("leaky_relu", [](Value x) { return LeakyRelu(x, -0.3f); }),
      Make("elu", [](Value x) { return Elu(x, 0.7f); }),
      Make("selu", [](Value x) { return Selu(x); }),
      Make("celu", [](Value x) { return Celu(x, 0.7f); }),
      Make("celu_wide", [](Value x) { return Celu(x, 1e38f); })};
  return *functions;
}

std::vector<double> At(Value (*f)(Value), std::vector<double> x) {
  return Evaluate(Make("", f).f, {Vector(std::move(x))}).values();
}
std::vector<double> SlopesAt(const BuildFunction& f, std::vector<double> x) {
  return EvaluateGradients(f, {Vector(std::move(x))})[0].values();
}
std::vector<double> SlopesAt(Value (*f)(Value), std::vector<double> x) {
  return SlopesAt(Make("", f).f, std::move(x));
}

// Computed to 20 digits from the formulas of the papers.
TEST(ActivationsTest, Values) {
  constexpr double kDouble = 1e-15;
  constexpr double kFloat = 1e-7;  // a constant is a float
  EXPECT_THAT(At([](Value x) { return Gelu(x); }, {-3, -0.5, 1, 4}),
              ElementsAre(DoubleNear(-0.0040496940948902836, kDouble),
                          DoubleNear(-0.15426876936299345, kDouble),
                          DoubleNear(0.84134474606854295, kDouble),
                          DoubleNear(3.9998733150326675, kDouble)));
  EXPECT_THAT(At([](Value x) { return GeluTanh(x); }, {-3, -0.5, 1, 4}),
              ElementsAre(DoubleNear(-0.0036373920817730188, kFloat),
                          DoubleNear(-0.15428599017485608, kFloat),
                          DoubleNear(0.84119199060827670, kFloat),
                          DoubleNear(3.9999297540518076, kFloat)));
  EXPECT_THAT(At([](Value x) { return Mish(x); }, {-3, -0.5, 1, 4}),
              ElementsAre(DoubleNear(-0.14564746127562459, kDouble),
                          DoubleNear(-0.22074377465172999, kDouble),
                          DoubleNear(0.86509838826731035, kDouble),
                          DoubleNear(3.9974128069762385, kDouble)));
  EXPECT_THAT(At([](Value x) { return Silu(x); }, {-3, -0.5, 1, 4}),
              ElementsAre(DoubleNear(-0.14227761953270034, kDouble),
                          DoubleNear(-0.18877033439907272, kDouble),
                          DoubleNear(0.73105857863000488, kDouble),
                          DoubleNear(3.9280551601516338, kDouble)));
  EXPECT_THAT(At([](Value x) { return Swish(x, 2); }, {-3, 1}),
              ElementsAre(DoubleNear(-0.0074178694699043230, kDouble),
                          DoubleNear(0.88079707797788244, kDouble)));
  EXPECT_THAT(At([](Value x) { return Softsign(x); }, {-3, 0, 1}),
              ElementsAre(-0.75, 0, 0.5));
  EXPECT_THAT(At([](Value x) { return HardSwish(x); }, {-4, -3, -1.5, 0, 3, 5}),
              ElementsAre(0, 0, -0.375, 0, 3, 5));
  EXPECT_THAT(At([](Value x) { return HardSigmoid(x, 0.25f, 0.5f); },
                 {-3, -2, 1, 2, 3}),
              ElementsAre(0, 0, 0.75, 1, 1));
}

struct Limits {
  Value (*f)(Value);
  double below;
  double above;
  double slope_below;
  double slope_above;
};

const std::vector<Limits>& AllLimits() {
  static const auto* const limits = new std::vector<Limits>{
      {[](Value x) { return Sigmoid(x); }, 0, 1, 0, 0},
      {[](Value x) { return Tanh(x); }, -1, 1, 0, 0},
      {[](Value x) { return Softsign(x); }, -1, 1, 0, 0},
      {[](Value x) { return Softplus(x); }, 0, kInf, 0, 1},
      {[](Value x) { return Silu(x); }, 0, kInf, 0, 1},
      {[](Value x) { return Swish(x, 0.5f); }, 0, kInf, 0, 1},
      {[](Value x) { return Swish(x, -2); }, -kInf, 0, 1, 0},
      {[](Value x) { return Gelu(x); }, 0, kInf, 0, 1},
      {[](Value x) { return GeluTanh(x); }, 0, kInf, 0, 1},
      {[](Value x) { return Mish(x); }, 0, kInf, 0, 1},
      {[](Value x) { return HardSigmoid(x); }, 0, 1, 0, 0},
      {[](Value x) { return HardSwish(x); }, 0, kInf, 0, 1},
      {[](Value x) { return Relu(x); }, 0, kInf, 0, 1},
      {[](Value x) { return Relu6(x); }, 0, 6, 0, 0},
      {[](Value x) { return Elu(x); }, -1, kInf, 0, 1},
      {[](Value x) { return Celu(x, 2); }, -2, kInf, 0, 1}};
  return *limits;
}

// Of the interpreter and of float32 runs, values and gradients of first and
// second order.
TEST(ActivationsTest, LimitsAtInfinityAndAtTheLargestNumbers) {
  for (size_t k = 0; k < AllLimits().size(); ++k) {
    const Limits& limits = AllLimits()[k];
    EXPECT_THAT(At(limits.f, {-kInf, kInf}),
                ElementsAre(limits.below, limits.above))
        << k;
    EXPECT_THAT(SlopesAt(limits.f, {-kInf, kInf}),
                ElementsAre(DoubleNear(limits.slope_below, 1e-36),
                            DoubleNear(limits.slope_above, 1e-15)))
        << k;
    GraphBuilder g("test");
    const Value x = g.Input("x", {kBatch, 2});
    const Value y = limits.f(x);
    const Value dx = Gradients(Sum(y), {x})[0];
    g.Output("y", y);
    g.Output("dx", dx);
    g.Output("ddx", Gradients(Sum(dx), {x})[0]);
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
    const LeafValues leaves = {{"x", Matrix(1, 2, {-kMax, kMax})}};
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
    ASSERT_OK_AND_ASSIGN(const LeafValues executed, execution.Run(leaves));
    const auto large = [](double limit) {
      return std::isinf(limit) ? std::copysign(kMax, limit) : limit;
    };
    EXPECT_THAT(executed.at("y").values(),
                ElementsAre(large(limits.below), large(limits.above)))
        << k;
    EXPECT_THAT(executed.at("dx").values(),
                ElementsAre(limits.slope_below, limits.slope_above))
        << k;
    EXPECT_THAT(executed.at("ddx").values(), ElementsAre(0, 0)) << k;
    for (double second : run.outputs.at("ddx").values()) {
      EXPECT_NEAR(second, 0, 1e-7) << k;
    }
  }
}

TEST(ActivationsTest, NanPassesThroughForwardAndBackward) {
  for (const Function& function : Functions()) {
    EXPECT_TRUE(std::isnan(Evaluate(function.f, {Vector({NAN})})[0]))
        << function.name;
    EXPECT_TRUE(std::isnan(SlopesAt(function.f, {NAN})[0])) << function.name;
  }
}

TEST(ActivationsTest, SlopesAtKinks) {
  EXPECT_THAT(SlopesAt([](Value x) { return HardSwish(x); }, {-4, -3, 3, 4}),
              ElementsAre(0, DoubleNear(-0.5, 1e-7), DoubleNear(1.5, 1e-7), 1));
  EXPECT_THAT(SlopesAt([](Value x) { return HardSigmoid(x, 0.25f, 0.5f); },
                       {-3, -2, -1, 1, 2, 3}),
              ElementsAre(0, 0, 0.25, 0.25, 0, 0));
  EXPECT_THAT(SlopesAt([](Value x) { return Softsign(x); }, {-1, 0, 1}),
              ElementsAre(0.25, 1, 0.25));
}

// Where the result tells the slope the runtime need not keep x.
TEST(ActivationsTest, GradientsReadTheResultWhereTheyCan) {
  for (Activation activation :
       {Activation::kRelu, Activation::kLeakyRelu, Activation::kSigmoid,
        Activation::kTanh, Activation::kHardSigmoid}) {
    GraphBuilder g("test");
    const Value x = g.Input("x", {3});
    const Value y = Activate(x, activation);
    const NodeId before = g.num_nodes();
    Gradients(Sum(y), {x});
    for (NodeId id = before; id < g.num_nodes(); ++id) {
      for (NodeId input : g.node(id).inputs) EXPECT_NE(input, x.id());
    }
    EXPECT_GT(g.num_nodes(), before);
  }
}

TEST(ActivationsTest, BoundsReachDownIntoTheDip) {
  struct Dip {
    Value (*f)(Value);
    double at;
    double value;
  };
  for (const Dip& dip :
       {Dip{[](Value x) { return Silu(x); }, -1.27846454, -0.278464543},
        Dip{[](Value x) { return Swish(x, 4); }, -1.27846454 / 4,
            -0.278464543 / 4},
        Dip{[](Value x) { return Gelu(x); }, -0.751791525, -0.169971207},
        Dip{[](Value x) { return GeluTanh(x); }, -0.752461406, -0.170040746},
        Dip{[](Value x) { return Mish(x); }, -1.192431215, -0.308843413},
        Dip{[](Value x) { return HardSwish(x); }, -1.5, -0.375}}) {
    const BuildFunction f = Make("", dip.f).f;
    const double at = dip.at;
    // Around it, beyond it on either side, and with no limit below.
    const IntervalTensor y = BoundsOf(
        f, {Box({at - 1, at - 2, at + 0.1, -kInf}, {at + 0.1, at - 1, 2, 1})});
    const double left = Evaluate(f, {Vector({at - 1})})[0];
    const double right = Evaluate(f, {Vector({at + 0.1})})[0];
    EXPECT_NEAR(y.lower[0], dip.value, 1e-6);
    EXPECT_LT(y.lower[0], dip.value);
    EXPECT_NEAR(y.upper[0], std::max(left, right), 1e-6);
    EXPECT_NEAR(y.lower[1], left, 1e-6);
    EXPECT_LE(y.upper[1], 0);
    EXPECT_NEAR(y.lower[2], right, 1e-6);
    EXPECT_NEAR(y.lower[3], dip.value, 1e-6);
  }
}

TEST(ActivationsTest, BoundsKeepToTheRange) {
  const IntervalTensor x = Box({-1000, -kInf, 1000}, {-900, 3, kInf});
  for (Activation activation :
       {Activation::kSigmoid, Activation::kTanh, Activation::kSoftsign,
        Activation::kHardSigmoid}) {
    const IntervalTensor y = BoundsOf(
        [=](absl::Span<const Value> in) { return Activate(in[0], activation); },
        {x});
    for (double bound : y.lower) EXPECT_GE(bound, -1);
    for (double bound : y.upper) EXPECT_LE(bound, 1);
    EXPECT_GT(y.lower[2], 0.99);
  }
}

TEST(ActivationsTest, WhatMayBeNanIsUnbounded) {
  for (const Function& function : Functions()) {
    const IntervalTensor y = BoundsOf(function.f, {Box({-kInf}, {kInf})});
    EXPECT_EQ(y.lower[0], -kInf) << function.name;
    EXPECT_EQ(y.upper[0], kInf) << function.name;
  }
}

// Either sign, over all magnitudes and densely where the functions bend.
float AnyArgument(TestRandom& random) {
  const double range = random.Below(2) == 0 ? 1.5 : 37;
  const double magnitude = std::pow(10, random.Uniform(-range, range));
  const double x = random.Below(3) == 0   ? random.Uniform(-110, 20)
                   : random.Below(2) == 0 ? magnitude
                                          : -magnitude;
  return static_cast<float>(x);
}

// At every magnitude a run stays within the bounds of its very argument, so
// that the rounding errors counted in them are none too few.
TEST(ActivationsTest, RunsStayWithinTheBoundsOfAPoint) {
  constexpr int64_t kSamples = 20000;
  TestRandom random(5);
  std::vector<double> x;
  for (int64_t i = 0; i < kSamples; ++i) x.push_back(AnyArgument(random));
  for (const Function& function : Functions()) {
    GraphBuilder g("test");
    g.Output("y", function.f({g.Input("x", {kBatch, 1})}));
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
    ASSERT_OK_AND_ASSIGN(const LeafValues run,
                         execution.Run({{"x", Matrix(kSamples, 1, x)}}));
    const IntervalTensor bounds = BoundsOf(function.f, {Box(x, x)});
    for (size_t i = 0; i < x.size(); ++i) {
      const double y = run.at("y")[static_cast<int64_t>(i)];
      ASSERT_LE(bounds.lower[i], y) << function.name << " of " << x[i];
      ASSERT_GE(bounds.upper[i], y) << function.name << " of " << x[i];
    }
  }
}

// ... and between two arguments within the bounds of the box.
TEST(ActivationsTest, RunsStayWithinTheBoundsOfABox) {
  constexpr size_t kBoxes = 300;
  constexpr int kPoints = 20;
  TestRandom random(6);
  for (const Function& function : Functions()) {
    std::vector<double> lower;
    std::vector<double> upper;
    std::vector<double> x;
    for (size_t i = 0; i < kBoxes; ++i) {
      const double a = AnyArgument(random);
      const double b = random.Below(2) == 0
                           ? AnyArgument(random)
                           : static_cast<float>(a + random.Uniform(0, 3));
      lower.push_back(std::min(a, b));
      upper.push_back(std::max(a, b));
      for (int j = 0; j < kPoints; ++j) {
        x.push_back(random.Uniform(lower.back(), upper.back()));
      }
    }
    const IntervalTensor bounds = BoundsOf(function.f, {Box(lower, upper)});
    GraphBuilder g("test");
    g.Output("y", function.f({g.Input("x", {kBatch, kPoints})}));
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
    ASSERT_OK_AND_ASSIGN(const LeafValues run,
                         execution.Run({{"x", Matrix(kBoxes, kPoints, x)}}));
    for (size_t i = 0; i < x.size(); ++i) {
      const size_t box = i / kPoints;
      const double y = run.at("y")[static_cast<int64_t>(i)];
      ASSERT_LE(bounds.lower[box], y) << function.name << " of " << x[i];
      ASSERT_GE(bounds.upper[box], y) << function.name << " of " << x[i];
    }
  }
}

// What follows a product is part of it or one more step, and so is what comes
// back.
TEST(ActivationsTest, EachIsOneStepForwardAndOneBackward) {
  for (const std::string& name : ActivationNames()) {
    const Activation activation = *ParseActivation(name);
    if (activation == Activation::kIdentity) continue;
    GraphBuilder g("test");
    const Value x = g.Input("x", {kBatch, 4});
    const Value w = g.Parameter("w", {4, 5}, Initializer::Normal(1));
    const Value b = g.Parameter("b", {5}, Initializer::Normal(1));
    const Value v = g.Parameter("v", {5, 3}, Initializer::Normal(1));
    const Value z = MatMul(Activate(Dense(x, w, b), activation), v);
    g.Output("z", z);
    g.Output("dw", Gradients(Sum(Mul(z, g.Input("c", {kBatch, 3}))), {w})[0]);
    Plan plan = PlanOf(g);
    Fuse(plan);
    std::vector<std::string> expected = {"matmul", "elementwise", "matmul",
                                         "matmul", "elementwise", "matmul"};
    const bool in_product =
        activation == Activation::kRelu || activation == Activation::kLeakyRelu;
    if (in_product) expected.erase(expected.begin() + 1);
    EXPECT_THAT(Kinds(plan), testing::ElementsAreArray(expected))
        << name << "\n"
        << plan.ToString();
  }
}

TEST(ActivationsTest, MapZeroToZero) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  for (const Value& y : {Softsign(x), Swish(x, 3), Gelu(x), GeluTanh(x),
                         Mish(x), HardSwish(x), HardSigmoid(x, 1, -1)}) {
    EXPECT_TRUE(MapsZeroToZero(y.node())) << y.node().ToString();
  }
  EXPECT_FALSE(MapsZeroToZero(HardSigmoid(x).node()));
  EXPECT_FALSE(MapsZeroToZero(Sigmoid(x).node()));
}

TEST(ActivationsTest, Errors) {
  const auto status = [](Value (*f)(Value x)) {
    return BuildStatus([f](GraphBuilder& g) { return f(g.Input("x", {3})); });
  };
  EXPECT_THAT(status([](Value x) { return Swish(x, 0, "s"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (swish): beta is 0: expected a normal "
                       "number"));
  EXPECT_FALSE(status([](Value x) { return Swish(x, INFINITY); }).ok());
  EXPECT_THAT(status([](Value x) { return HardSigmoid(x, NAN, 0, "h"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'h' (hard_sigmoid): alpha is nan: expected a "
                       "normal number"));
  EXPECT_THAT(status([](Value x) { return HardSigmoid(x, 1, INFINITY, "h"); }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'h' (hard_sigmoid): beta is inf: expected a "
                       "finite number"));
}

}  // namespace
}  // namespace espalier
