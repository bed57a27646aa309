#include "runtime/memory_planner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int64_t kPlenty = int64_t{1} << 40;

TEST(MemoryPlannerTest, ReusesMemoryOfWhatIsOver) {
  // A chain: each buffer is read by the next step, so two are alive at a time.
  ASSERT_OK_AND_ASSIGN(
      const ArenaPlan plan,
      PlanArena({{128, 0, 1}, {128, 1, 2}, {128, 2, 3}, {128, 3, 4}}, kPlenty));
  EXPECT_THAT(plan.offsets, ElementsAre(0, 128, 0, 128));
  EXPECT_EQ(plan.bytes, 256);
}

TEST(MemoryPlannerTest, PlacesTheLargestFirstAndFillsGaps) {
  // 0 and 1 overlap in time with 2, which is the largest and goes to 0; 3 fits
  // the gap that 1 leaves below 0.
  ASSERT_OK_AND_ASSIGN(
      const ArenaPlan plan,
      PlanArena({{200, 0, 5}, {64, 0, 1}, {1000, 0, 2}, {64, 2, 4}}, kPlenty));
  EXPECT_THAT(plan.offsets, ElementsAre(1024, 1280, 0, 1280));
  EXPECT_EQ(plan.bytes, 1344);
}

TEST(MemoryPlannerTest, AlignsOffsets) {
  ASSERT_OK_AND_ASSIGN(const ArenaPlan plan,
                       PlanArena({{1, 0, 0}, {65, 0, 0}, {4, 0, 0}}, kPlenty));
  EXPECT_THAT(plan.offsets, ElementsAre(192, 0, 128));
  EXPECT_EQ(plan.bytes, 193);
}

TEST(MemoryPlannerTest, LargeOnesBeginAtAPage) {
  ASSERT_OK_AND_ASSIGN(
      const ArenaPlan plan,
      PlanArena({{65536, 0, 0}, {65540, 0, 0}, {65535, 0, 0}}, kPlenty));
  EXPECT_THAT(plan.offsets, ElementsAre(69632, 0, 135168));
  EXPECT_EQ(plan.bytes, 135168 + 65535);
}

TEST(MemoryPlannerTest, NothingTakesNothing) {
  ASSERT_OK_AND_ASSIGN(const ArenaPlan none, PlanArena({}, 0));
  EXPECT_EQ(none.bytes, 0);
  ASSERT_OK_AND_ASSIGN(const ArenaPlan empty,
                       PlanArena({{0, 0, 3}, {0, 1, 2}}, 0));
  EXPECT_THAT(empty.offsets, ElementsAre(0, 0));
  EXPECT_EQ(empty.bytes, 0);
}

TEST(MemoryPlannerTest, RefusesMoreThanTheLimit) {
  EXPECT_OK(PlanArena({{100, 0, 1}, {100, 1, 1}}, 228));
  EXPECT_THAT(
      PlanArena({{100, 0, 1}, {100, 1, 1}}, 227),
      StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("228 bytes")));
  // Sizes whose sum does not fit an int64_t.
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max() - 1;
  EXPECT_THAT(PlanArena({{kHuge, 0, 1}, {kHuge, 1, 1}},
                        std::numeric_limits<int64_t>::max()),
              StatusIs(absl::StatusCode::kResourceExhausted, HasSubstr("")));
}

TEST(MemoryPlannerTest, TakesManyThatAllLiveTogether) {
  const std::vector<ArenaRequest> requests(10000, {64, 0, 1});
  ASSERT_OK_AND_ASSIGN(const ArenaPlan plan, PlanArena(requests, kPlenty));
  EXPECT_EQ(plan.bytes, 10000 * 64);
  EXPECT_EQ(plan.offsets.back(), 9999 * 64);
}

TEST(MemoryPlannerTest, BuffersThatLiveTogetherNeverOverlap) {
  TestRandom random(7);
  for (int round = 0; round < 200; ++round) {
    std::vector<ArenaRequest> requests;
    int64_t total = 0;
    for (int64_t i = random.Below(30); i >= 0; --i) {
      ArenaRequest request;
      request.bytes = random.Below(2000);
      request.first = static_cast<int>(random.Below(20));
      request.last = request.first + static_cast<int>(random.Below(6));
      total += request.bytes + 63;
      requests.push_back(request);
    }
    ASSERT_OK_AND_ASSIGN(const ArenaPlan plan, PlanArena(requests, kPlenty));
    EXPECT_LE(plan.bytes, total);
    for (size_t i = 0; i < requests.size(); ++i) {
      const ArenaRequest& a = requests[i];
      EXPECT_EQ(plan.offsets[i] % 64, 0);
      EXPECT_GE(plan.offsets[i], 0);
      EXPECT_LE(plan.offsets[i] + a.bytes, plan.bytes);
      for (size_t k = 0; k < i; ++k) {
        const ArenaRequest& b = requests[k];
        if (a.bytes == 0 || b.bytes == 0) continue;
        if (a.last < b.first || b.last < a.first) continue;
        EXPECT_TRUE(plan.offsets[i] + a.bytes <= plan.offsets[k] ||
                    plan.offsets[k] + b.bytes <= plan.offsets[i])
            << "round " << round << ", requests " << k << " and " << i;
      }
    }
  }
}

}  // namespace
}  // namespace espalier
