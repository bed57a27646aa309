// Measures a training on rows that it does not see.
#ifndef ESPALIER_TRAINING_VALIDATION_H_
#define ESPALIER_TRAINING_VALIDATION_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graph/tensor.h"
#include "runtime/executable.h"
#include "training/dataset.h"
#include "training/epoch_report.h"
#include "training/step_graph.h"

namespace espalier {

class Validation {
 public:
  // Compiles outputs and loss of the step graph without its updates. Errors:
  // a label that is no class of the one output, if that is [N, C].
  static absl::StatusOr<Validation> Create(const StepGraph& step,
                                           const Dataset& data, int threads);

  bool has_accuracy() const { return has_accuracy_; }

  // Adds loss and accuracy under these values to the report. The accuracy is
  // that of the graph's one output, if it is [N, C] and the data has classes.
  absl::Status Measure(const std::map<std::string, Tensor>& values,
                       EpochReport* report) const;

 private:
  Validation(const StepGraph& step, const Dataset& data,
             std::shared_ptr<const Executable> executable);

  Dataset data_;
  std::shared_ptr<const Executable> executable_;
  std::string features_;
  bool has_accuracy_;
};

}  // namespace espalier

#endif  // ESPALIER_TRAINING_VALIDATION_H_
