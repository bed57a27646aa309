// The options of a command that say how parameters are updated: --optimizer,
// --learning-rate, --schedule, --clip-norm, --weight-decay.
#ifndef ESPALIER_TOOLS_OPTIMIZER_ARGUMENTS_H_
#define ESPALIER_TOOLS_OPTIMIZER_ARGUMENTS_H_

#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "ops/optimizers.h"
#include "ops/schedules.h"

namespace espalier {
namespace tools {

class OptimizerArguments {
 public:
  void AddOptions(CLI::App& app);

  // An error for options that do not go together.
  absl::StatusOr<Optimizer> MakeOptimizer() const;
  const Schedule& schedule() const { return schedule_; }

 private:
  std::string name_ = "adam";
  double learning_rate_ = 0;  // 0: the optimiser's default
  Schedule schedule_;
  absl::optional<double> clip_norm_;
  absl::optional<double> weight_decay_;
};

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_OPTIMIZER_ARGUMENTS_H_
