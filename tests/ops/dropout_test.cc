#include "ops/dropout.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using testing::HasSubstr;

DoubleTensor Ones(int64_t rows, int64_t columns) {
  return {Shape({rows, columns}),
          std::vector<double>(static_cast<size_t>(rows * columns), 1)};
}

DoubleTensor Scalar(double x) { return DoubleTensor(Shape(), x); }

std::string Error(float rate, const TensorType& x, const TensorType& step) {
  GraphBuilder g("test");
  const Value a = g.Input("a", x.shape, x.dtype);
  Dropout(a, g.Input("s", step.shape, step.dtype), rate, 0);
  return std::string(g.status().message());
}

TEST(DropoutTest, SaysWhatItExpects) {
  const TensorType x = {DataType::kF32, {kBatch, 2}};
  const TensorType step = {DataType::kI32, {}};
  EXPECT_EQ(Error(0, x, step), "");
  EXPECT_THAT(Error(1, x, step), HasSubstr("rate is 1: expected 0 or more"));
  EXPECT_THAT(Error(-0.1f, x, step), HasSubstr("rate is -0.1"));
  EXPECT_THAT(Error(std::numeric_limits<float>::quiet_NaN(), x, step),
              HasSubstr("rate is nan"));
  EXPECT_THAT(Error(0.5f, step, step), HasSubstr("x is i32[]: expected f32"));
  EXPECT_THAT(Error(0.5f, x, x),
              HasSubstr("step is f32[N, 2]: expected a scalar, i32[]"));
}

// Also of a batch of none and of single elements.
TEST(DropoutTest, MaskIsTheInterpretersBitForBit) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 1});
  g.Output("y", Dropout(x, g.Input("s", {}, DataType::kI32), 0.3f, -5));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, {}));
  for (int64_t rows : {0, 1, 2, 63, 64, 65, 1000, 40000}) {
    for (double step : {0.0, 1.0, -1.0, 2147483647.0}) {
      const LeafValues leaves = {{"x", Ones(rows, 1)}, {"s", Scalar(step)}};
      ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run(leaves));
      ASSERT_OK_AND_ASSIGN(const InterpretedRun expected,
                           Interpret(graph, leaves));
      for (int64_t i = 0; i < rows; ++i) {
        ASSERT_EQ(found.at("y")[i],
                  static_cast<float>(expected.outputs.at("y")[i]))
            << i << " of " << rows;
      }
    }
  }
}

// As a counter is that was picked by an index that is no row.
TEST(DropoutTest, ACounterThatIsNoNumberGivesNone) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  g.Output("y", Dropout(x, g.Input("s", {}, DataType::kI32), 0.5f, 1));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const double nan = std::numeric_limits<double>::quiet_NaN();
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                       Interpret(graph, {{"x", DoubleTensor(Shape({2}), 1)},
                                         {"s", Scalar(nan)}}));
  EXPECT_TRUE(std::isnan(run.outputs.at("y")[0]));
  EXPECT_TRUE(std::isnan(run.outputs.at("y")[1]));
}

TEST(DropoutTest, DropsTheShareAskedForAndKeepsTheMean) {
  for (const float rate : {0.0f, 0.1f, 0.5f, 0.9f}) {
    GraphBuilder g("test");
    const Value x = g.Input("x", {kBatch, 1000});
    g.Output("y", Dropout(x, g.Input("s", {}, DataType::kI32), rate, 3));
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    const LeafValues leaves = {{"x", Ones(100, 1000)}, {"s", Scalar(9)}};
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
    const DoubleTensor& y = run.outputs.at("y");
    double dropped = 0, sum = 0;
    for (double value : y.values()) {
      dropped += value == 0 ? 1 : 0;
      sum += value;
    }
    // Five standard deviations of 100,000 draws.
    const double slack = 5 * std::sqrt(rate * (1 - rate) / 1e5);
    EXPECT_NEAR(dropped / 1e5, rate, slack);
    EXPECT_NEAR(sum / 1e5, 1, slack / (1 - rate) + 1e-12);
  }
}

TEST(DropoutTest, SeedAndStepChangeTheMaskAndTheGradientHasTheSame) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 100});
  const Value step = g.Input("s", {}, DataType::kI32);
  const Value y = Dropout(x, step, 0.5f, 1);
  g.Output("y", y);
  g.Output("other", Dropout(x, step, 0.5f, 2));
  g.Output("dx", Gradients(Sum(y), {x})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  LeafValues leaves = {{"x", Ones(2, 100)}, {"s", Scalar(0)}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues a, execution.Run(leaves));
  leaves["s"] = Scalar(1);
  ASSERT_OK_AND_ASSIGN(const LeafValues b, execution.Run(leaves));
  EXPECT_NE(a.at("y").values(), a.at("other").values());
  EXPECT_NE(a.at("y").values(), b.at("y").values());
  EXPECT_EQ(a.at("y").values(), a.at("dx").values());
  // Of the two rows of one sample each neither is dropped as the other is.
  const std::vector<double>& mask = a.at("y").values();
  EXPECT_NE(std::vector<double>(mask.begin(), mask.begin() + 100),
            std::vector<double>(mask.begin() + 100, mask.end()));
}

}  // namespace
}  // namespace espalier
