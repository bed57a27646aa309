#include "tools/model_loss.h"

#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/losses.h"
#include "ops/softmax.h"

namespace espalier {
namespace tools {

absl::Status CheckTrainable(const Graph& graph) {
  if (graph.inputs().size() != 1 || graph.outputs().size() != 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected one input and one output, found ",
                     graph.inputs().size(), " and ", graph.outputs().size()));
  }
  if (!graph.updates().empty()) {
    return absl::InvalidArgumentError("it is a training graph already");
  }
  return absl::OkStatus();
}

absl::StatusOr<Value> BuildModelLoss(const Model& model,
                                     const TaskLoss& task_loss, double l1,
                                     double l2, Rewriter& rewriter) {
  const Graph& graph = model.graph;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) rewriter.Copy(id);
  GraphBuilder& g = rewriter.builder();
  const Value y = rewriter.Get(graph.outputs()[0].node);
  g.Output(graph.outputs()[0].name, y);
  std::vector<Value> weights;
  for (const Value& parameter : g.Parameters()) {
    if (parameter.shape().rank() >= 2) weights.push_back(parameter);
  }
  Value loss;
  if (task_loss.task == Task::kClassification) {
    if (IsSoftmax(graph.node(graph.outputs()[0].node))) {
      return absl::InvalidArgumentError(
          "its output is a softmax; training needs the logits");
    }
    loss = task_loss.make(
        y, g.Input(g.UniqueName("label"), {kBatch}, DataType::kI32));
  } else {
    loss = task_loss.make(y, g.Input(g.UniqueName("target"), y.shape()));
  }
  if (weights.empty() && (l1 > 0 || l2 > 0)) {
    return absl::InvalidArgumentError("it has no weights to penalise");
  }
  if (l1 > 0) loss = Add(loss, L1Penalty(weights, static_cast<float>(l1)));
  if (l2 > 0) loss = Add(loss, L2Penalty(weights, static_cast<float>(l2)));
  RETURN_IF_ERROR(g.status());
  return loss;
}

}  // namespace tools
}  // namespace espalier
