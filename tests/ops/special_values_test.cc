// What docs/special_values.md says, of float32 execution. A session refuses
// inputs that are not finite, so they are made inside: log(-1) is NaN, log(0)
// is -infinity.
#include <cmath>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/dense.h"
#include "ops/dropout.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"
#include "ops/gather.h"
#include "ops/integers.h"
#include "ops/layer_norm.h"
#include "ops/named_activations.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

constexpr float kMax = std::numeric_limits<float>::max();

// Runs take numbers below the smallest normal one for zero.
double Flushed(double x) { return std::fabs(x) < 0x1p-126 ? 0 * x : x; }

// Executes `build` on the input x [rows, n], and checks that each result is the
// interpreter's: the same infinity or NaN, and nearly the same number.
DoubleTensor Execute(const std::function<Value(Value x)>& build,
                     const std::vector<double>& x, int64_t rows = 1) {
  GraphBuilder g("test");
  const auto n = static_cast<int64_t>(x.size()) / rows;
  g.Output("y", build(g.Input("x", {kBatch, n})));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  const LeafValues leaves = {{"x", Matrix(rows, n, x)}};
  absl::StatusOr<Execution> execution = Execution::Create(*graph, leaves);
  EXPECT_OK(execution);
  const absl::StatusOr<LeafValues> outputs = execution->Run(leaves);
  EXPECT_OK(outputs);
  if (!outputs.ok()) return DoubleTensor();
  const DoubleTensor y = outputs->at("y");
  LeafValues flushed = leaves;
  for (int64_t i = 0; i < n; ++i)
    flushed["x"][i] = Flushed(x[static_cast<size_t>(i)]);
  const DoubleTensor expected = Interpret(*graph, flushed)->outputs.at("y");
  for (int64_t i = 0; i < y.num_elements(); ++i) {
    if (std::isnan(expected[i])) {
      EXPECT_TRUE(std::isnan(y[i])) << "element " << i << " is " << y[i];
    } else if (std::isinf(static_cast<float>(expected[i]))) {
      EXPECT_EQ(y[i], static_cast<float>(expected[i])) << "element " << i;
    } else {
      EXPECT_NEAR(y[i], expected[i], 1e-5 * std::fabs(expected[i]) + 1e-36)
          << "element " << i;
    }
  }
  return y;
}

struct Case {
  std::string name;
  std::function<Value(Value)> f;
};

void PrintTo(const Case& c, std::ostream* os) { *os << c.name; }

// Of the columns of x: 0, 0, ...
Value Indices(Value x) {
  const auto n = static_cast<size_t>(x.shape().dim(1));
  const std::vector<int32_t> zeros(n);
  return x.builder()->Constant(Tensor({x.shape().dim(1)}, zeros));
}

