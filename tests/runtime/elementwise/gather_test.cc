#include "runtime/elementwise/gather.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <random>
#include <vector>

#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

const std::vector<GatherSize>& Sizes() {
  static const auto* const sizes = new std::vector<GatherSize>{
      // outer, rows, indices, inner
      {1, 1, 1, 1},      {1, 5, 7, 1},     {3, 5, 7, 2},     {2, 3, 9, 3},
      {4, 6, 5, 4},      {1, 100, 600, 5}, {2, 50, 300, 17}, {1, 9, 40, 33},
      {7, 4, 0, 3},      {0, 4, 3, 3},     {2, 4, 3, 0},     {1, 300, 900, 128},
      {300, 12, 300, 1}, {1, 2, 5000, 64}, {1, 1000, 3, 100}};
  return *sizes;
}

std::vector<int32_t> RandomIndices(const GatherSize& size,
                                   std::mt19937& random) {
  std::vector<int32_t> indices(static_cast<size_t>(size.indices));
  for (int32_t& index : indices) {
    index = static_cast<int32_t>(random() % static_cast<uint64_t>(size.rows));
  }
  return indices;
}

TEST(GatherTest, CopiesBits) {
  std::mt19937 random(1);
  for (const GatherSize& size : Sizes()) {
    std::vector<uint32_t> table(
        static_cast<size_t>(size.outer * size.rows * size.inner));
    for (uint32_t& bits : table) bits = random();
    const std::vector<int32_t> indices = RandomIndices(size, random);
    std::vector<uint32_t> expected;
    for (int64_t o = 0; o < size.outer; ++o) {
      for (int32_t index : indices) {
        for (int64_t i = 0; i < size.inner; ++i) {
          expected.push_back(table[static_cast<size_t>(
              (o * size.rows + index) * size.inner + i)]);
        }
      }
    }
    for (int threads : {1, 2}) {
      std::vector<uint32_t> picked(expected.size());
      Gather(threads, size, table.data(), indices.data(), picked.data());
      EXPECT_EQ(picked, expected);
    }
  }
}

class ScatterAddTest : public ::testing::TestWithParam<Isa> {};

// One addition after the other, so in the very same bits.
TEST_P(ScatterAddTest, AddsInOrder) {
  std::mt19937 random(2);
  for (const GatherSize& size : Sizes()) {
    std::vector<float> picked(
        static_cast<size_t>(size.outer * size.indices * size.inner));
    for (float& v : picked) v = RandomFloat(random);
    const std::vector<int32_t> indices = RandomIndices(size, random);
    std::vector<float> expected(
        static_cast<size_t>(size.outer * size.rows * size.inner));
    size_t at = 0;
    for (int64_t o = 0; o < size.outer; ++o) {
      for (int32_t index : indices) {
        for (int64_t i = 0; i < size.inner; ++i, ++at) {
          expected[static_cast<size_t>((o * size.rows + index) * size.inner +
                                       i)] += picked[at];
        }
      }
    }
    for (int threads : {1, 2, 3}) {
      std::vector<float> table(expected.size(), 7);
      ScatterAdd(GetParam(), threads, size, picked.data(), indices.data(),
                 table.data());
      ASSERT_EQ(table.size(), expected.size());
      EXPECT_TRUE(table.empty() ||
                  std::memcmp(table.data(), expected.data(),
                              table.size() * sizeof(float)) == 0)
          << size.outer << " " << size.rows << " " << size.indices << " "
          << size.inner << ", " << threads << " threads";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, ScatterAddTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const ::testing::TestParamInfo<Isa>& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
