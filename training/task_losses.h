// The losses that a network can be trained on, by name.
#ifndef ESPALIER_TRAINING_TASK_LOSSES_H_
#define ESPALIER_TRAINING_TASK_LOSSES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "training/dataset.h"

namespace espalier {

struct TaskLoss {
  absl::string_view name;
  Task task;  // whose targets it takes
  // Of the network's output and the targets: logits [N, C] and i32 [N] for a
  // classification, two of one shape for a regression.
  Value (*make)(Value y, Value target);
};

// All of them; of each task the first is what is taken if none is named.
absl::Span<const TaskLoss> TaskLosses();

// The loss of that name, or the task's first for an empty one. Errors say which
// losses there are: an unknown name, one for another task.
absl::StatusOr<TaskLoss> FindTaskLoss(absl::string_view name, Task task);

}  // namespace espalier

#endif  // ESPALIER_TRAINING_TASK_LOSSES_H_
