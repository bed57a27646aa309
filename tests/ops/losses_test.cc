#include "ops/losses.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(LossesTest, MeanSquaredErrorIsAMeanOverAllElements) {
  const auto loss = [](absl::Span<const Value> in) {
    return MeanSquaredError(in[0], in[1]);
  };
  const std::vector<DoubleTensor> inputs = {Matrix(2, 2, {1, 2, 3, 4}),
                                            Matrix(2, 2, {1, 0, 3, 0})};
  EXPECT_EQ(Evaluate(loss, inputs)[0], 5);
  EXPECT_THAT(EvaluateGradients(loss, inputs)[0].values(),
              ElementsAre(0, 1, 0, 2));
}

// What a loss gives for y and target of shape [rows, columns].
using Loss = Value (*)(Value y, Value target);

double LossOf(Loss loss, const std::vector<double>& y,
              const std::vector<double>& target, int64_t columns = 1) {
  const auto rows = static_cast<int64_t>(y.size()) / columns;
  return Evaluate(
      [&](absl::Span<const Value> in) { return loss(in[0], in[1]); },
      {Matrix(rows, columns, y), Matrix(rows, columns, target)})[0];
}

std::vector<double> GradientOf(Loss loss, const std::vector<double>& y,
                               const std::vector<double>& target,
                               int64_t columns = 1) {
  const auto rows = static_cast<int64_t>(y.size()) / columns;
  return EvaluateGradients(
             [&](absl::Span<const Value> in) { return loss(in[0], in[1]); },
             {Matrix(rows, columns, y), Matrix(rows, columns, target)})[0]
      .values();
}

TEST(LossesTest, OneHotOfIndices) {
  GraphBuilder g("test");
  g.Output("y", OneHot(g.Input("i", {kBatch}, DataType::kI32), 3));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const LeafValues leaves = {{"i", Vector({2, 0})}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run(leaves));
  EXPECT_THAT(found.at("y").values(), ElementsAre(0, 0, 1, 1, 0, 0));
  EXPECT_EQ(found.at("y").shape(), Shape({2, 3}));
  for (const double no_class : {-1.0, 3.0}) {
    const LeafValues wrong = {{"i", Vector({2, no_class})}};
    EXPECT_THAT(std::string(execution.Run(wrong).status().message()),
                AllOf(HasSubstr(absl::StrCat("element 1 is ", no_class)),
                      HasSubstr("from 0 to 2")));
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, wrong));
    const DoubleTensor& y = run.outputs.at("y");
    EXPECT_EQ(y[2], 1);
    for (int64_t i = 3; i < 6; ++i) EXPECT_TRUE(std::isnan(y[i])) << y[i];
  }
  EXPECT_THAT(BuildStatus([](GraphBuilder& b) {
                return OneHot(b.Input("x", {kBatch}), 3);
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "one-hot: indices is f32[N]: expected i32 of rank 1"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& b) {
                return OneHot(b.Input("i", {2}, DataType::kI32), 0);
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "one-hot: 0 classes: expected 1 to 2^24"));
}

TEST(LossesTest, MeanAbsoluteError) {
  EXPECT_EQ(LossOf(MeanAbsoluteError, {1, 2, 3, 4}, {2, 2, 0, 0}), 2);
  EXPECT_THAT(GradientOf(MeanAbsoluteError, {1, 2, 3, 4}, {2, 2, 0, 0}),
              ElementsAre(-0.25, 0, 0.25, 0.25));
}

TEST(LossesTest, HuberIsQuadraticThenLinear) {
  const Loss huber = [](Value y, Value t) { return MeanHuber(y, t, 2); };
  EXPECT_EQ(LossOf(huber, {1}, {0}), 0.5);
  EXPECT_EQ(LossOf(huber, {-2}, {0}), 2);
  EXPECT_EQ(LossOf(huber, {5}, {0}), 8);
  EXPECT_THAT(GradientOf(huber, {1, -2, 2, 5}, {0, 0, 0, 0}),
              ElementsAre(0.25, -0.5, 0.5, 0.5));
}

