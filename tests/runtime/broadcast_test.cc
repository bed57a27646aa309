#include "runtime/broadcast.h"

#include <gtest/gtest.h>

#include "graph/double_tensor.h"

namespace espalier {
namespace {

struct Case {
  Shape operand;
  Shape output;
  Access access;
  int64_t columns;
};

TEST(BroadcastTest, TellsFullScalarRowAndColumn) {
  const Case cases[] = {
      {{kBatch, 30}, {kBatch, 30}, Access::kFull, 0},
      {{30}, {kBatch, 30}, Access::kRow, 30},
      {{1, 30}, {kBatch, 30}, Access::kRow, 30},
      {{kBatch, 1}, {kBatch, 30}, Access::kColumn, 30},
      {{}, {kBatch, 30}, Access::kScalar, 0},
      {{1}, {kBatch}, Access::kScalar, 0},
      {{1, 1}, {kBatch, 30}, Access::kScalar, 0},
      {{}, {}, Access::kFull, 0},
      {{}, {1, 1}, Access::kFull, 0},
      {{kBatch, 1}, {kBatch, 1}, Access::kFull, 0},
      {{1}, {kBatch, 1}, Access::kScalar, 0},
      {{4, 5}, {kBatch, 4, 5}, Access::kRow, 20},
      {{5}, {kBatch, 4, 5}, Access::kRow, 5},
      {{kBatch, 4, 1}, {kBatch, 4, 5}, Access::kColumn, 5},
      {{kBatch, 1, 1}, {kBatch, 4, 5}, Access::kColumn, 20},
      {{kBatch, 1, 5}, {kBatch, 1, 5}, Access::kFull, 0},
      {{4, 1}, {1, 4, 5}, Access::kColumn, 5},
      {{1, 5}, {4, 1, 5}, Access::kRow, 5},
      {{0, 1}, {0, 3}, Access::kColumn, 3},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.operand.ToString() + " to " + c.output.ToString());
    const auto found = ClassifyBroadcast(c.operand, c.output);
    ASSERT_TRUE(found.has_value());
    EXPECT_EQ(found->access, c.access);
    EXPECT_EQ(found->columns, c.columns);

    // What the access means gives the element that broadcasting reads.
    const Shape output = c.output.Bind(3);
    const auto indices = BroadcastIndices(c.operand.Bind(3), output);
    for (int64_t i = 0; i < output.num_elements(); ++i) {
      const int64_t index = c.access == Access::kFull     ? i
                            : c.access == Access::kScalar ? 0
                            : c.access == Access::kRow    ? i % c.columns
                                                          : i / c.columns;
      ASSERT_EQ(index, indices[static_cast<size_t>(i)]);
    }
  }
}

TEST(BroadcastTest, HasNoAccessForOthers) {
  EXPECT_FALSE(ClassifyBroadcast({4, 1, 5}, {4, 3, 5}).has_value());
  EXPECT_FALSE(ClassifyBroadcast({1, 3, 1}, {4, 3, 5}).has_value());
  EXPECT_FALSE(ClassifyBroadcast({3, 1}, {kBatch, 3, 5}).has_value());
}

}  // namespace
}  // namespace espalier
