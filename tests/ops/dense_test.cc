#include "ops/dense.h"

#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kMax = std::numeric_limits<float>::max();

Value MakeDense(absl::Span<const Value> in) {
  return Dense(in[0], in[1], in[2]);
}

IntervalTensor BoxOf(const DoubleTensor& lower, const DoubleTensor& upper) {
  return {lower.shape(), lower.values(), upper.values()};
}

IntervalTensor Point(const DoubleTensor& x) { return BoxOf(x, x); }

TEST(DenseTest, IsTheProductPlusTheBias) {
  const DoubleTensor y = Evaluate(
      MakeDense, {Matrix(2, 2, {1, 2, 3, 4}), Matrix(2, 3, {1, 0, 2, 0, 1, 3}),
                  Vector({10, 20, 30})});
  EXPECT_EQ(y.shape(), Shape({2, 3}));
  EXPECT_THAT(y.values(), ElementsAre(11, 22, 38, 13, 24, 48));
}

TEST(DenseTest, WithoutRowsOfTheWeightIsTheBias) {
  const DoubleTensor y = Evaluate(
      MakeDense,
      {DoubleTensor(Shape({2, 0})), DoubleTensor(Shape({0, 1})), Vector({7})});
  EXPECT_THAT(y.values(), ElementsAre(7, 7));
}

TEST(DenseTest, GradientsOverTheBatchDropIt) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 2});
  const Value weight = g.Parameter("w", {2, 3}, Initializer::Zeros());
  const Value bias = g.Parameter("b", {3}, Initializer::Zeros());
  const std::vector<Value> d =
      Gradients(Sum(Dense(x, weight, bias)), {x, weight, bias});
  EXPECT_OK(g.status());
  EXPECT_EQ(d[0].shape(), Shape({kBatch, 2}));
  EXPECT_EQ(d[1].shape(), Shape({2, 3}));
  EXPECT_EQ(d[2].shape(), Shape({3}));
}

TEST(DenseTest, OnlyWantedGradientsAreMade) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch, 2});
  const Value weight = g.Parameter("w", {2, 3}, Initializer::Zeros());
  const Value bias = g.Parameter("b", {3}, Initializer::Zeros());
  const Value y = Dense(x, weight, bias);
  ASSERT_OK_AND_ASSIGN(
      const std::vector<Value> d,
      y.node().op->Gradient({x, weight, bias}, y, y, {false, true, false}));
  EXPECT_FALSE(d[0].valid());
  EXPECT_TRUE(d[1].valid());
  EXPECT_FALSE(d[2].valid());
}

// No weight and no bias above zero: zero or less, whatever is not negative.
TEST(DenseTest, BoundsKeepTheSignOfTerms) {
  const IntervalTensor x =
      BoxOf(Matrix(1, 2, {0, 0}), Matrix(1, 2, {kMax, kMax}));
  const IntervalTensor y =
      BoundsOf(MakeDense, {x, Point(Matrix(2, 3, {-3, 0, 2, -1e-45, 0, 0})),
                           Point(Vector({-1, 0, 0.5}))});
  EXPECT_EQ(y.upper[0], 0);
  EXPECT_EQ(y.lower[1], 0);
  EXPECT_EQ(y.upper[1], 0);
  EXPECT_EQ(y.lower[2], 0);
  EXPECT_EQ(y.upper[2], kInf);
}

TEST(DenseTest, BoundsAreTightUpToTheRoundingOfSums) {
  const IntervalTensor x = BoxOf(Matrix(1, 2, {-1, 0}), Matrix(1, 2, {1, 2}));
  const IntervalTensor y = BoundsOf(
      MakeDense, {x, Point(Matrix(2, 1, {3, -4})), Point(Vector({5}))});
  EXPECT_NEAR(y.lower[0], -3 - 8 + 5 - SumError(3, 3 + 8 + 5), 1e-12);
  // Where all terms are as large as they can be, none is below zero.
  EXPECT_NEAR(y.upper[0], 3 + 5 + SumError(3, 3 + 5), 1e-12);
}

TEST(DenseTest, BoundsOfOverflowingSumsAreEverything) {
  const IntervalTensor x =
      BoxOf(Matrix(1, 2, {-kMax, -kMax}), Matrix(1, 2, {kMax, kMax}));
  const IntervalTensor y =
      BoundsOf(MakeDense, {x, Point(Matrix(2, 1, {2, 2})), Point(Vector({0}))});
  EXPECT_EQ(y.lower[0], -kInf);
  EXPECT_EQ(y.upper[0], kInf);
}