TEST(LossesTest, SmoothingGivesAllClassesAShare) {
  // Of 4 classes, with smoothing 0.2 the shares are 0.85 and 0.05.
  const std::vector<double> x = {1, 2, 0, -1};
  double sum = 0;
  for (double v : x) sum += std::exp(v);
  double expected = 0;
  for (size_t j = 0; j < 4; ++j) {
    expected -= (j == 1 ? 0.85 : 0.05) * (x[j] - std::log(sum));
  }
  const DoubleTensor logits = Matrix(1, 4, x);
  const auto smoothed = [](absl::Span<const Value> in) {
    return MeanSoftmaxCrossEntropy(in[0], in[1], 0.2f);
  };
  EXPECT_NEAR(Evaluate(smoothed, {logits, Matrix(1, 4, {0, 1, 0, 0})})[0],
              expected, 1e-7);
  const auto of_index = [](absl::Span<const Value> in) {
    const Value label =
        in[0].builder()->Constant(Tensor({1}, std::vector<int32_t>{1}));
    return MeanSoftmaxCrossEntropy(in[0], label, 0.2f);
  };
  EXPECT_NEAR(Evaluate(of_index, {logits})[0], expected, 1e-7);
}

TEST(LossesTest, BinaryCrossEntropyIsSmoothAtZero) {
  EXPECT_NEAR(LossOf(MeanBinaryCrossEntropy, {0}, {1}), std::log(2), 1e-15);
  EXPECT_NEAR(LossOf(MeanBinaryCrossEntropy, {-40}, {0}), std::exp(-40), 1e-30);
  EXPECT_EQ(LossOf(MeanBinaryCrossEntropy, {-40}, {1}), 40);
  EXPECT_THAT(GradientOf(MeanBinaryCrossEntropy, {0}, {1}), ElementsAre(-0.5));
  // sigmoid (1 - sigmoid)
  const auto second = [](absl::Span<const Value> in) {
    const Value loss = MeanBinaryCrossEntropy(
        in[0], in[0].builder()->Constant(Tensor({1}, std::vector<float>{1})));
    return Sum(Gradients(loss, {in[0]})[0]);
  };
  EXPECT_EQ(EvaluateGradients(second, {Vector({0})})[0][0], 0.25);
}

TEST(LossesTest, HingeIsZeroBeyondTheMargin) {
  EXPECT_EQ(LossOf(MeanHinge, {0.5, 2, -3, -3}, {1, 1, 1, -1}), 4.5 / 4);
  EXPECT_THAT(GradientOf(MeanHinge, {0.5, 1, -3, -3}, {1, 1, 1, -1}),
              ElementsAre(-0.25, 0, -0.25, 0));
}

TEST(LossesTest, KullbackLeiblerIsAMeanOverRows) {
  const double log_half = std::log(0.5);
  // Of p = (1, 0) from q = (1/2, 1/2), and of p = q.
  EXPECT_NEAR(
      LossOf(MeanKullbackLeibler, {log_half, log_half, log_half, log_half},
             {1, 0, 0.5, 0.5}, 2),
      std::log(2) / 2, 1e-15);
  const auto gradients = EvaluateGradients(
      [](absl::Span<const Value> in) {
        return MeanKullbackLeibler(in[0], in[1]);
      },
      {Matrix(1, 2, {log_half, log_half}), Matrix(1, 2, {1, 0})});
  EXPECT_THAT(gradients[0].values(), ElementsAre(-1, 0));
  EXPECT_NEAR(gradients[1][0], 1 + std::log(2), 1e-15);
  EXPECT_NEAR(gradients[1][1], std::log(2), 1e-15);  // that of -p log q
  EXPECT_TRUE(std::isnan(LossOf(MeanKullbackLeibler, {-1, -1}, {-0.5, 1}, 2)));
}

