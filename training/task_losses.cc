#include "training/task_losses.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "ops/losses.h"

namespace espalier {
namespace {

constexpr TaskLoss kLosses[] = {
    {"cross-entropy", Task::kClassification,
     [](Value y, Value target) { return MeanSoftmaxCrossEntropy(y, target); }},
    {"mse", Task::kRegression, MeanSquaredError},
    {"mae", Task::kRegression, MeanAbsoluteError},
    {"huber", Task::kRegression,
     [](Value y, Value target) { return MeanHuber(y, target); }},
};

}  // namespace

absl::Span<const TaskLoss> TaskLosses() { return kLosses; }

absl::StatusOr<TaskLoss> FindTaskLoss(absl::string_view name, Task task) {
  bool known = false;
  std::vector<absl::string_view> fitting;
  for (const TaskLoss& loss : kLosses) {
    known = known || loss.name == name;
    if (loss.task != task) continue;
    if (loss.name == name || name.empty()) return loss;
    fitting.push_back(loss.name);
  }
  return absl::InvalidArgumentError(
      absl::StrCat(known ? "" : "there is no loss ", known ? "" : Quoted(name),
                   known ? "" : ": ", "the data is for ", TaskName(task),
                   ", which takes ", absl::StrJoin(fitting, ", ")));
}

}  // namespace espalier
