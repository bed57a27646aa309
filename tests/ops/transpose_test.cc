#include "ops/transpose.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

absl::Status TransposeStatus(const Shape& x,
                             const std::vector<int64_t>& permutation) {
  return BuildStatus([&](GraphBuilder& g) {
    return Transpose(g.Input("x", x), permutation, "t");
  });
}

TEST(TransposeTest, OfAMatrix) {
  const DoubleTensor y = Evaluate(
      [](absl::Span<const Value> in) {
        return Transpose(in[0], {1, 0});
      },
      {Matrix(2, 3, {1, 2, 3, 4, 5, 6})});
  EXPECT_EQ(y.shape(), Shape({3, 2}));
  EXPECT_THAT(y.values(), testing::ElementsAre(1, 4, 2, 5, 3, 6));
}

// y[k, i, j] = x[i, j, k], and not its inverse.
TEST(TransposeTest, AxisOfTheResultIsTheNamedOneOfX) {
  const DoubleTensor y = Evaluate(
      [](absl::Span<const Value> in) {
        return Transpose(in[0], {-1, 0, 1});
      },
      {DoubleTensor(Shape({1, 2, 3}), {1, 2, 3, 4, 5, 6})});
  EXPECT_EQ(y.shape(), Shape({3, 1, 2}));
  EXPECT_THAT(y.values(), testing::ElementsAre(1, 4, 2, 5, 3, 6));
}

TEST(TransposeTest, BoundsMoveWithTheElements) {
  IntervalTensor x = Box({1, 2, 3, 4, 5, 6}, {11, 12, 13, 14, 15, 16});
  x.shape = Shape({2, 3});
  const IntervalTensor y = BoundsOf(
      [](absl::Span<const Value> in) {
        return Transpose(in[0], {1, 0});
      },
      {x});
  EXPECT_THAT(y.lower, testing::ElementsAre(1, 4, 2, 5, 3, 6));
  EXPECT_THAT(y.upper, testing::ElementsAre(11, 14, 12, 15, 13, 16));
}

TEST(TransposeTest, OfIntegersAndOfNothing) {
  GraphBuilder g("test");
  const Value i = g.Input("i", {kBatch, 2, 3}, DataType::kI32);
  EXPECT_EQ(Transpose(i, {0, 2, 1}).type().ToString(), "i32[N, 3, 2]");
  const Value empty = g.Input("empty", {4, 0});
  EXPECT_EQ(Transpose(empty, {1, 0}).shape(), Shape({0, 4}));
}

TEST(TransposeTest, Errors) {
  EXPECT_THAT(TransposeStatus({2, 3}, {0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 't' (transpose): the permutation names 1 axes, x "
                       "of shape [2, 3] has 2"));
  for (const std::vector<int64_t>& permutation :
       {std::vector<int64_t>{1, 1}, std::vector<int64_t>{0, 2},
        std::vector<int64_t>{0, -3}, std::vector<int64_t>{0, INT64_MAX},
        std::vector<int64_t>{0, INT64_MIN}}) {
    EXPECT_THAT(
        TransposeStatus({2, 3}, permutation),
        StatusIs(absl::StatusCode::kInvalidArgument,
                 testing::HasSubstr("] is no permutation of the 2 axes of x")));
  }
  EXPECT_THAT(TransposeStatus({kBatch, 3}, {1, 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 't' (transpose): x has shape [N, 3], the "
                       "permutation is [1, 0]: the batch N must stay in "
                       "front"));
}

TEST(TransposeTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Transpose(Value(), {1, 0}).valid());
  EXPECT_FALSE(Transpose(Value(), {-1, 0}).valid());
}

}  // namespace
}  // namespace espalier