std::vector<Case> UnaryCases() {
  return {
      {"abs", [](Value x) { return Abs(x); }},
      {"celu", [](Value x) { return Celu(x, 2); }},
      {"clip", [](Value x) { return Clip(x, -1, 0.5f); }},
      {"elu", [](Value x) { return Elu(x, 0.5f); }},
      {"exp", [](Value x) { return Exp(x); }},
      {"expm1", [](Value x) { return Expm1(x); }},
      {"gelu", [](Value x) { return Gelu(x); }},
      {"gelu_tanh", [](Value x) { return GeluTanh(x); }},
      {"hard_sigmoid", [](Value x) { return HardSigmoid(x); }},
      {"hard_swish", [](Value x) { return HardSwish(x); }},
      {"identity", [](Value x) { return Identity(x); }},
      {"leaky_relu", [](Value x) { return LeakyRelu(x, 0.1f); }},
      {"leaky_relu_zero", [](Value x) { return LeakyRelu(x, 0); }},
      {"log", [](Value x) { return Log(x); }},
      {"log1p", [](Value x) { return Log1p(x); }},
      {"max", [](Value x) { return Max(x, Scale(x, 2)); }},
      {"min", [](Value x) { return Min(x, Scale(x, 2)); }},
      {"mish", [](Value x) { return Mish(x); }},
      {"neg", [](Value x) { return Neg(x); }},
      {"normal_cdf", [](Value x) { return NormalCdf(x); }},
      {"prelu", [](Value x) { return Prelu(x, x.builder()->Constant(0.1f)); }},
      {"prelu_zero",
       [](Value x) { return Prelu(x, x.builder()->Constant(0.0f)); }},
      {"prelu_slope", [](Value x) { return Prelu(Neg(Exp(x)), x); }},
      {"relu", [](Value x) { return Relu(x); }},
      {"relu6", [](Value x) { return Relu6(x); }},
      {"scale", [](Value x) { return Scale(x, 2, true); }},
      {"select_greater",
       [](Value x) { return SelectGreater(x, Sign(x), x, Neg(x)); }},
      {"selu", [](Value x) { return Selu(x); }},
      {"sigmoid", [](Value x) { return Sigmoid(x); }},
      {"sign", [](Value x) { return Sign(x); }},
      {"silu", [](Value x) { return Silu(x); }},
      {"softplus", [](Value x) { return Softplus(x); }},
      {"softsign", [](Value x) { return Softsign(x); }},
      {"sqrt", [](Value x) { return Sqrt(x); }},
      {"stop_gradient", [](Value x) { return StopGradient(x); }},
      {"swish_negative", [](Value x) { return Swish(x, -3); }},
      {"square", [](Value x) { return Square(x); }},
      {"tanh", [](Value x) { return Tanh(x); }},
      {"cast",
       [](Value x) { return Cast(Cast(x, DataType::kI32), DataType::kF32); }},
      {"dropout",
       [](Value x) {
         const Tensor step(DataType::kI32, Shape());
         return Dropout(x, x.builder()->Constant(step), 0.5f, 1);
       }},
      {"reshape", [](Value x) { return Flatten(x); }},
      {"transpose",
       [](Value x) {
         const int64_t n = x.shape().dim(1);
         return Transpose(Reshape(x, {kBatch, 1, n}), {0, 2, 1});
       }},
      {"slice", [](Value x) { return Slice(x, {1}, {0}, {kToEnd}, {2}); }},
      {"pad",
       [](Value x) {
         return Pad(x, {0, 1}, {0, 1}, {0, 1});
       }},
      {"concat",
       [](Value x) {
         return Concat({x, x}, 1);
       }},
      {"gather", [](Value x) { return Gather(x, Indices(x), 1); }},
      {"scatter_add", [](Value x) { return ScatterAdd(x, Indices(x), 2, 1); }},
      {"sum", [](Value x) { return Sum(x, {1}); }},
      {"mean", [](Value x) { return Mean(x, {1}); }},
      {"layer_norm",
       [](Value x) {
         GraphBuilder& g = *x.builder();
         const Shape row({x.shape().dim(1)});
         return LayerNorm(x, BroadcastTo(g.Constant(2.0f), row),
                          BroadcastTo(g.Constant(1.0f), row));
       }},
      {"reduce_max", [](Value x) { return ReduceMax(x, {1}); }},
      {"reduce_min", [](Value x) { return ReduceMin(x, {0}); }},
      {"softmax", [](Value x) { return Softmax(x); }},
      {"log_softmax", [](Value x) { return LogSoftmax(x); }}};
}

class SpecialValuesTest : public testing::TestWithParam<Case> {};

TEST_P(SpecialValuesTest, NanAndInfinitiesForward) {
  const auto& f = GetParam().f;
  // NaN, -infinity, infinity, and plain numbers beside them.
  Execute([&f](Value x) { return f(Log(x)); }, {-1});
  Execute([&f](Value x) { return f(Log(x)); }, {0});
  Execute([&f](Value x) { return f(Neg(Log(x))); }, {0});
  Execute([&f](Value x) { return f(Log(x)); },
          {-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17});
}