TEST(DenseTest, Recognisers) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {4, 4});
  const Value b = g.Input("b", {4});
  const Value dense = Dense(x, x, b);
  const absl::optional<MatMulView> view = AsDense(dense.node());
  ASSERT_TRUE(view.has_value());
  EXPECT_EQ(view->a, x.id());
  EXPECT_EQ(view->b, x.id());
  EXPECT_EQ(view->bias, b.id());
  EXPECT_TRUE(AsDense(MatMul(x, x).node()).has_value());
  EXPECT_EQ(AsDense(MatMul(x, x).node())->bias, kNoNode);
  const Value transposed = MatMul(x, x, false, true);
  EXPECT_FALSE(AsDense(transposed.node()).has_value());
  ASSERT_TRUE(AsMatMul(transposed.node()).has_value());
  EXPECT_FALSE(AsMatMul(transposed.node())->transpose_a);
  EXPECT_TRUE(AsMatMul(transposed.node())->transpose_b);
  EXPECT_FALSE(AsMatMul(Relu(x).node()).has_value());
}

absl::Status DenseStatus(const Shape& x, const Shape& weight,
                         const Shape& bias) {
  return BuildStatus([&](GraphBuilder& g) {
    return Dense(g.Input("x", x), g.Input("w", weight), g.Input("b", bias),
                 "fc");
  });
}

TEST(DenseTest, Errors) {
  EXPECT_THAT(DenseStatus({kBatch, 128}, {100, 10}, {10}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'fc' (dense): weight has 100 rows, x has 128 "
                       "columns"));
  EXPECT_THAT(DenseStatus({kBatch, 128}, {128, 10}, {9}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'fc' (dense): bias has 9 elements, weight has 10 "
                       "columns"));
  EXPECT_THAT(DenseStatus({kBatch, 8, 16}, {128, 10}, {10}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'fc' (dense): x is f32[N, 8, 16]: expected f32 of "
                       "rank 2"));
  EXPECT_THAT(DenseStatus({kBatch, 8}, {8}, {1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'fc' (dense): weight is f32[8]: expected f32 of "
                       "rank 2"));
  EXPECT_THAT(DenseStatus({kBatch, 8}, {8, 2}, {1, 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'fc' (dense): bias is f32[1, 2]: expected f32 of "
                       "rank 1"));
  EXPECT_THAT(DenseStatus({kBatch, 8}, {kBatch, 2}, {2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'fc' (dense): weight has N rows, x has 8 "
                       "columns"));
}

absl::Status MatMulStatus(const Shape& a, const Shape& b, bool transpose_a,
                          bool transpose_b) {
  return BuildStatus([&](GraphBuilder& g) {
    return MatMul(g.Input("a", a), g.Input("b", b), transpose_a, transpose_b,
                  "m");
  });
}

TEST(MatMulTest, TheBatchStaysInFrontOrIsContracted) {
  EXPECT_OK(MatMulStatus({kBatch, 3}, {3, 4}, false, false));
  EXPECT_OK(MatMulStatus({kBatch, 3}, {4, 3}, false, true));
  EXPECT_OK(MatMulStatus({kBatch, 3}, {kBatch, 4}, true, false));
}

TEST(MatMulTest, Errors) {
  EXPECT_THAT(MatMulStatus({2, 3}, {4, 5}, false, false),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'm' (matmul): a has 3 columns, b has 4 rows"));
  EXPECT_THAT(
      MatMulStatus({2, 3}, {5, 4}, true, true),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "node 'm' (matmul): transposed a has 2 columns, transposed b "
               "has 4 rows"));
  EXPECT_THAT(MatMulStatus({kBatch, 3}, {kBatch, 3}, false, true),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'm' (matmul): transposing b of shape [N, 3] would "
                       "move the batch N from the front of it to the columns"));
  EXPECT_THAT(MatMulStatus({kBatch, 3}, {4, 5}, true, false),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'm' (matmul): transposed a has N columns, b has 4 "
                       "rows"));
  EXPECT_THAT(MatMulStatus({2, 3}, {kBatch, 5}, false, false),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'm' (matmul): a has 3 columns, b has N rows"));
  EXPECT_THAT(MatMulStatus({3}, {3, 5}, false, false),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'm' (matmul): a is f32[3]: expected f32 of rank "
                       "2"));
}

TEST(DenseTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Dense(Value(), Value(), Value()).valid());
  EXPECT_FALSE(MatMul(Value(), Value()).valid());
}

}  // namespace
}  // namespace espalier
