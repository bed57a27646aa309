// The loss with which a model is trained further.
#ifndef ESPALIER_TOOLS_MODEL_LOSS_H_
#define ESPALIER_TOOLS_MODEL_LOSS_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "graph/builder.h"
#include "graph/graph.h"
#include "graph/model.h"
#include "training/task_losses.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace tools {

// Whether the graph has one input, one output and no update.
absl::Status CheckTrainable(const Graph& graph);

// Adds the model to the rewriter's graph as it stands, an input for the
// targets, and the loss on the one output, with l1 and l2 times the penalties
// on the weights. `task_loss` is one for the data's task. REQUIRES:
// CheckTrainable(model.graph) is OK; the rewriter is of that graph.
absl::StatusOr<Value> BuildModelLoss(const Model& model,
                                     const TaskLoss& task_loss, double l1,
                                     double l2, Rewriter& rewriter);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_MODEL_LOSS_H_