TEST_P(SpecialValuesTest, NanAndInfinitiesBackward) {
  const auto& f = GetParam().f;
  // d sum(f(x)) / dx where x = log(-1), log(0), 0.
  Execute(
      [&f](Value x) {
        const Value special = Log(x);
        return Gradients(Sum(f(special)), {special})[0];
      },
      {-1, 0, 1});
}

TEST_P(SpecialValuesTest, FiniteExtremes) {
  const auto& f = GetParam().f;
  for (double x : {0.0, -0.0, 1e-45, -1e-45, 1e-38, 1.0, -1.0, 88.7, -104.0,
                   static_cast<double>(kMax), -static_cast<double>(kMax)}) {
    Execute([&f](Value v) { return f(v); }, {x});
    Execute([&f](Value v) { return Gradients(Sum(f(v)), {v})[0]; }, {x});
  }
}

INSTANTIATE_TEST_SUITE_P(All, SpecialValuesTest,
                         testing::ValuesIn(UnaryCases()),
                         [](const testing::TestParamInfo<Case>& info) {
                           return info.param.name;
                         });

TEST(SpecialValuesTest, BinaryOpsPassNanOn) {
  for (auto f : {Add, Sub, Mul, Div, Max, Min}) {
    Execute([f](Value x) { return f(Log(x), Exp(x), ""); }, {-1, 0, 1});
    Execute([f](Value x) { return f(Exp(x), Log(x), ""); }, {-1, 0, 1});
    Execute([f](Value x) { return f(Log(x), Log(x), ""); }, {-1, 0, 1});
  }
}

// Of sizes that our own loops and that oneDNN computes.
TEST(SpecialValuesTest, ProductsPassNanOnThroughTheirActivation) {
  constexpr int64_t kRows = 64;
  constexpr int64_t kInputs = 64;
  std::vector<double> large(kRows * kInputs, 2);
  for (size_t i = 5; i < large.size(); i += 2 * kInputs) large[i] = -1;
  const auto to_ratio = [](Value x) { return Div(Relu(x), Relu(x)); };
  for (const std::string& name : ActivationNames()) {
    SCOPED_TRACE(name);
    const Activation activation = *ParseActivation(name);
    for (int64_t units : {1, 3, 64}) {
      Execute(
          [=](Value x) {
            GraphBuilder& g = *x.builder();
            const Value weight = BroadcastTo(g.Constant(0.5f), {3, units});
            const Value bias = BroadcastTo(g.Constant(1.0f), {units});
            return Activate(Dense(Log(x), weight, bias), activation);
          },
          {-1, 2, 3});
    }
    for (const std::function<Value(Value)>& special :
         {std::function<Value(Value)>([](Value x) { return Log(x); }),
          std::function<Value(Value)>(to_ratio)}) {
      Execute(
          [&](Value x) {
            GraphBuilder& g = *x.builder();
            const Value weight = BroadcastTo(g.Constant(0.5f), {kInputs, 256});
            const Value bias = BroadcastTo(g.Constant(1.0f), {256});
            return Activate(Dense(special(x), weight, bias), activation);
          },
          large, kRows);
    }
  }
}

// A unit that is zero is exactly zero after these (MapsZeroToZero).
TEST(SpecialValuesTest, ZeroStaysZeroThroughAnActivation) {
  for (const std::string& name : ActivationNames()) {
    SCOPED_TRACE(name);
    const Activation activation = *ParseActivation(name);
    GraphBuilder named("named");
    const Value named_y = Activate(named.Input("x", {1}), activation);
    if (!MapsZeroToZero(named_y.node())) continue;
    for (int64_t units : {1, 3, 64}) {
      const DoubleTensor y = Execute(
          [=](Value x) {
            GraphBuilder& g = *x.builder();
            const Value weight = BroadcastTo(g.Constant(0.0f), {3, units});
            const Value bias = BroadcastTo(g.Constant(0.0f), {units});
            return Activate(Dense(x, weight, bias), activation);
          },
          {-1, 2, 3});
      for (double value : y.values()) EXPECT_EQ(value, 0);
    }
  }
}

