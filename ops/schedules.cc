#include "ops/schedules.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr double kLongest = 1e9;  // epochs

// As few as are read back as the same number.
std::string Digits(double value) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value);
  return std::string(digits, end.ptr);
}
constexpr double kMostSteps = 1e18;

// How each kind is written: its name, then numbers, then maybe a schedule.
struct Form {
  absl::string_view name;
  absl::string_view usage;
  bool has_epochs;
  bool has_factor;
  // The factor may be left out, and is then this.
  bool may_lack_factor;
  double default_factor;
};

// In the order of ScheduleKind.
constexpr Form kForms[] = {
    {"constant", "constant", false, false, false, 1},
    {"step", "step:E:F", true, true, false, 1},
    {"exponential", "exponential:F", false, true, false, 1},
    {"cosine", "cosine[:LAST]", false, true, true, 0},
    {"warmup", "warmup:E[:THEN]", true, false, false, 1},
};

const Form& FormOf(ScheduleKind kind) {
  return kForms[static_cast<size_t>(kind)];
}

using Words = std::vector<absl::string_view>;

absl::StatusOr<double> ReadNumber(Words::const_iterator& at,
                                  Words::const_iterator end,
                                  absl::string_view what) {
  if (at == end) {
    return absl::InvalidArgumentError(absl::StrCat(what, " is missing"));
  }
  double value = 0;
  if (!absl::SimpleAtod(*at, &value)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is ", Quoted(*at), ": expected a number"));
  }
  ++at;
  return value;
}

absl::StatusOr<Schedule> ReadSchedule(Words::const_iterator at,
                                      Words::const_iterator end) {
  const auto* const form =
      std::find_if(std::begin(kForms), std::end(kForms),
                   [&](const Form& form) { return form.name == *at; });
  if (form == std::end(kForms)) {
    return absl::InvalidArgumentError(
        absl::StrCat("there is no ", Quoted(*at)));
  }
  ++at;
  Schedule schedule;
  schedule.kind = static_cast<ScheduleKind>(form - std::begin(kForms));
  schedule.factor = form->default_factor;
  if (form->has_epochs) {
    ASSIGN_OR_RETURN(schedule.epochs, ReadNumber(at, end, "the epochs E"));
  }
  if (form->has_factor && !(form->may_lack_factor && at == end)) {
    ASSIGN_OR_RETURN(schedule.factor, ReadNumber(at, end, "the factor"));
  }
  if (schedule.kind == ScheduleKind::kWarmUp && at != end) {
    ASSIGN_OR_RETURN(Schedule then, ReadSchedule(at, end));
    schedule.then = std::make_shared<const Schedule>(std::move(then));
    at = end;
  }
  if (at != end) {
    return absl::InvalidArgumentError(
        absl::StrCat(Quoted(*at), " is too much after ", form->usage));
  }
  return schedule;
}

}  // namespace

absl::Status Schedule::Check() const {
  const auto refuse = [this](absl::string_view what, double value,
                             absl::string_view expected) {
    return absl::InvalidArgumentError(
        absl::StrCat("schedule ", FormOf(kind).name, ": ", what, " is ", value,
                     ": expected ", expected));
  };
  const Form& form = FormOf(kind);
  if (form.has_epochs && !(epochs > 0 && epochs <= kLongest)) {
    return refuse("the number of epochs", epochs, "more than 0, at most 1e9");
  }
  if (kind == ScheduleKind::kCosine) {
    if (!(factor >= 0 && factor <= 1)) {
      return refuse("the last factor", factor, "0 to 1");
    }
  } else if (form.has_factor && !(factor > 0 && std::isfinite(factor))) {
    return refuse("the factor", factor, "more than 0, and finite");
  }
  return then == nullptr ? absl::OkStatus() : then->Check();
}

double Schedule::Factor(int64_t step, int64_t steps_per_epoch,
                        int64_t total_steps) const {
  ESPALIER_CHECK(step >= 0 && steps_per_epoch >= 1 && total_steps >= 1);
  step = std::min(step, total_steps);
  switch (kind) {
    case ScheduleKind::kConstant:
      return 1;
    case ScheduleKind::kStep:
      return std::pow(
          factor, static_cast<double>(step / LengthInSteps(steps_per_epoch)));
    case ScheduleKind::kExponential:
      return std::pow(factor, static_cast<double>(step) /
                                  static_cast<double>(steps_per_epoch));
    case ScheduleKind::kCosine:
      return factor + (1 - factor) *
                          (1 + std::cos(kPi * static_cast<double>(step) /
                                        static_cast<double>(total_steps))) /
                          2;
    case ScheduleKind::kWarmUp:
      break;
  }
  const int64_t length = LengthInSteps(steps_per_epoch);
  if (step < length) {
    return static_cast<double>(step + 1) / static_cast<double>(length);
  }
  if (then == nullptr) return 1;
  return then->Factor(step - length, steps_per_epoch,
                      std::max<int64_t>(1, total_steps - length));
}

int64_t Schedule::LengthInSteps(int64_t steps_per_epoch) const {
  const double steps =
      std::round(epochs * static_cast<double>(steps_per_epoch));
  return static_cast<int64_t>(std::min(std::max(steps, 1.0), kMostSteps));
}

std::string Schedule::ToString() const {
  const Form& form = FormOf(kind);
  std::string text(form.name);
  if (form.has_epochs) absl::StrAppend(&text, ":", Digits(epochs));
  if (form.has_factor) absl::StrAppend(&text, ":", Digits(factor));
  if (then != nullptr) absl::StrAppend(&text, ":", then->ToString());
  return text;
}

namespace schedules {

Schedule Constant() { return Schedule(); }

Schedule Step(double epochs, double factor) {
  return {ScheduleKind::kStep, epochs, factor, nullptr};
}

Schedule Exponential(double factor) {
  return {ScheduleKind::kExponential, 1, factor, nullptr};
}

Schedule Cosine(double last) {
  return {ScheduleKind::kCosine, 1, last, nullptr};
}

Schedule WarmUp(double epochs, Schedule then) {
  return {ScheduleKind::kWarmUp, epochs, 1,
          std::make_shared<const Schedule>(std::move(then))};
}

}  // namespace schedules

absl::StatusOr<Schedule> ParseSchedule(absl::string_view text) {
  const Words words = absl::StrSplit(text, ':');
  absl::StatusOr<Schedule> schedule = ReadSchedule(words.begin(), words.end());
  if (!schedule.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "schedule ", Quoted(text), ": ", schedule.status().message(),
        "; one of ", ScheduleForms()));
  }
  RETURN_IF_ERROR(schedule->Check());
  return schedule;
}

std::string ScheduleForms() {
  return absl::StrJoin(kForms, ", ", [](std::string* out, const Form& form) {
    absl::StrAppend(out, form.usage);
  });
}

}  // namespace espalier
