#include "graph/philox.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <vector>

#include "gtest/gtest.h"

namespace espalier {
namespace {

// The known answers published with the generator (kat_vectors of Random123).
TEST(PhiloxTest, KnownAnswers) {
  EXPECT_EQ(Philox({0, 0, 0, 0}, {0, 0}),
            (std::array<uint32_t, 4>{0x6627e8d5, 0xe169c58d, 0xbc57ac4c,
                                     0x9b00dbd8}));
  const uint32_t ones = 0xffffffff;
  EXPECT_EQ(Philox({ones, ones, ones, ones}, {ones, ones}),
            (std::array<uint32_t, 4>{0x408f276d, 0x41c83b0e, 0xa20bc7c6,
                                     0x6d5451fd}));
  EXPECT_EQ(Philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                   {0xa4093822, 0x299f31d0}),
            (std::array<uint32_t, 4>{0xd16cfe09, 0x94fdcceb, 0x5001e420,
                                     0x24126ea1}));
}

TEST(RandomStreamTest, DependsOnSeedPurposeIndexAndPositionOnly) {
  const RandomStream a(7, RandomPurpose::kData, 3);
  EXPECT_EQ(a.Bits(100), RandomStream(7, RandomPurpose::kData, 3).Bits(100));
  EXPECT_NE(a.Bits(100), RandomStream(8, RandomPurpose::kData, 3).Bits(100));
  EXPECT_NE(a.Bits(100), RandomStream(7, RandomPurpose::kShuffle, 3).Bits(100));
  EXPECT_NE(a.Bits(100), RandomStream(7, RandomPurpose::kData, 4).Bits(100));
  EXPECT_NE(a.Bits(100), a.Bits(101));
}

TEST(RandomStreamTest, UniformsAndNormalsHaveTheirMoments) {
  const RandomStream random(1, RandomPurpose::kData, 0);
  constexpr int kCount = 100000;
  double uniform_sum = 0;
  double normal_sum = 0;
  double normal_squares = 0;
  for (uint64_t i = 0; i < kCount; ++i) {
    const float u = random.Uniform(i);
    ASSERT_GE(u, 0.0f);
    ASSERT_LT(u, 1.0f);
    uniform_sum += u;
    const double n = random.Normal(i);
    normal_sum += n;
    normal_squares += n * n;
  }
  // Five standard errors.
  EXPECT_NEAR(uniform_sum / kCount, 0.5, 5 * 0.2887 / std::sqrt(kCount));
  EXPECT_NEAR(normal_sum / kCount, 0.0, 5 / std::sqrt(kCount));
  EXPECT_NEAR(normal_squares / kCount, 1.0, 5 * std::sqrt(2.0 / kCount));
}

TEST(RandomStreamTest, PermutationsArePermutations) {
  const RandomStream random(1, RandomPurpose::kShuffle, 0);
  std::vector<int64_t> order = random.Permutation(1000);
  EXPECT_FALSE(std::is_sorted(order.begin(), order.end()));
  std::sort(order.begin(), order.end());
  for (int64_t i = 0; i < 1000; ++i)
    EXPECT_EQ(order[static_cast<size_t>(i)], i);
  EXPECT_TRUE(random.Permutation(0).empty());
}

TEST(RandomStreamTest, EveryOrderOfThreeTurnsUp) {
  std::set<std::vector<int64_t>> orders;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    orders.insert(
        RandomStream(seed, RandomPurpose::kShuffle, 0).Permutation(3));
  }
  EXPECT_EQ(orders.size(), 6u);
}

}  // namespace
}  // namespace espalier
