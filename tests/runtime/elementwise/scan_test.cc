#include "runtime/elementwise/scan.h"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

namespace espalier {
namespace {

class ScanTest : public ::testing::TestWithParam<Isa> {};

TEST_P(ScanTest, FindsTheFirstNonFiniteAnywhere) {
  const float bad[] = {std::numeric_limits<float>::quiet_NaN(),
                       std::numeric_limits<float>::infinity(),
                       -std::numeric_limits<float>::infinity()};
  for (int n = 0; n < 140; ++n) {
    // Large values: no sum of finite ones may raise an alarm.
    std::vector<float> values(n, std::numeric_limits<float>::max());
    EXPECT_EQ(FirstNonFinite(GetParam(), values), absl::nullopt) << n;
    for (int i = n - 1; i >= 0; --i) {
      values[i] = bad[i % 3];
      EXPECT_EQ(FirstNonFinite(GetParam(), values), i) << n;
    }
  }
}

TEST_P(ScanTest, FindsTheFirstInvalidLabelAnywhere) {
  const int32_t bad[] = {-1, 10, std::numeric_limits<int32_t>::min(),
                         std::numeric_limits<int32_t>::max()};
  for (int n = 0; n < 140; ++n) {
    std::vector<int32_t> labels(n);
    for (int i = 0; i < n; ++i) labels[i] = i % 10;
    EXPECT_EQ(FirstInvalidLabel(GetParam(), labels, 10), absl::nullopt) << n;
    for (int i = n - 1; i >= 0; --i) {
      labels[i] = bad[i % 4];
      EXPECT_EQ(FirstInvalidLabel(GetParam(), labels, 10), i) << n;
    }
  }
}

TEST_P(ScanTest, NoLabelIsValidWithoutClasses) {
  const std::vector<int32_t> labels = {0};
  EXPECT_EQ(FirstInvalidLabel(GetParam(), labels, 0), 0);
}

INSTANTIATE_TEST_SUITE_P(AllIsas, ScanTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
