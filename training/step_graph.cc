#include "training/step_graph.h"

#include <algorithm>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/leaves.h"
#include "graph/status_macros.h"
#include "ops/registry.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

absl::Status CheckGraph(const GraphBuilder& graph,
                        const std::vector<std::string>& inputs) {
  RETURN_IF_ERROR(graph.status());
  if (graph.outputs().empty()) {
    return absl::InvalidArgumentError(
        "the graph has no output, so that nothing would be left to use");
  }
  // Those of states are the layers' own.
  for (const GraphUpdate& update : graph.updates()) {
    const Node& leaf = graph.node(update.leaf);
    if (AsLeaf(*leaf.op) != LeafKind::kParameter) continue;
    return absl::InvalidArgumentError(
        absl::StrCat(leaf.ToString(),
                     " has an update already: making it is the optimiser's"));
  }
  if (inputs.empty() || inputs.size() > 2) {
    return absl::InvalidArgumentError(
        absl::StrCat("the graph has ", inputs.size(),
                     " inputs: expected the features, then the targets"));
  }
  return absl::OkStatus();
}

std::vector<std::string> InputNames(const GraphBuilder& graph) {
  std::vector<std::string> names;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (AsLeaf(*graph.node(id).op) == LeafKind::kInput) {
      names.push_back(graph.node(id).name);
    }
  }
  return names;
}

std::string FreeName(std::string name, const std::vector<std::string>& taken) {
  while (std::find(taken.begin(), taken.end(), name) != taken.end()) {
    name += '_';
  }
  return name;
}

}  // namespace

absl::StatusOr<StepGraph> BuildStepGraph(GraphBuilder& graph, Value loss,
                                         const Optimizer& optimizer) {
  const std::vector<std::string> inputs = InputNames(graph);
  RETURN_IF_ERROR(CheckGraph(graph, inputs));
  const std::vector<Value> parameters = graph.Parameters();
  if (parameters.empty()) {
    return absl::InvalidArgumentError("the graph has no parameter to train");
  }
  StepGraph step;
  for (const GraphOutput& output : graph.outputs()) {
    step.outputs.push_back(output.name);
  }
  step.features = inputs[0];
  if (inputs.size() == 2) step.targets = inputs[1];
  step.loss = FreeName("loss", step.outputs);
  step.learning_rate = graph.UniqueName("learning_rate");

  const std::vector<Value> gradients = Gradients(loss, parameters);
  const Value rate = graph.Input(step.learning_rate, Shape());
  const std::vector<Value> values =
      optimizer.apply(parameters, gradients, rate);
  if (values.size() != parameters.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("the optimiser gives ", values.size(), " new values for ",
                     parameters.size(), " parameters"));
  }
  for (size_t i = 0; i < parameters.size(); ++i) {
    graph.Update(parameters[i], values[i]);
  }
  graph.Output(step.loss, loss);
  ASSIGN_OR_RETURN(step.graph, graph.Build());
  RETURN_IF_ERROR(CheckOwnKinds(step.graph));
  return step;
}

absl::optional<int64_t> ClassColumns(const StepGraph& step) {
  if (step.outputs.size() != 1) return absl::nullopt;
  const TensorType& type = step.graph.node(step.graph.outputs()[0].node).type;
  if (type.dtype != DataType::kF32 || type.shape.rank() != 2 ||
      !type.shape.has_symbolic_batch() || type.shape.dim(1) < 1) {
    return absl::nullopt;
  }
  return type.shape.dim(1);
}

}  // namespace espalier
