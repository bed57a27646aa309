#include "tools/loss_argument.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/exit_code.h"
#include "tools/options.h"

namespace espalier {
namespace tools {
namespace {

std::vector<std::string> LossNames() {
  std::vector<std::string> names;
  for (const TaskLoss& loss : TaskLosses()) names.emplace_back(loss.name);
  return names;
}

// A line for each task: "classification: cross-entropy, ...".
std::string LossesByTask() {
  std::vector<std::string> lines = {"(the first of those for the task)"};
  for (const Task task : {Task::kClassification, Task::kRegression}) {
    std::vector<absl::string_view> names;
    for (const TaskLoss& loss : TaskLosses()) {
      if (loss.task == task) names.push_back(loss.name);
    }
    lines.push_back(
        absl::StrCat(TaskName(task), ": ", absl::StrJoin(names, ", ")));
  }
  return absl::StrJoin(lines, "\n");
}

}  // namespace

void AddLoss(CLI::App& app, std::string& name) {
  AddChoice(app, "--loss", LossNames(), name, LossesByTask());
}

absl::StatusOr<TaskLoss> ChooseLoss(const std::string& name, Task task) {
  absl::StatusOr<TaskLoss> loss = FindTaskLoss(name, task);
  if (loss.ok()) return loss;
  return UsageError(
      absl::StrCat("--loss ", name, ": ", loss.status().message()));
}

}  // namespace tools
}  // namespace espalier
