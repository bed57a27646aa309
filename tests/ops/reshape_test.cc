#include "ops/reshape.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/gates.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

absl::Status ReshapeStatus(const Shape& x, const Shape& shape) {
  return BuildStatus(
      [&](GraphBuilder& g) { return Reshape(g.Input("x", x), shape, "r"); });
}

TEST(ReshapeTest, KeepsElementsInOrder) {
  const DoubleTensor y = Evaluate(
      [](absl::Span<const Value> in) {
        return Reshape(in[0], {3, 1, 2});
      },
      {Matrix(2, 3, {1, 2, 3, 4, 5, 6})});
  EXPECT_EQ(y.shape(), Shape({3, 1, 2}));
  EXPECT_THAT(y.values(), testing::ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(ReshapeTest, IntegersMayBeReshaped) {
  EXPECT_OK(BuildStatus([](GraphBuilder& g) {
    return Reshape(g.Input("x", {kBatch, 1}, DataType::kI32), {kBatch});
  }));
}

TEST(ReshapeTest, FlattenKeepsTheFirstDimension) {
  GraphBuilder g("test");
  EXPECT_EQ(Flatten(g.Input("a", {kBatch, 2, 3})).shape(), Shape({kBatch, 6}));
  EXPECT_EQ(Flatten(g.Input("b", {kBatch})).shape(), Shape({kBatch, 1}));
  EXPECT_EQ(Flatten(g.Input("c", {4, 0, 3})).shape(), Shape({4, 0}));
}

TEST(ReshapeTest, Errors) {
  EXPECT_THAT(ReshapeStatus({2, 3}, {4}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'r' (reshape): x of shape [2, 3] has 6 elements, "
                       "the new shape [4] has 4"));
  EXPECT_THAT(ReshapeStatus({kBatch, 3}, {kBatch, 4}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'r' (reshape): x of shape [N, 3] has 3 elements a "
                       "sample, the new shape [N, 4] has 4"));
  EXPECT_THAT(ReshapeStatus({kBatch, 3}, {3}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'r' (reshape): x has shape [N, 3], the new shape "
                       "is [3]: the batch N must stay in front"));
  EXPECT_THAT(ReshapeStatus({3}, {kBatch, 3}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'r' (reshape): x has shape [3], the new shape is "
                       "[N, 3]: the batch N must stay in front"));
  EXPECT_THAT(ReshapeStatus({3}, {-5}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "node 'r' (reshape): dimension 0 of the shape is -5: "
                       "expected 0 to 2147483647"));
  EXPECT_THAT(
      BuildStatus([](GraphBuilder& g) { return Flatten(g.Input("x", {})); }),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "flatten: node 'x' (input) is a scalar: expected at least one "
               "dimension"));
}

TEST(ReshapeTest, Recogniser) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {2});
  EXPECT_TRUE(IsReshape(Reshape(x, {1, 2}).node()));
  EXPECT_FALSE(IsReshape(Relu(x).node()));
}

TEST(ReshapeTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Reshape(Value(), {2}).valid());
  EXPECT_FALSE(Flatten(Value()).valid());
}

}  // namespace
}  // namespace espalier
