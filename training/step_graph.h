// The graph that does one step of a training a run.
#ifndef ESPALIER_TRAINING_STEP_GRAPH_H_
#define ESPALIER_TRAINING_STEP_GRAPH_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "graph/builder.h"
#include "ops/optimizers.h"

namespace espalier {

struct StepGraph {
  // Updates all parameters, and what states the user's graph updates. Its
  // outputs are those of the user's graph and, last, the loss.
  Graph graph;
  std::vector<std::string> outputs;  // without the loss
  std::string loss;                  // the name of that output
  // Names of the inputs. The rate is a scalar, so that another value of it
  // needs no other program.
  std::string features;
  std::string targets;  // empty if the loss needs none
  std::string learning_rate;
};

// Differentiates the loss, adds the optimiser's updates, and builds. Errors: as
// of Train (training/trainer.h).
absl::StatusOr<StepGraph> BuildStepGraph(GraphBuilder& graph, Value loss,
                                         const Optimizer& optimizer);

// C, where the user's graph has one output, f32 [N, C]: a column for each class
// of a classification.
absl::optional<int64_t> ClassColumns(const StepGraph& step);

}  // namespace espalier

#endif  // ESPALIER_TRAINING_STEP_GRAPH_H_
