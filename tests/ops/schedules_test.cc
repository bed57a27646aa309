#include "ops/schedules.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

// Of the steps 0 to total_steps, each rounded to a float.
std::vector<float> Factors(const Schedule& schedule, int64_t steps_per_epoch,
                           int64_t total_steps) {
  std::vector<float> factors;
  for (int64_t step = 0; step <= total_steps; ++step) {
    factors.push_back(static_cast<float>(
        schedule.Factor(step, steps_per_epoch, total_steps)));
  }
  return factors;
}

using Floats = std::vector<float>;

TEST(SchedulesTest, FactorsByStep) {
  EXPECT_EQ(Factors(schedules::Constant(), 2, 4), Floats(5, 1));
  EXPECT_EQ(Factors(schedules::Step(1.5, 0.5), 2, 7),
            Floats({1, 1, 1, 0.5f, 0.5f, 0.5f, 0.25f, 0.25f}));
  EXPECT_EQ(Factors(schedules::Exponential(0.25), 2, 4),
            Floats({1, 0.5f, 0.25f, 0.125f, 0.0625f}));
  const auto half = static_cast<float>(std::sqrt(0.5) / 2);
  EXPECT_EQ(Factors(schedules::Cosine(), 9, 4),
            Floats({1, 0.5f + half, 0.5f, 0.5f - half, 0}));
  EXPECT_EQ(Factors(schedules::Cosine(0.5), 9, 2), Floats({1, 0.75f, 0.5f}));
  EXPECT_EQ(Factors(schedules::WarmUp(2), 2, 6),
            Floats({0.25f, 0.5f, 0.75f, 1, 1, 1, 1}));
}

TEST(SchedulesTest, WhatComesAfterAWarmUpStartsThere) {
  EXPECT_EQ(Factors(schedules::WarmUp(2, schedules::Cosine()), 1, 4),
            Floats({0.5f, 1, 1, 0.5f, 0}));
  EXPECT_EQ(Factors(schedules::WarmUp(2, schedules::Step(1, 0.5)), 1, 5),
            Floats({0.5f, 1, 1, 0.5f, 0.25f, 0.125f}));
  EXPECT_EQ(Factors(schedules::WarmUp(1, schedules::WarmUp(2)), 1, 4),
            Floats({1, 0.5f, 1, 1, 1}));
}

TEST(SchedulesTest, DurationsAreWholeStepsAndAtLeastOne) {
  EXPECT_EQ(Factors(schedules::WarmUp(1e-9), 10, 2), Floats({1, 1, 1}));
  EXPECT_EQ(Factors(schedules::Step(0.26, 0.5), 10, 6),
            Floats({1, 1, 1, 0.5f, 0.5f, 0.5f, 0.25f}));
  // Longer than the training.
  EXPECT_EQ(Factors(schedules::WarmUp(1e9, schedules::Cosine()), 1, 1),
            Floats({1e-9f, 2e-9f}));
}

TEST(SchedulesTest, StepsAfterTheLastAreLikeTheEnd) {
  EXPECT_EQ(schedules::Cosine(0.25).Factor(100, 1, 10), 0.25);
  EXPECT_EQ(schedules::WarmUp(1, schedules::Cosine()).Factor(100, 1, 10), 0);
}

TEST(SchedulesTest, ParseAndPrintAgain) {
  for (const char* text :
       {"constant", "step:30:0.1", "step:0.5:2", "exponential:0.95", "cosine:0",
        "cosine:0.01", "warmup:5", "warmup:5:cosine:0",
        "warmup:0.5:step:30:0.1", "warmup:1:warmup:2:constant",
        "exponential:0.12345678901234568", "step:1234567.5:0.1"}) {
    ASSERT_OK_AND_ASSIGN(const Schedule schedule, ParseSchedule(text));
    EXPECT_EQ(schedule.ToString(), text);
  }
  ASSERT_OK_AND_ASSIGN(const Schedule cosine, ParseSchedule("cosine"));
  EXPECT_EQ(cosine.ToString(), schedules::Cosine().ToString());
  EXPECT_EQ(Factors(*ParseSchedule("warmup:2:step:1:0.5"), 1, 5),
            Factors(schedules::WarmUp(2, schedules::Step(1, 0.5)), 1, 5));
}

TEST(SchedulesTest, ParseErrors) {
  const auto refused = [](absl::string_view text, const std::string& why) {
    EXPECT_THAT(ParseSchedule(text),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(why)));
  };
  EXPECT_THAT(ParseSchedule("polynomial:2"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "schedule 'polynomial:2': there is no 'polynomial'; one "
                       "of constant, step:E:F, exponential:F, cosine[:LAST], "
                       "warmup:E[:THEN]"));
  refused("", "schedule '': there is no ''");
  refused("step", "schedule 'step': the epochs E is missing");
  refused("step:3", "the factor is missing");
  refused("step:3:x", "the factor is 'x': expected a number");
  refused("step:3:0.1:9", "'9' is too much after step:E:F");
  refused("constant:1", "'1' is too much after constant");
  refused("warmup:3:", "there is no ''");
  refused("warmup:3:linear", "there is no 'linear'");
}

TEST(SchedulesTest, NumbersOutOfRange) {
  EXPECT_THAT(schedules::Step(0, 0.1).Check(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "schedule step: the number of epochs is 0: expected "
                       "more than 0, at most 1e9"));
  EXPECT_THAT(ParseSchedule("step:1:-0.1"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "schedule step: the factor is -0.1: expected more than "
                       "0, and finite"));
  EXPECT_THAT(ParseSchedule("warmup:1:cosine:2"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "schedule cosine: the last factor is 2: expected 0 to "
                       "1"));
  EXPECT_FALSE(ParseSchedule("exponential:inf").ok());
  EXPECT_FALSE(ParseSchedule("exponential:nan").ok());
  EXPECT_FALSE(ParseSchedule("warmup:nan").ok());
  EXPECT_FALSE(ParseSchedule("warmup:1e10").ok());
  EXPECT_OK(schedules::Exponential(1.5).Check());
}

}  // namespace
}  // namespace espalier