// Every loss in float32, with its gradient, for all pairs of these.
TEST(LossesTest, FiniteForAllFiniteNumbers) {
  constexpr double kMax = std::numeric_limits<float>::max();
  const std::vector<double> logits = {
      0,   -0.0, 1e-20, 1,    -1,   16.7,  -16.7, 88.8,  -88.8,
      104, -104, 1e4,   -1e4, 1e30, -1e30, kMax,  -kMax, kMax / 2};
  struct Case {
    const char* name;
    Loss loss;
    std::vector<double> targets;
  };
  const Case cases[] = {
      {"binary cross-entropy", MeanBinaryCrossEntropy, {0, 1, 0.25}},
      {"hinge", MeanHinge, {-1, 1}},
      {"mean absolute error", MeanAbsoluteError, {0, 1}},
      {"huber", [](Value y, Value t) { return MeanHuber(y, t, 1); }, {0, 1}},
  };
  for (const Case& c : cases) {
    for (const double target : c.targets) {
      for (const double x : logits) {
        GraphBuilder g("loss");
        const Value y = g.Input("y", {kBatch, 1});
        const Value loss = c.loss(y, g.Input("t", {kBatch, 1}));
        g.Output("loss", loss);
        g.Output("gradient", Gradients(loss, {y})[0]);
        ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
        const LeafValues leaves = {{"y", Matrix(1, 1, {x})},
                                   {"t", Matrix(1, 1, {target})}};
        ASSERT_OK_AND_ASSIGN(Execution execution,
                             Execution::Create(graph, leaves));
        ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run(leaves));
        ASSERT_OK_AND_ASSIGN(const InterpretedRun expected,
                             Interpret(graph, leaves));
        for (const char* name : {"loss", "gradient"}) {
          const double value = found.at(name)[0];
          const double exact = expected.outputs.at(name)[0];
          EXPECT_TRUE(std::isfinite(value)) << c.name << " of " << x;
          EXPECT_NEAR(value, exact, 1e-5 * std::fabs(exact) + 1e-33)
              << c.name << " " << name << " of " << x << ", " << target;
        }
        EXPECT_GE(found.at("loss")[0], 0) << c.name << " of " << x;
      }
    }
  }
}

// A million rows whose logits are of any size, such that no logarithm is too
// large for float32: finite, not negative, and right.
TEST(LossesTest, CrossEntropyOfExtremeLogits) {
  constexpr int64_t kRows = 1000000;
  constexpr int64_t kClasses = 3;
  const std::vector<double> sizes = {0,       -0.0, 1e-40, 1,    -1,    88.8,
                                     -104,    1e4,  -1e4,  1e30, -1e30, 1.6e38,
                                     -1.6e38, 16.7, 1e-20, -1e-3};
  TestRandom random(5);
  DoubleTensor logits({kRows, kClasses});
  DoubleTensor labels({kRows});
  DoubleTensor shares({kRows, kClasses});
  double expected = 0;
  for (int64_t row = 0; row < kRows; ++row) {
    labels[row] = static_cast<double>(row % kClasses);
    shares[row * kClasses + row % kClasses] = 1;
    uint32_t bits = static_cast<uint32_t>(random.Below(4096));
    double max = -HUGE_VAL;
    for (int64_t j = 0; j < kClasses; ++j, bits /= 16) {
      double& x = logits[row * kClasses + j];
      x = static_cast<float>(sizes[bits % 16]);
      max = std::max(max, x);
    }
    double sum = 0;
    for (int64_t j = 0; j < kClasses; ++j) {
      sum += std::exp(logits[row * kClasses + j] - max);
    }
    expected += max - logits[row * kClasses + row % kClasses] + std::log(sum);
  }
  expected /= kRows;
  GraphBuilder g("loss");
  const Value x = g.Input("x", {kBatch, kClasses});
  const Value label = g.Input("label", {kBatch}, DataType::kI32);
  const Value share = g.Input("share", {kBatch, kClasses});
  g.Output("of_indices", MeanSoftmaxCrossEntropy(x, label));
  g.Output("of_shares", MeanSoftmaxCrossEntropy(x, share));
  g.Output("smoothed", MeanSoftmaxCrossEntropy(x, label, 0.1f));
  g.Output("smoothed_shares", MeanSoftmaxCrossEntropy(x, share, 0.1f));
  g.Output("rows", SoftmaxCrossEntropy(x, label));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const LeafValues leaves = {
      {"x", logits}, {"label", labels}, {"share", shares}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run(leaves));
  EXPECT_GT(expected, 1e37);
  EXPECT_NEAR(found.at("of_indices")[0], expected, 1e-5 * expected);
  EXPECT_NEAR(found.at("of_shares")[0], expected, 1e-5 * expected);
  const std::vector<double>& rows = found.at("rows").values();
  EXPECT_GE(*std::min_element(rows.begin(), rows.end()), 0);
  const double smoothed = found.at("smoothed")[0];
  EXPECT_TRUE(std::isfinite(smoothed) && smoothed > 0) << smoothed;
  EXPECT_NEAR(found.at("smoothed_shares")[0], smoothed, 1e-5 * smoothed);
}

