#include "graph/shape.h"

#include <vector>

#include "gtest/gtest.h"

namespace espalier {
namespace {

TEST(ShapeTest, PrintsTheBatchAsN) {
  EXPECT_EQ(Shape({kBatch, 30}).ToString(), "[N, 30]");
  EXPECT_EQ(Shape().ToString(), "[]");
  EXPECT_EQ((TensorType{DataType::kI32, {kBatch}}).ToString(), "i32[N]");
}

TEST(ShapeTest, BindReplacesOnlyTheBatch) {
  EXPECT_EQ(Shape({kBatch, 3}).Bind(7), Shape({7, 3}));
  EXPECT_EQ(Shape({2, 3}).Bind(7), Shape({2, 3}));
  EXPECT_EQ(Shape({kBatch, 3}).num_elements_per_sample(), 3);
}

TEST(ShapeTest, ValidateRefusesWhatCannotBe) {
  EXPECT_TRUE(Shape({kBatch, 0, 3}).Validate().ok());
  EXPECT_FALSE(Shape({3, kBatch}).Validate().ok());
  EXPECT_FALSE(Shape({-2}).Validate().ok());
  EXPECT_FALSE(Shape({INT64_MIN}).Validate().ok());
  EXPECT_FALSE(Shape({kMaxDimension + 1}).Validate().ok());
  EXPECT_TRUE(Shape({kMaxDimension}).Validate().ok());
}

TEST(ShapeTest, ValidateSeesProductsThatWrap) {
  EXPECT_FALSE(Shape({1 << 30, 1 << 30, 1 << 30}).Validate().ok());
  // 2^31-1 squared fits 64 bits but is no array anybody has.
  EXPECT_FALSE(Shape({kMaxDimension, kMaxDimension}).Validate().ok());
  // A zero does not hide the others.
  EXPECT_FALSE(Shape({0, kMaxDimension, kMaxDimension}).Validate().ok());
  EXPECT_TRUE(Shape({1 << 20, 1 << 20}).Validate().ok());
  EXPECT_FALSE(Shape({1 << 20, 1 << 20, 2}).Validate().ok());
}

TEST(ShapeTest, ValidateSeesTooManyDimensions) {
  EXPECT_TRUE(Shape(std::vector<int64_t>(kMaxRank, 1)).Validate().ok());
  EXPECT_FALSE(Shape(std::vector<int64_t>(kMaxRank + 1, 1)).Validate().ok());
  EXPECT_FALSE(Shape(std::vector<int64_t>(1000, 1)).Validate().ok());
}

TEST(ShapeTest, CheckedMulRefusesOverflowAndNegatives) {
  EXPECT_EQ(CheckedMul(6, 7), 42);
  EXPECT_FALSE(CheckedMul(int64_t{1} << 62, 2).has_value());
  EXPECT_FALSE(CheckedMul(-1, 2).has_value());
}

TEST(ShapeTest, BroadcastStretchesOnes) {
  EXPECT_EQ(*BroadcastShapes({kBatch, 3}, {3}), Shape({kBatch, 3}));
  EXPECT_EQ(*BroadcastShapes({kBatch, 1}, {1, 4}), Shape({kBatch, 4}));
  EXPECT_EQ(*BroadcastShapes({}, {2, 3}), Shape({2, 3}));
  EXPECT_EQ(*BroadcastShapes({0, 3}, {1, 3}), Shape({0, 3}));
}

TEST(ShapeTest, BroadcastRefusesTheRest) {
  EXPECT_EQ(BroadcastShapes({2, 3}, {4}).status().message(),
            "shapes [2, 3] and [4] do not broadcast together");
  EXPECT_FALSE(BroadcastShapes({kBatch, 3}, {5, 3}).ok());
  // The batch would end up in the second place.
  EXPECT_FALSE(BroadcastShapes({kBatch}, {4, 1}).ok());
}

TEST(ShapeTest, DataTypesHaveNames) {
  EXPECT_EQ(*ParseDataType("f32"), DataType::kF32);
  EXPECT_EQ(*ParseDataType(DataTypeName(DataType::kI32)), DataType::kI32);
  EXPECT_FALSE(ParseDataType("f64").ok());
  // It may come from a file, and must not steer a terminal.
  EXPECT_EQ(ParseDataType("f\x1b[2J").status().message(),
            "unknown data type 'f\\033[2J': expected f32 or i32");
}

}  // namespace
}  // namespace espalier
