// Learning-rate schedules: by which factor the rate of each step of a training
// is multiplied. A schedule is plain data; Fit takes one
// (FitOptions().Schedule(schedules::Cosine())).
//
// Steps count from 0. Durations are in epochs, fractions of one too, and
// rounded to whole steps, at least one; with one step per epoch they are
// durations in steps.
#ifndef ESPALIER_OPS_SCHEDULES_H_
#define ESPALIER_OPS_SCHEDULES_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace espalier {

enum class ScheduleKind { kConstant, kStep, kExponential, kCosine, kWarmUp };

struct Schedule {
  ScheduleKind kind = ScheduleKind::kConstant;
  double epochs = 1;
  double factor = 1;
  std::shared_ptr<const Schedule> then;  // of kWarmUp; null: kConstant

  // An error says which number is out of range.
  absl::Status Check() const;

  // The factor of step number `step` of `total_steps`. Steps after the last
  // have the factor of step number `total_steps`.
  // REQUIRES: Check() is OK, step >= 0, the others are at least 1.
  double Factor(int64_t step, int64_t steps_per_epoch,
                int64_t total_steps) const;

  // `epochs` in whole steps, at least one.
  int64_t LengthInSteps(int64_t steps_per_epoch) const;

  // As ParseSchedule reads it.
  std::string ToString() const;
};

namespace schedules {
// 1.
Schedule Constant();
// factor^floor(t / epochs), t being the epochs that have passed.
Schedule Step(double epochs, double factor);
// factor^t.
Schedule Exponential(double factor);
// From 1 to `last` along half a period of the cosine (I. Loshchilov, F. Hutter,
// SGDR, ICLR 2017, equation 5, without restarts):
//   last + (1 - last) (1 + cos(pi step / total_steps)) / 2
Schedule Cosine(double last = 0);
// (step + 1) / n in the first n steps, which last `epochs` (P. Goyal et al.,
// Accurate, Large Minibatch SGD, 2017, section 2.2); from then on `then`, as if
// the training began and its remaining steps were all.
Schedule WarmUp(double epochs, Schedule then = Constant());
}  // namespace schedules

// "constant", "step:E:F", "exponential:F", "cosine", "cosine:LAST", "warmup:E",
// or "warmup:E:" and another one: "warmup:5:step:30:0.1".
absl::StatusOr<Schedule> ParseSchedule(absl::string_view text);

// What ParseSchedule reads, for people: "constant, step:E:F, ...".
std::string ScheduleForms();

}  // namespace espalier

#endif  // ESPALIER_OPS_SCHEDULES_H_
