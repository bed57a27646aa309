#include "training/validation.h"

#include <cmath>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/losses.h"

namespace espalier {
namespace {

// logits = x + b, b of three classes.
StepGraph Classifier() {
  GraphBuilder g("classifier");
  const Value x = g.Input("x", {kBatch, 3});
  const Value label = g.Input("label", {kBatch}, DataType::kI32);
  const Value logits = Add(x, g.Parameter("b", {3}, Initializer::Zeros()));
  g.Output("logits", logits);
  return BuildStepGraph(g, MeanSoftmaxCrossEntropy(logits, label),
                        optimizers::Adam(0.1f))
      .value();
}

TEST(ValidationTest, MeasuresLossAndAccuracyOverAllRows) {
  // More rows than go into one batch; every third has the wrong label.
  const int64_t rows = 2500;
  Tensor features(DataType::kF32, {rows, 3});
  Tensor labels(DataType::kI32, {rows});
  for (int64_t i = 0; i < rows; ++i) {
    features.data<float>()[3 * i + 1] = 2;
    labels.data<int32_t>()[i] = i % 3 == 0 ? 0 : 1;
  }
  const Dataset data =
      Dataset::Create(std::move(features), std::move(labels)).value();
  const Validation validation =
      Validation::Create(Classifier(), data, /*threads=*/1).value();
  EpochReport report;
  const std::vector<float> bias = {0, -1, 0};
  ASSERT_TRUE(validation.Measure({{"b", Tensor({3}, bias)}}, &report).ok());
  const double sum = std::log(2 + std::exp(1.0));
  const double wrong = 834.0 / rows;
  EXPECT_NEAR(*report.validation_loss, wrong * sum + (1 - wrong) * (sum - 1),
              1e-5);
  EXPECT_DOUBLE_EQ(*report.validation_accuracy, 1 - wrong);
}

TEST(ValidationTest, ARegressionHasNoAccuracy) {
  GraphBuilder g("line");
  const Value x = g.Input("x", {kBatch, 1});
  const Value t = g.Input("t", {kBatch, 1});
  const Value y = Mul(x, g.Parameter("w", {}, Initializer::Zeros()));
  g.Output("y", y);
  const StepGraph step =
      BuildStepGraph(g, MeanSquaredError(y, t), optimizers::Sgd(0.1f)).value();
  const std::vector<float> x_values = {1, 2};
  const std::vector<float> t_values = {3, 5};
  const Dataset data =
      Dataset::Create(Tensor({2, 1}, x_values), Tensor({2, 1}, t_values))
          .value();
  const Validation validation =
      Validation::Create(step, data, /*threads=*/1).value();
  EpochReport report;
  ASSERT_TRUE(validation.Measure({{"w", Tensor::Scalar(2)}}, &report).ok());
  EXPECT_NEAR(*report.validation_loss, 1, 1e-6);
  EXPECT_FALSE(report.validation_accuracy.has_value());
}

}  // namespace
}  // namespace espalier
