#include "ops/losses.h"

#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

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
}

TEST(LossesTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(MeanSquaredError(Value(), Value()).valid());
  EXPECT_FALSE(MeanSoftmaxCrossEntropy(Value(), Value()).valid());
  EXPECT_FALSE(L1Penalty({Value()}, 1).valid());
  EXPECT_FALSE(L2Penalty({Value(), Value()}, 1).valid());
}

}  // namespace
}  // namespace espalier
