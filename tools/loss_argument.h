// The option --loss: what is trained on, or measured.
#ifndef ESPALIER_TOOLS_LOSS_ARGUMENT_H_
#define ESPALIER_TOOLS_LOSS_ARGUMENT_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "training/task_losses.h"

namespace espalier {
namespace tools {

void AddLoss(CLI::App& app, std::string& name);

// The loss of that name, the task's first for an empty one; one of another task
// is a usage error.
absl::StatusOr<TaskLoss> ChooseLoss(const std::string& name, Task task);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_LOSS_ARGUMENT_H_
