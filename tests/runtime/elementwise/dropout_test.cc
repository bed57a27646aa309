#include "runtime/elementwise/dropout.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "graph/philox.h"
#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

class DropoutKernelTest : public ::testing::TestWithParam<Isa> {};

TEST_P(DropoutKernelTest, MaskIsThatOfTheStream) {
  constexpr float kRate = 0.37f;
  constexpr uint64_t kSeed = 0x123456789abcdef0;
  constexpr uint32_t kStep = 0xfedcba98;
  const RandomStream random(kSeed, RandomPurpose::kDropout, kStep);
  for (const int64_t n : {0, 1, 5, 16, 63, 64, 65, 127, 1000, 70000}) {
    const std::vector<float> x(n, 2);
    std::vector<float> expected;
    for (int64_t i = 0; i < n; ++i) {
      expected.push_back(
          random.Uniform(ArrayPosition(i)) < kRate
              ? 0
              : 2 * static_cast<float>(1 / (1 - static_cast<double>(kRate))));
    }
    for (const int threads : {1, 2, 3}) {
      // What is behind the end stays.
      std::vector<float> y(n + 20, -7);
      Dropout(GetParam(), threads, n, MakeDropoutMask(kRate, kSeed, kStep),
              x.data(), y.data());
      for (int64_t i = 0; i < n; ++i) ASSERT_EQ(y[i], expected[i]) << i;
      for (int64_t i = n; i < n + 20; ++i) ASSERT_EQ(y[i], -7) << i;
    }
  }
}

TEST_P(DropoutKernelTest, RatesAtTheEndsAndInPlace) {
  std::vector<float> x(1000, 3);
  Dropout(GetParam(), 1, 1000, MakeDropoutMask(0, 1, 2), x.data(), x.data());
  EXPECT_EQ(x, std::vector<float>(1000, 3));
  const float most = 0x1.fffffep-1f;
  Dropout(GetParam(), 1, 1000, MakeDropoutMask(most, 1, 2), x.data(), x.data());
  EXPECT_EQ(x, std::vector<float>(1000, 0));
}

TEST_P(DropoutKernelTest, NanStaysWhereItIsDroppedToo) {
  const std::vector<float> x(256, std::numeric_limits<float>::quiet_NaN());
  std::vector<float> y(256);
  Dropout(GetParam(), 1, 256, MakeDropoutMask(0.5f, 0, 0), x.data(), y.data());
  for (float value : y) EXPECT_NE(value, value);
}

INSTANTIATE_TEST_SUITE_P(All, DropoutKernelTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

// Each number of a group of 64 is used once.
TEST(ArrayPositionTest, IsABijection) {
  std::vector<bool> seen(128);
  for (uint64_t i = 0; i < 128; ++i) {
    const uint64_t at = ArrayPosition(i);
    ASSERT_EQ(at / 64, i / 64);
    EXPECT_FALSE(seen[at]);
    seen[at] = true;
  }
}

}  // namespace
}  // namespace espalier
