#include "ops/schedule_values.h"

#include <cmath>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "ops/optimizers.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

// Each run's factor, as the graph's own counter goes on.
TEST(ScheduleValuesTest, FollowTheScheduleInBothRuns) {
  constexpr int64_t kPerEpoch = 7;
  constexpr int64_t kTotal = 45;
  for (const char* text :
       {"constant", "step:1:0.5", "step:0.4:0.9", "exponential:0.1", "cosine",
        "cosine:0.25", "warmup:2", "warmup:2:cosine", "warmup:0.1:step:2:0.1",
        "warmup:1:warmup:2:exponential:0.5", "warmup:100:cosine"}) {
    ASSERT_OK_AND_ASSIGN(const Schedule schedule, ParseSchedule(text));
    GraphBuilder g("schedule");
    g.Output("factor",
             ScheduleFactor(schedule, StepCounter(g), kPerEpoch, kTotal));
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    LeafValues leaves = {{"step", DoubleTensor(Shape())}};
    ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
    for (int64_t step = 0; step < kTotal + 5; ++step) {
      const double expected = schedule.Factor(step, kPerEpoch, kTotal);
      const double tolerance = 1e-5 * expected + 1e-12;
      ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run({}));
      EXPECT_NEAR(found.at("factor")[0], expected, tolerance)
          << text << " " << step;
      ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
      EXPECT_NEAR(run.outputs.at("factor")[0], expected, tolerance)
          << text << " " << step;
      EXPECT_EQ(leaves["step"][0], static_cast<double>(step));
      leaves["step"] = run.updates.at("step");
    }
  }
}

TEST(ScheduleValuesTest, AreRatesOfAnOptimizer) {
  GraphBuilder g("train");
  const Value w = g.Parameter("w", {}, Initializer::Constant(0));
  const Value factor = ScheduleFactor(schedules::Step(1, 0.5), StepCounter(g),
                                      /*steps_per_epoch=*/1, 10);
  g.Update(w, Sgd(w, g.Constant(-1.0f), Scale(factor, 8)));
  g.Output("w", w);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  LeafValues leaves = {{"w", DoubleTensor(Shape())},
                       {"step", DoubleTensor(Shape())}};
  for (const double expected : {0.0, 8.0, 12.0, 14.0}) {
    ASSERT_OK_AND_ASSIGN(const InterpretedRun run, Interpret(graph, leaves));
    EXPECT_NEAR(run.outputs.at("w")[0], expected, 1e-6);
    leaves = run.updates;
  }
}

TEST(ScheduleValuesTest, CountersHaveNamesOfTheirOwn) {
  GraphBuilder g("counters");
  EXPECT_EQ(StepCounter(g).node().name, "step");
  EXPECT_EQ(StepCounter(g).node().name, "step_1");
}

TEST(ScheduleValuesTest, Errors) {
  const auto message = [](const Schedule& schedule, DataType dtype,
                          int64_t steps) {
    return std::string(BuildStatus([&](GraphBuilder& g) {
                         return ScheduleFactor(
                             schedule, g.Input("s", {}, dtype), steps, 5);
                       }).message());
  };
  EXPECT_EQ(message(schedules::Step(0, 1), DataType::kI32, 1),
            "schedule factor: schedule step: the number of epochs is 0: "
            "expected more than 0, at most 1e9");
  EXPECT_EQ(message(Schedule(), DataType::kF32, 1),
            "schedule factor: the step is f32[]: expected a scalar, i32[]");
  EXPECT_EQ(message(Schedule(), DataType::kI32, 0),
            "schedule factor: 0 steps per epoch and 5 in all: expected at "
            "least 1");
  EXPECT_FALSE(ScheduleFactor(Schedule(), Value(), 1, 1).valid());
}

}  // namespace
}  // namespace espalier
