#include "ops/interval_math.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <vector>

#include "gtest/gtest.h"
#include "tests/testing/random_tensors.h"

namespace espalier {
namespace {

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMax = std::numeric_limits<float>::max();
constexpr float kTiny = std::numeric_limits<float>::denorm_min();

constexpr float kSpecial[] = {-kInf, -kMax, -1.5f,       -0x1p-126f, -kTiny,
                              0.0f,  kTiny, 0x1.8p-127f, 0x1p-126f,  0.75f,
                              3.0f,  kMax,  kInf};

// As hardware that flushes subnormal operands and results.
float Flush(float x) { return std::fabs(x) < 0x1p-126f ? x * 0.0f : x; }

bool Holds(Interval x, float value) {
  if (std::isnan(value)) return MayBeNan(x);
  return x.lower <= value && value <= x.upper;
}

// All intervals between special values, and what lies in them.
struct Range {
  Interval interval;
  std::vector<float> members;
};

std::vector<Range> Ranges() {
  std::vector<Range> ranges;
  for (size_t i = 0; i < std::size(kSpecial); ++i) {
    for (size_t j = i; j < std::size(kSpecial); ++j) {
      Range range = {{kSpecial[i], kSpecial[j]},
                     {kSpecial + i, kSpecial + j + 1}};
      if (MayBeNan(range.interval)) range.members.push_back(NAN);
      ranges.push_back(range);
    }
  }
  return ranges;
}

void CheckAgainstFloat(Interval (*bounds)(Interval, Interval),
                       const std::function<float(float, float)>& f) {
  for (const Range& a : Ranges()) {
    for (const Range& b : Ranges()) {
      const Interval y = bounds(Flushed(a.interval), Flushed(b.interval));
      for (float va : a.members) {
        for (float vb : b.members) {
          const float value = f(va, vb);
          ASSERT_TRUE(Holds(y, value))
              << value << " of " << va << ", " << vb << " is not in ["
              << y.lower << ", " << y.upper << "]";
        }
      }
    }
  }
}

TEST(IntervalMathTest, SumsOfSpecialValues) {
  CheckAgainstFloat(AddIntervals, [](float a, float b) { return a + b; });
  CheckAgainstFloat(AddIntervals, [](float a, float b) {
    return Flush(Flush(a) + Flush(b));
  });
}

TEST(IntervalMathTest, ProductsOfSpecialValues) {
  CheckAgainstFloat(MulIntervals, [](float a, float b) { return a * b; });
  CheckAgainstFloat(MulIntervals, [](float a, float b) {
    return Flush(Flush(a) * Flush(b));
  });
}

TEST(IntervalMathTest, QuotientsOfSpecialValues) {
  CheckAgainstFloat(DivIntervals, [](float a, float b) { return a / b; });
  CheckAgainstFloat(DivIntervals, [](float a, float b) {
    return Flush(Flush(a) / Flush(b));
  });
}

TEST(IntervalMathTest, ARoundedIntervalIsTight) {
  const Interval y = AddIntervals({1, 1}, {2, 2});
  EXPECT_GE(y.lower, 3 - 0x1p-22);
  EXPECT_LE(y.upper, 3 + 0x1p-22);
  EXPECT_LT(y.lower, 3);
  EXPECT_GT(y.upper, 3);
}

TEST(IntervalMathTest, RoundingNeverCrossesZero) {
  EXPECT_EQ(AddIntervals({-1, 0}, {-1, 0}).upper, 0);
  EXPECT_EQ(MulIntervals({0, 1}, {0, 1}).lower, 0);
  EXPECT_EQ(FloatRounded(0, 0).lower, 0);
  EXPECT_EQ(FloatRounded(0, 0).upper, 0);
}

SumBounds Product(const std::vector<float>& a, const std::vector<float>& b) {
  SumBounds sum;
  for (size_t i = 0; i < a.size(); ++i) {
    sum.AddProduct(Exactly(a[i]), Exactly(b[i]));
  }
  return sum;
}

// The float32 sum of terms[first..last) split at random, in a random order of
// the halves.
float TreeSum(const std::vector<float>& terms, size_t first, size_t last,
              TestRandom& random) {
  if (last - first == 1) return terms[first];
  const size_t middle =
      first + 1 +
      static_cast<size_t>(random.Below(static_cast<int64_t>(last - first - 1)));
  const float left = TreeSum(terms, first, middle, random);
  return left + TreeSum(terms, middle, last, random);
}

void CheckSumsInManyOrders(const std::vector<float>& a,
                           const std::vector<float>& b, TestRandom& random) {
  const Interval bounds = Product(a, b).Finish();
  float fused_up = 0;
  float fused_down = 0;
  std::vector<float> terms;
  for (size_t i = 0; i < a.size(); ++i) {
    fused_up = std::fma(a[i], b[i], fused_up);
    const size_t j = a.size() - 1 - i;
    fused_down = std::fma(a[j], b[j], fused_down);
    terms.push_back(a[i] * b[i]);
  }
  ASSERT_TRUE(Holds(bounds, fused_up)) << fused_up;
  ASSERT_TRUE(Holds(bounds, fused_down)) << fused_down;
  for (int order = 0; order < 8; ++order) {
    const float sum = TreeSum(terms, 0, terms.size(), random);
    ASSERT_TRUE(Holds(bounds, sum))
        << sum << " is not in [" << bounds.lower << ", " << bounds.upper << "]";
    for (size_t i = terms.size() - 1; i > 0; --i) {
      std::swap(terms[i], terms[static_cast<size_t>(
                              random.Below(static_cast<int64_t>(i + 1)))]);
    }
  }
}

TEST(SumBoundsTest, ContainFloatSumsInManyOrders) {
  TestRandom random(1);
  for (int repeat = 0; repeat < 200; ++repeat) {
    const auto n = static_cast<size_t>(1 + random.Below(80));
    // Magnitudes from tame to overflowing and underflowing.
    const int exponent = static_cast<int>(random.Below(5)) * 31 - 62;
    std::vector<float> a(n);
    std::vector<float> b(n);
    for (size_t i = 0; i < n; ++i) {
      const int spread = exponent + static_cast<int>(random.Below(4));
      a[i] = std::ldexp(static_cast<float>(random.Uniform(-1, 1)), spread);
      b[i] = std::ldexp(static_cast<float>(random.Uniform(-1, 1)), spread);
      if (random.Below(6) == 0) b[i] = 0;
    }
    CheckSumsInManyOrders(a, b, random);
    // The same with exact cancellation of all terms.
    for (size_t i = 0; i < n; ++i) {
      a.push_back(a[i]);
      b.push_back(-b[i]);
    }
    CheckSumsInManyOrders(a, b, random);
  }
}

TEST(SumBoundsTest, AreAsTightAsTheErrorOfSums) {
  const std::vector<float> a = {1, 2, 3};
  const std::vector<float> b = {4, 5, -6};
  const Interval y = Product(a, b).Finish();
  const double error = SumError(3, 4 + 10 + 18);
  EXPECT_NEAR(y.lower, -4 - error, 1e-12);
  EXPECT_NEAR(y.upper, -4 + error, 1e-12);
}

TEST(SumBoundsTest, TermsOfOneSignKeepTheSign) {
  SumBounds sum;
  sum.AddProduct({0, kInf}, {-2, -2});
  sum.AddProduct({1, 5}, {-1e-45f, 0});
  sum.Add({-1, 0});
  EXPECT_EQ(sum.Finish().upper, 0);
  EXPECT_EQ(sum.Finish().lower, -kInf);
}

TEST(SumBoundsTest, AnUnboundedSideLeavesTheOther) {
  SumBounds sum;
  sum.AddProduct({0, kInf}, {2, 2});
  sum.Add({-3, -3});
  const Interval y = sum.Finish();
  EXPECT_NEAR(y.lower, -3, 1e-6);
  EXPECT_LE(y.lower, -3);
  EXPECT_EQ(y.upper, kInf);
}

TEST(SumBoundsTest, PartialSumsMayOverflowToEitherSide) {
  // In one order infinity, in another -infinity, in a third 0, in a fourth NaN.
  EXPECT_TRUE(
      MayBeNan(Product({kMax, kMax, -kMax, -kMax}, {1, 1, 1, 1}).Finish()));
  const Interval up = Product({kMax, kMax, -1}, {1, 1, 1}).Finish();
  EXPECT_EQ(up.upper, kInf);
  EXPECT_FALSE(MayBeNan(up));
}

TEST(SumBoundsTest, NotANumberMakesEverythingPossible) {
  SumBounds zero_times_infinity;
  zero_times_infinity.AddProduct({0, kInf}, {0, 0});
  EXPECT_TRUE(MayBeNan(zero_times_infinity.Finish()));
  SumBounds nan_term;
  nan_term.Add(kEverything);
  nan_term.Add({1, 1});
  EXPECT_TRUE(MayBeNan(nan_term.Finish()));
  SumBounds opposite;
  opposite.Add({0, kInf});
  opposite.Add({-kInf, 0});
  EXPECT_TRUE(MayBeNan(opposite.Finish()));
}

TEST(SumBoundsTest, NothingAddedIsZero) {
  EXPECT_EQ(SumBounds().Finish().lower, 0);
  EXPECT_EQ(SumBounds().Finish().upper, 0);
  EXPECT_EQ(Product({1, 2}, {0, 0}).Finish().upper, 0);
}

TEST(SumBoundsTest, IntervalWeightsTakeAllCorners) {
  SumBounds sum;
  sum.AddProduct({-1, 2}, {-3, 5});
  const Interval y = sum.Finish();
  EXPECT_NEAR(y.lower, -6, 1e-5);
  EXPECT_NEAR(y.upper, 10, 1e-5);
  EXPECT_LE(y.lower, -6);
  EXPECT_GE(y.upper, 10);
}

}  // namespace
}  // namespace espalier
