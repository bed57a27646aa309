#include "training/task_losses.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/losses.h"

namespace espalier {
namespace {

// Each class against the rest.
Value TargetsOfClasses(Value logits, Value labels) {
  if (!logits.valid()) return Value();
  if (logits.shape().rank() != 2) {
    return logits.builder()->Fail(absl::InvalidArgumentError(
        absl::StrCat("loss of classes: the logits are ",
                     logits.type().ToString(), ": expected [N, C]")));
  }
  return OneHot(labels, logits.shape().dim(1));
}

// 1 for the label's class and -1 for all others.
Value SignsOfClasses(Value logits, Value labels) {
  const Value targets = TargetsOfClasses(logits, labels);
  if (!targets.valid()) return targets;
  return Sub(Scale(targets, 2), targets.builder()->Constant(1.0f));
}

constexpr TaskLoss kLosses[] = {
    {"cross-entropy", Task::kClassification,
     [](Value y, Value target) { return MeanSoftmaxCrossEntropy(y, target); }},
    {"binary-cross-entropy", Task::kClassification,
     [](Value y, Value target) {
       return MeanBinaryCrossEntropy(y, TargetsOfClasses(y, target));
     }},
    {"hinge", Task::kClassification,
     [](Value y, Value target) {
       return MeanHinge(y, SignsOfClasses(y, target));
     }},
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
