// Learning-rate schedules as values of a graph, for programs that build their
// own steps: the rate of an optimiser is any f32 scalar.
//   Value step = StepCounter(g);
//   Value rate = Scale(ScheduleFactor(schedules::Cosine(), step, 1, 1000),
//   0.1f);
#ifndef ESPALIER_OPS_SCHEDULE_VALUES_H_
#define ESPALIER_OPS_SCHEDULE_VALUES_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "graph/builder.h"
#include "ops/schedules.h"

namespace espalier {

// A state (i32[]) that counts the runs of the graph from 0, modulo 2^32.
Value StepCounter(GraphBuilder& graph, absl::string_view name = "step");

// Whether `leaf` is such a state: i32[], and its update is itself plus 1.
bool IsStepCounter(Value leaf);

// schedule.Factor (ops/schedules.h) of `step`, i32[] and not negative: f32[].
// Relative to the factor the error is below 1e-5 while that is above 1e-20 and
// step below 2^24. Errors of the builder: a schedule that its Check refuses,
// another type of step, numbers of steps below 1.
Value ScheduleFactor(const Schedule& schedule, Value step,
                     int64_t steps_per_epoch, int64_t total_steps);

}  // namespace espalier

#endif  // ESPALIER_OPS_SCHEDULE_VALUES_H_
