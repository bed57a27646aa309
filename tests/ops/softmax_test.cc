#include "ops/softmax.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();

Value MakeSoftmax(absl::Span<const Value> in) { return Softmax(in[0]); }
Value MakeLogSoftmax(absl::Span<const Value> in) { return LogSoftmax(in[0]); }

// The losses of a graph over logits of so many classes.
std::vector<double> Losses(const DoubleTensor& logits,
                           const std::vector<double>& labels) {
  GraphBuilder g("test");
  g.Output("loss",
           SoftmaxCrossEntropy(g.Input("x", {kBatch, logits.shape().dim(1)}),
                               g.Input("t", {kBatch}, DataType::kI32)));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  const absl::StatusOr<InterpretedRun> run =
      Interpret(*graph, {{"x", logits}, {"t", Vector(labels)}});
  EXPECT_OK(run);
  return run->outputs.at("loss").values();
}

TEST(SoftmaxTest, RowsSumToOne) {
  TestRandom random(1);
  const DoubleTensor y =
      Evaluate(MakeSoftmax, {random.Tensor({5, 7}, -30, 30)});
  for (int64_t row = 0; row < 5; ++row) {
    double sum = 0;
    for (int64_t j = 0; j < 7; ++j) sum += y[row * 7 + j];
    EXPECT_NEAR(sum, 1, 1e-14);
  }
}

TEST(SoftmaxTest, LargeArgumentsDoNotOverflow) {
  EXPECT_THAT(Evaluate(MakeSoftmax, {Vector({3e38, -3e38, 3e38})}).values(),
              ElementsAre(0.5, 0, 0.5));
  EXPECT_THAT(Evaluate(MakeLogSoftmax, {Vector({1e4, 1e4 - 1})}).values(),
              ElementsAre(DoubleNear(-std::log1p(std::exp(-1)), 1e-11),
                          DoubleNear(-1 - std::log1p(std::exp(-1)), 1e-11)));
}

TEST(SoftmaxTest, SpecialValues) {
  for (auto f : {MakeSoftmax, MakeLogSoftmax}) {
    for (double special : {static_cast<double>(NAN), kInf}) {
      const DoubleTensor y = Evaluate(f, {Vector({1, special, 2})});
      for (double value : y.values()) EXPECT_TRUE(std::isnan(value));
    }
    const DoubleTensor y = Evaluate(f, {Vector({-kInf, -kInf})});
    EXPECT_TRUE(std::isnan(y[0]));
  }
  EXPECT_THAT(Evaluate(MakeSoftmax, {Vector({-kInf, 0})}).values(),
              ElementsAre(0, 1));
  EXPECT_THAT(Evaluate(MakeLogSoftmax, {Vector({-kInf, 0})}).values(),
              ElementsAre(-kInf, 0));
}

TEST(SoftmaxTest, Bounds) {
  const IntervalTensor x = Box({-1, 0}, {1, 2});
  const IntervalTensor y = BoundsOf(MakeSoftmax, {x});
  EXPECT_THAT(y.lower, ElementsAre(0, 0));
  EXPECT_THAT(y.upper, ElementsAre(1, 1));
  const IntervalTensor log_y = BoundsOf(MakeLogSoftmax, {x});
  EXPECT_THAT(log_y.upper, ElementsAre(0, 0));
  EXPECT_NEAR(log_y.lower[0], -1 - 2 - std::log(2), 1e-3);
  const IntervalTensor unbounded =
      BoundsOf(MakeSoftmax, {Box({-kInf, 0}, {1, 2})});
  EXPECT_EQ(unbounded.upper[1], kInf);
  EXPECT_EQ(unbounded.lower[1], -kInf);
}

TEST(SoftmaxCrossEntropyTest, IsTheNegatedLogSoftmaxOfTheLabel) {
  const double log_sum =
      std::log(std::exp(1.0) + std::exp(2.0) + std::exp(3.0));
  EXPECT_THAT(Losses(Matrix(2, 3, {1, 2, 3, 1, 2, 3}), {0, 2}),
              ElementsAre(DoubleNear(log_sum - 1, 1e-14),
                          DoubleNear(log_sum - 3, 1e-14)));
}

