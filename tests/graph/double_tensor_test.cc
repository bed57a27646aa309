#include "graph/double_tensor.h"

#include <vector>

#include "gtest/gtest.h"

namespace espalier {
namespace {

TEST(DoubleTensorTest, GoesToTensorsAndBack) {
  const Tensor floats({2}, std::vector<float>{0.1f, -2});
  EXPECT_EQ(DoubleTensor(floats).ToTensor(), floats);
  const Tensor integers({2}, std::vector<int32_t>{INT32_MIN, INT32_MAX});
  EXPECT_EQ(DoubleTensor(integers).ToTensor(DataType::kI32), integers);
}

TEST(DoubleTensorTest, BroadcastIndicesFollowTheShapes) {
  EXPECT_EQ(BroadcastIndices({3}, {2, 3}),
            (std::vector<int64_t>{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(BroadcastIndices({2, 1}, {2, 3}),
            (std::vector<int64_t>{0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(BroadcastIndices({}, {2, 2}), (std::vector<int64_t>{0, 0, 0, 0}));
  EXPECT_EQ(BroadcastIndices({2, 1, 2}, {2, 2, 2}),
            (std::vector<int64_t>{0, 1, 0, 1, 2, 3, 2, 3}));
  EXPECT_TRUE(BroadcastIndices({1, 3}, {0, 3}).empty());
}

}  // namespace
}  // namespace espalier
