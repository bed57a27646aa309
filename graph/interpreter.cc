#include "graph/interpreter.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

absl::StatusOr<const DoubleTensor*> FindLeaf(const Node& node,
                                             const LeafValues& leaves) {
  const auto found = leaves.find(node.name);
  if (found == leaves.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat(node.ToString(), " was given no value"));
  }
  return &found->second;
}

absl::StatusOr<int64_t> FindBatch(const Graph& graph,
                                  const LeafValues& leaves) {
  absl::optional<int64_t> batch;
  for (NodeId id : graph.inputs()) {
    const Node& node = graph.node(id);
    if (!node.type.shape.has_symbolic_batch()) continue;
    ASSIGN_OR_RETURN(const DoubleTensor* value, FindLeaf(node, leaves));
    if (value->shape().rank() == 0) continue;  // refused by its shape later
    if (batch.has_value() && *batch != value->shape().dim(0)) {
      return absl::InvalidArgumentError(
          absl::StrCat(node.ToString(), " was given a batch of ",
                       value->shape().dim(0), ", an earlier input ", *batch));
    }
    batch = value->shape().dim(0);
  }
  return batch.value_or(1);
}

}  // namespace

absl::StatusOr<DoubleTensor> EvaluateNode(
    const Node& node, absl::Span<const DoubleTensor* const> inputs,
    const Shape& output) {
  DoubleTensor value = node.op->Evaluate(inputs, output);
  if (value.shape() == output) return value;
  return absl::InternalError(absl::StrCat(
      node.ToString(), ": Evaluate gives ", value.shape().ToString(),
      ", expected ", output.ToString(), ", the shape of its type"));
}

absl::StatusOr<InterpretedRun> Interpret(const Graph& graph,
                                         const LeafValues& leaves) {
  ASSIGN_OR_RETURN(const int64_t batch, FindBatch(graph, leaves));
  InterpretedRun run;
  for (const Node& node : graph.nodes()) {
    const Shape shape = node.type.shape.Bind(batch);
    const absl::optional<LeafKind> leaf = AsLeaf(*node.op);
    if (leaf.has_value() && leaf != LeafKind::kConstant) {
      ASSIGN_OR_RETURN(const DoubleTensor* value, FindLeaf(node, leaves));
      if (value->shape() != shape) {
        return absl::InvalidArgumentError(
            absl::StrCat(node.ToString(), " has shape ", shape.ToString(),
                         ", its value has ", value->shape().ToString()));
      }
      run.nodes.push_back(*value);
      continue;
    }
    std::vector<const DoubleTensor*> inputs;
    for (NodeId input : node.inputs) {
      inputs.push_back(&run.nodes[static_cast<size_t>(input)]);
    }
    ASSIGN_OR_RETURN(DoubleTensor value, EvaluateNode(node, inputs, shape));
    run.nodes.push_back(std::move(value));
  }
  for (const GraphOutput& output : graph.outputs()) {
    run.outputs[output.name] = run.nodes[static_cast<size_t>(output.node)];
  }
  for (const GraphUpdate& update : graph.updates()) {
    run.updates[graph.node(update.leaf).name] =
        run.nodes[static_cast<size_t>(update.value)];
  }
  return run;
}

}  // namespace espalier