TEST(SoftmaxCrossEntropyTest, ExtremeLogitsAreFiniteAndNeverNegative) {
  EXPECT_THAT(Losses(Matrix(4, 3,
                            {1e4, -1e4, 0,    //
                             1e4, -1e4, 0,    //
                             3e38, -3e38, 0,  //
                             7, 7, 7}),
                     {0, 1, 1, 2}),
              ElementsAre(0, 2e4, 6e38, DoubleNear(std::log(3), 1e-15)));
  EXPECT_THAT(Losses(Matrix(1, 1, {-3e38}), {0}), ElementsAre(0));
  TestRandom random(2);
  for (double range : {1e-6, 1.0, 100.0, 3e38}) {
    for (double loss : Losses(random.Tensor({1000, 5}, -range, range),
                              random.Integers({1000}, 5).values())) {
      ASSERT_TRUE(std::isfinite(loss));
      ASSERT_GE(loss, 0);
    }
  }
}

TEST(SoftmaxCrossEntropyTest, ALabelThatIsNoClassGivesNan) {
  const std::vector<double> losses =
      Losses(Matrix(3, 2, {1, 2, 1, 2, 1, 2}), {-1, 2, 1});
  EXPECT_TRUE(std::isnan(losses[0]));
  EXPECT_TRUE(std::isnan(losses[1]));
  EXPECT_FALSE(std::isnan(losses[2]));
}

TEST(SoftmaxCrossEntropyTest, NanPassesThrough) {
  EXPECT_TRUE(std::isnan(Losses(Matrix(1, 2, {NAN, 2}), {1})[0]));
  EXPECT_TRUE(std::isnan(Losses(Matrix(1, 2, {1, kInf}), {0})[0]));
}

absl::Status LossStatus(const TensorType& logits, const TensorType& labels) {
  return BuildStatus([&](GraphBuilder& g) {
    return SoftmaxCrossEntropy(g.Input("x", logits.shape, logits.dtype),
                               g.Input("t", labels.shape, labels.dtype), "ce");
  });
}

TEST(SoftmaxTest, Errors) {
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Softmax(g.Input("x", {kBatch}), "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (softmax): x has shape [N]: the last axis "
                       "must not be the batch N"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return LogSoftmax(g.Input("x", {kBatch, 0}), "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (log_softmax): x has shape [N, 0]: expected a "
                       "last axis of size at least 1"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Softmax(g.Input("x", {}), "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (softmax): x has shape []: expected a last "
                       "axis of size at least 1"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Softmax(g.Input("x", {2}, DataType::kI32), "s");
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 's' (softmax): x is i32[2]: expected f32"));
}

TEST(SoftmaxCrossEntropyTest, Errors) {
  const TensorType logits = {DataType::kF32, {kBatch, 3}};
  const TensorType labels = {DataType::kI32, {kBatch}};
  EXPECT_THAT(LossStatus(logits, {DataType::kF32, {kBatch}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'ce' (softmax_cross_entropy): labels is f32[N]: "
                       "expected i32 of rank 1"));
  EXPECT_THAT(LossStatus(logits, {DataType::kI32, {kBatch, 1}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'ce' (softmax_cross_entropy): labels is i32[N, "
                       "1]: expected i32 of rank 1"));
  EXPECT_THAT(LossStatus(logits, {DataType::kI32, {4}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'ce' (softmax_cross_entropy): labels has 4 "
                       "elements, logits has N rows"));
  EXPECT_THAT(LossStatus({DataType::kF32, {kBatch}}, labels),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'ce' (softmax_cross_entropy): logits is f32[N]: "
                       "expected f32 of rank 2"));
  EXPECT_THAT(LossStatus({DataType::kF32, {kBatch, 0}}, labels),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'ce' (softmax_cross_entropy): logits is f32[N, "
                       "0]: expected at least one class"));
  EXPECT_THAT(
      BuildStatus([](GraphBuilder& g) {
        return Apply(
            *StandardOps().Make("softmax_cross_entropy_grad", {}),
            {g.Input("x", {kBatch, 3}), g.Input("t", {kBatch}, DataType::kI32),
             g.Input("dy", {kBatch, 1})},
            "d");
      }),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "node 'd' (softmax_cross_entropy_grad): labels has shape [N], "
               "dy has [N, 1]: expected equal shapes"));
}

TEST(SoftmaxTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Softmax(Value()).valid());
  EXPECT_FALSE(LogSoftmax(Value()).valid());
  EXPECT_FALSE(SoftmaxCrossEntropy(Value(), Value()).valid());
}

}  // namespace
}  // namespace espalier