// Also where a logarithm is too large.
TEST(LossesTest, CrossEntropyOfTheLargestLogits) {
  constexpr float kMax = std::numeric_limits<float>::max();
  GraphBuilder g("loss");
  const Value x = g.Input("x", {kBatch, 2});
  const Value share = g.Input("share", {kBatch, 2});
  const Value loss = MeanSoftmaxCrossEntropy(x, share);
  g.Output("loss", loss);
  g.Output("gradient", Gradients(loss, {x})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const auto run = [&](const std::vector<double>& shares) {
    const LeafValues leaves = {{"x", Matrix(1, 2, {kMax, -kMax})},
                               {"share", Matrix(1, 2, shares)}};
    absl::StatusOr<Execution> execution = Execution::Create(graph, leaves);
    EXPECT_OK(execution);
    const absl::StatusOr<LeafValues> found = execution->Run(leaves);
    EXPECT_OK(found);
    return *found;
  };
  EXPECT_EQ(run({1, 0}).at("loss")[0], 0);
  EXPECT_THAT(run({1, 0}).at("gradient").values(), ElementsAre(0, 0));
  EXPECT_EQ(run({0, 1}).at("loss")[0], kMax);  // the largest there is
  EXPECT_THAT(run({0, 1}).at("gradient").values(), ElementsAre(1, -1));
}

TEST(LossesTest, LossesDoNotDependOnTheBatchSize) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 3});
  const Value t = g.Input("t", {kBatch}, DataType::kI32);
  g.Output("entropy", MeanSoftmaxCrossEntropy(x, t));
  g.Output("square", MeanSquaredError(x, g.Input("u", {kBatch, 3})));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  for (int64_t batch : {1, 5}) {
    ASSERT_OK_AND_ASSIGN(
        const InterpretedRun run,
        Interpret(graph, {{"x", DoubleTensor({batch, 3}, 2)},
                          {"t", DoubleTensor({batch}, 1)},
                          {"u", DoubleTensor({batch, 3}, 5)}}));
    EXPECT_NEAR(run.outputs.at("entropy")[0], std::log(3), 1e-15);
    EXPECT_EQ(run.outputs.at("square")[0], 9);
  }
}

