#include "graph/tensor.h"

#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"

namespace espalier {
namespace {

TEST(TensorTest, StartsAtZeroAndAligned) {
  const Tensor tensor(DataType::kF32, {3, 5});
  EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.raw()) % kTensorAlignment, 0u);
  for (float value : tensor.data<float>()) EXPECT_EQ(value, 0.0f);
  EXPECT_EQ(tensor.num_bytes(), 60u);
}

TEST(TensorTest, LargeOnesBeginAtAPage) {
  for (int64_t elements : {16384, 16385, 1000000}) {
    const Tensor tensor(DataType::kF32, {elements});
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor.raw()) % 4096, 0u);
  }
}

TEST(TensorTest, TakesAListOfNumbers) {
  EXPECT_EQ(Tensor({2, 1}, {0.5f, 2}),
            Tensor({2, 1}, std::vector<float>{0.5f, 2}));
}

TEST(TensorTest, CopiesAreDeep) {
  Tensor a({2}, std::vector<float>{1, 2});
  Tensor b = a;
  b.data<float>()[0] = 7;
  EXPECT_EQ(a.data<float>()[0], 1.0f);
  EXPECT_NE(a, b);
  a = b;
  EXPECT_EQ(a, b);
}

TEST(TensorTest, EqualMeansEqualBits) {
  const Tensor nan = Tensor::Scalar(std::nanf(""));
  EXPECT_EQ(nan, nan);
  EXPECT_NE(Tensor::Scalar(0.0f), Tensor::Scalar(-0.0f));
  EXPECT_NE(Tensor(DataType::kF32, {1}), Tensor(DataType::kF32, {1, 1}));
}

TEST(TensorTest, EmptyTensorsAndViewsWork) {
  const Tensor empty(DataType::kI32, {0, 4});
  EXPECT_TRUE(empty.data<int32_t>().empty());
  EXPECT_NE(empty.raw(), nullptr);
  EXPECT_EQ(TensorView(empty).ToTensor(), empty);
}

TEST(TensorTest, ReshapedKeepsElements) {
  const Tensor x({2, 2}, std::vector<int32_t>{1, 2, 3, 4});
  Tensor y = x.Reshaped({4});
  EXPECT_EQ(y.shape(), Shape({4}));
  EXPECT_EQ(y.data<int32_t>()[3], 4);
  // Not copied where nobody needs the other shape any more.
  const void* const elements = y.raw();
  y = std::move(y).Reshaped({1, 4});
  EXPECT_EQ(y.shape(), Shape({1, 4}));
  EXPECT_EQ(y.raw(), elements);
}

TEST(TensorDeathTest, WrongTypeIsOurMistake) {
  GTEST_FLAG_SET(death_test_style, "threadsafe");
  const Tensor x(DataType::kI32, {1});
  EXPECT_DEATH(x.data<float>(), "internal error");
}

}  // namespace
}  // namespace espalier