TEST(SpecialValuesTest, TheMeanOfTheLargestNumbersIsFinite) {
  for (const double x : {double{kMax}, -double{kMax}}) {
    EXPECT_EQ(Execute([](Value v) { return Mean(v); },
                      std::vector<double>(10000, x))[0],
              x);
  }
  // No bit of smaller ones is lost.
  const double third = 1.0f / 3;
  EXPECT_EQ(Execute([](Value v) { return Mean(v); }, {third})[0], third);
}

TEST(SpecialValuesTest, CrossEntropyOfExtremeLogits) {
  constexpr int64_t kRows = 20000;
  constexpr int64_t kClasses = 5;
  GraphBuilder g("test");
  const Value logits = g.Input("x", {kBatch, kClasses});
  const Value loss =
      SoftmaxCrossEntropy(logits, g.Input("t", {kBatch}, DataType::kI32));
  g.Output("loss", loss);
  g.Output("gradient", Gradients(Sum(loss), {logits})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
  TestRandom random(1);
  for (double range : {0.0, 1e-6, 1.0, 1e4, 1.5e38}) {
    const LeafValues leaves = {
        {"x", random.Tensor({kRows, kClasses}, -range, range)},
        {"t", random.Integers({kRows}, kClasses)}};
    ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
    for (double value : outputs.at("loss").values()) {
      ASSERT_TRUE(std::isfinite(value) && value >= 0) << value;
    }
    const DoubleTensor& gradient = outputs.at("gradient");
    for (int64_t row = 0; row < kRows; ++row) {
      double sum = 0;
      for (int64_t j = 0; j < kClasses; ++j) {
        sum += gradient[row * kClasses + j];
      }
      ASSERT_NEAR(sum, 0, 0x1p-20);
    }
  }
}

TEST(SpecialValuesTest, ALabelThatIsNoClassFailsTheRun) {
  GraphBuilder g("test");
  g.Output("loss", SoftmaxCrossEntropy(g.Input("x", {kBatch, 3}),
                                       g.Input("t", {kBatch}, DataType::kI32)));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
  for (double label : {-1.0, 3.0}) {
    const auto run = execution.Run(
        {{"x", DoubleTensor(Shape({2, 3}))}, {"t", Vector({0, label})}});
    EXPECT_THAT(run, StatusIs(absl::StatusCode::kInvalidArgument,
                              testing::HasSubstr("'t'")));
  }
}

// Of x itself, which keeps its bits, unlike what is computed from it.
TEST(SpecialValuesTest, MovesKeepSubnormalNumbersAndSignsOfZeros) {
  const std::vector<double> x = {1e-45, -1e-45, 0.0, -0.0, 1e-38, -1.0};
  const std::vector<std::function<Value(Value)>> moves = {
      [](Value v) {
        return Transpose(v, {1, 0});
      },
      [](Value v) { return Slice(v, {1}, {0}, {6}); },
      [](Value v) { return Slice(v, {1}, {1}, {6}, {2}); },
      [](Value v) {
        return Pad(v, {1, 0}, {0, 1});
      },
      [](Value v) {
        return Concat({v, v}, 0);
      },
      [](Value v) { return Gather(v, Indices(v), 0); }};
  for (const auto& move : moves) {
    GraphBuilder g("test");
    g.Output("y", move(g.Input("x", {1, 6})));
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    const LeafValues leaves = {{"x", Matrix(1, 6, x)}};
    ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
    ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
    EXPECT_EQ(outputs.at("y").ToTensor(), run.outputs.at("y").ToTensor());
  }
}

}  // namespace
}  // namespace espalier