TEST(LossesTest, PenaltiesSumOverAllParameters) {
  const std::vector<DoubleTensor> parameters = {Vector({1, -2}),
                                                Matrix(1, 1, {-3})};
  const auto l1 = [](absl::Span<const Value> in) {
    return L1Penalty(in, 0.5f);
  };
  const auto l2 = [](absl::Span<const Value> in) {
    return L2Penalty(in, 0.5f);
  };
  EXPECT_EQ(Evaluate(l1, parameters)[0], 3);
  EXPECT_EQ(Evaluate(l2, parameters)[0], 7);
  EXPECT_THAT(EvaluateGradients(l1, parameters)[0].values(),
              ElementsAre(0.5, -0.5));
  EXPECT_THAT(EvaluateGradients(l2, parameters)[1].values(), ElementsAre(-3));
}

TEST(LossesTest, Errors) {
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return MeanSquaredError(g.Input("y", {kBatch, 3}),
                                        g.Input("t", {kBatch, 1}));
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "mean squared error: y has shape [N, 3], target has "
                       "[N, 1]: expected equal shapes"));
  const auto message = [](const Loss& loss, const TensorType& y,
                          const TensorType& target) {
    return std::string(BuildStatus([&](GraphBuilder& g) {
                         return loss(g.Input("y", y.shape, y.dtype),
                                     g.Input("t", target.shape, target.dtype));
                       }).message());
  };
  const TensorType row = {DataType::kF32, {kBatch, 3}};
  const TensorType other = {DataType::kF32, {kBatch, 2}};
  const TensorType labels = {DataType::kI32, {kBatch}};
  const std::string shapes =
      " has shape [N, 3], target has [N, 2]: expected "
      "equal shapes";
  EXPECT_EQ(message(MeanAbsoluteError, row, other),
            "mean absolute error: y" + shapes);
  EXPECT_EQ(
      message([](Value y, Value t) { return MeanHuber(y, t); }, row, other),
      "huber: y" + shapes);
  EXPECT_EQ(
      message([](Value y, Value t) { return MeanHuber(y, t, 0); }, row, row),
      "huber: delta is 0: expected more than 0, and finite");
  EXPECT_EQ(message(MeanHinge, row, labels),
            "hinge: target is i32[N]: expected f32");
  EXPECT_EQ(message(MeanBinaryCrossEntropy, row, other),
            "binary cross-entropy: logits" + shapes);
  EXPECT_EQ(message(MeanKullbackLeibler, row, other),
            "kullback-leibler: log q has shape [N, 3], p has [N, 2]: expected "
            "equal shapes");
  EXPECT_EQ(message(MeanKullbackLeibler, {DataType::kF32, {kBatch}}, row),
            "kullback-leibler: log q is f32[N]: expected f32 of rank 2");
  const Loss entropy = [](Value y, Value t) {
    return MeanSoftmaxCrossEntropy(y, t);
  };
  EXPECT_EQ(message(entropy, row, other),
            "softmax cross-entropy: logits" + shapes);
  EXPECT_EQ(message(entropy, {DataType::kF32, {kBatch, 0}}, labels),
            "softmax cross-entropy: logits is f32[N, 0]: expected at least "
            "one class");
  EXPECT_EQ(
      message([](Value y, Value t) { return MeanSoftmaxCrossEntropy(y, t, 1); },
              row, labels),
      "softmax cross-entropy: the smoothing is 1: expected at least 0 "
      "and less than 1");
}

TEST(LossesTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(MeanSquaredError(Value(), Value()).valid());
  EXPECT_FALSE(MeanAbsoluteError(Value(), Value()).valid());
  EXPECT_FALSE(MeanHuber(Value(), Value()).valid());
  EXPECT_FALSE(MeanSoftmaxCrossEntropy(Value(), Value()).valid());
  EXPECT_FALSE(MeanBinaryCrossEntropy(Value(), Value()).valid());
  EXPECT_FALSE(MeanHinge(Value(), Value()).valid());
  EXPECT_FALSE(MeanKullbackLeibler(Value(), Value()).valid());
  EXPECT_FALSE(L1Penalty({Value()}, 1).valid());
  EXPECT_FALSE(L2Penalty({Value(), Value()}, 1).valid());
}

}  // namespace
}  // namespace espalier
