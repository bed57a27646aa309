#include "training/metrics.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gtest/gtest.h"

namespace espalier {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

TEST(ArgMaxTest, TakesTheFirstOfEquals) {
  EXPECT_EQ(ArgMax({3}), 0);
  EXPECT_EQ(ArgMax({1, 3, 2, 3}), 1);
  EXPECT_EQ(ArgMax({-kInfinity, -5}), 1);
}

TEST(ArgMaxTest, OfNanIsNothing) {
  EXPECT_EQ(ArgMax({kNan, 1}), -1);
  EXPECT_EQ(ArgMax({1, kNan}), -1);
}

TEST(CountCorrectTest, ComparesRowsWithLabels) {
  const std::vector<float> outputs = {1, 2, 3, 3, 2, 1, 0, 5, kNan};
  const std::vector<int32_t> labels = {2, 1, 1};
  EXPECT_EQ(CountCorrect(outputs, labels), 1);
  EXPECT_EQ(CountCorrect({}, {}), 0);
}

TEST(LogSumExpTest, DoesNotOverflow) {
  EXPECT_DOUBLE_EQ(LogSumExp({0, 0}), std::log(2.0));
  EXPECT_DOUBLE_EQ(LogSumExp({1000, 1000}), 1000 + std::log(2.0));
  EXPECT_DOUBLE_EQ(LogSumExp({-1000, -1000}), -1000 + std::log(2.0));
  EXPECT_DOUBLE_EQ(LogSumExp({3}), 3);
}

}  // namespace
}  // namespace espalier
