#include "graph/interval.h"

#include <cmath>
#include <limits>
#include <vector>

#include "graph/philox.h"
#include "gtest/gtest.h"

namespace espalier {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

TEST(IntervalTest, RoundingGoesOutward) {
  EXPECT_LT(RoundDown(1.0), 1.0);
  EXPECT_GT(RoundUp(1.0), 1.0);
  EXPECT_EQ(RoundDown(std::nan("")), -kInfinity);
  EXPECT_EQ(RoundUp(std::nan("")), kInfinity);
}

TEST(IntervalTest, FloatBoundsContainTheRoundedNumber) {
  const RandomStream random(1, RandomPurpose::kData, 0);
  for (uint64_t i = 0; i < 20000; ++i) {
    const double x = random.Normal(2 * i) *
                     std::pow(10.0, 40 * random.Normal(2 * i + 1) / 3);
    const auto rounded = static_cast<double>(static_cast<float>(x));
    ASSERT_LE(FloatBelow(x), rounded) << x;
    ASSERT_GE(FloatAbove(x), rounded) << x;
    // Flushed to zero below the normal numbers.
    if (std::fabs(x) < 0x1p-126) {
      ASSERT_LE(FloatBelow(x), 0.0) << x;
      ASSERT_GE(FloatAbove(x), 0.0) << x;
    }
  }
  EXPECT_EQ(FloatAbove(1e39), kInfinity);
  EXPECT_EQ(FloatBelow(-1e39), -kInfinity);
}

TEST(IntervalTest, SumErrorContainsSumsInSeveralOrders) {
  const RandomStream random(2, RandomPurpose::kData, 0);
  for (int terms : {1, 2, 7, 100, 4096}) {
    double exact = 0;
    double sum_abs = 0;
    float forward = 0;
    float backward = 0;
    float lanes[8] = {};
    std::vector<float> values;
    for (int i = 0; i < terms; ++i) {
      values.push_back(static_cast<float>(
          random.Normal(static_cast<uint64_t>(i)) * (i % 3 == 0 ? 1e6 : 1)));
    }
    for (int i = 0; i < terms; ++i) {
      const float value = values[static_cast<size_t>(i)];
      exact += value;
      sum_abs += std::fabs(static_cast<double>(value));
      forward += value;
      backward += values[static_cast<size_t>(terms - 1 - i)];
      lanes[i % 8] += value;
    }
    float blocked = 0;
    for (float lane : lanes) blocked += lane;
    const double error = SumError(terms, sum_abs);
    EXPECT_LE(std::fabs(forward - exact), error) << terms;
    EXPECT_LE(std::fabs(backward - exact), error) << terms;
    EXPECT_LE(std::fabs(blocked - exact), error) << terms;
    EXPECT_LE(error, (2.0 * terms + 2) * 0x1p-24 * sum_abs + 1e-30) << terms;
  }
}

TEST(IntervalTest, SumErrorOfAbsurdlyManyTermsIsInfinite) {
  EXPECT_EQ(SumError(int64_t{1} << 24, 1.0), kInfinity);
}

TEST(IntervalTest, ExactlyAndEverything) {
  const Tensor x({2}, std::vector<float>{-1, 3});
  const IntervalTensor exact = IntervalTensor::Exactly(x);
  EXPECT_EQ(exact.lower, (std::vector<double>{-1, 3}));
  EXPECT_EQ(exact.upper, exact.lower);
  const Tensor odd({2}, std::vector<float>{std::nanf(""), INFINITY});
  EXPECT_EQ(IntervalTensor::Exactly(odd).lower,
            (std::vector<double>{-kInfinity, kInfinity}));
  EXPECT_EQ(IntervalTensor::Exactly(odd).upper,
            std::vector<double>(2, kInfinity));
  const IntervalTensor all = IntervalTensor::Everything({2, 2});
  EXPECT_EQ(all.lower, std::vector<double>(4, -kInfinity));
  EXPECT_EQ(all.upper, std::vector<double>(4, kInfinity));
}

}  // namespace
}  // namespace espalier
