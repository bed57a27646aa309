#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "transforms/passes.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

absl::StatusOr<GraphOutput> FindOutput(const Graph& graph,
                                       const std::string& name) {
  for (const GraphOutput& output : graph.outputs()) {
    if (output.name == name) return output;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "the graph has no output ", Quoted(name), ", its outputs are ",
      absl::StrJoin(graph.outputs(), ", ",
                    [](std::string* out, const GraphOutput& output) {
                      absl::StrAppend(out, Quoted(output.name));
                    })));
}

// What of `model` fits `graph`, some of whose leaves are gone.
Model WithGraph(const Model& model, Graph graph) {
  Model result = model;
  for (auto value = result.values.begin(); value != result.values.end();) {
    value = graph.Find(value->first) == kNoNode ? result.values.erase(value)
                                                : std::next(value);
  }
  for (auto domain = result.domains.begin(); domain != result.domains.end();) {
    domain = graph.Find(domain->first) == kNoNode ? result.domains.erase(domain)
                                                  : std::next(domain);
  }
  result.graph = std::move(graph);
  return result;
}

// What a node's result is made of in the inference form.
std::vector<NodeId> InferenceInputs(const Node& node) {
  const absl::optional<int> input = node.op->inference_input();
  if (!input.has_value()) return node.inputs;
  return {node.inputs[static_cast<size_t>(*input)]};
}

// Copies `roots` and what they need; an op that only training needs is replaced
// by the input that stands for it.
absl::Status CopyForInference(const Graph& graph,
                              const std::vector<NodeId>& roots,
                              Rewriter& rewriter) {
  std::vector<bool> needed(static_cast<size_t>(graph.num_nodes()));
  for (NodeId id : roots) needed[static_cast<size_t>(id)] = true;
  for (NodeId id = graph.num_nodes() - 1; id >= 0; --id) {
    if (!needed[static_cast<size_t>(id)]) continue;
    for (NodeId input : InferenceInputs(graph.node(id))) {
      needed[static_cast<size_t>(input)] = true;
    }
  }
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (!needed[static_cast<size_t>(id)]) continue;
    const Node& node = graph.node(id);
    if (!node.op->inference_input().has_value()) {
      rewriter.Copy(id);
      continue;
    }
    const NodeId input = InferenceInputs(node)[0];
    if (graph.node(input).type != node.type) {
      return absl::InvalidArgumentError(absl::StrCat(
          node.ToString(), " is ", node.type.ToString(), ", ",
          graph.node(input).ToString(), ", which stands for it in inference, ",
          graph.node(input).type.ToString(), ": expected equal types"));
    }
    rewriter.Replace(id, rewriter.Get(input));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Graph> RemoveDeadNodes(const Graph& graph) {
  std::vector<NodeId> roots = graph.inputs();
  for (const GraphOutput& output : graph.outputs()) {
    roots.push_back(output.node);
  }
  for (const GraphUpdate& update : graph.updates()) {
    roots.push_back(update.leaf);
    roots.push_back(update.value);
  }
  Rewriter rewriter(graph);
  rewriter.CopyNeededBy(roots);
  return std::move(rewriter).Finish();
}

absl::StatusOr<Model> RemoveDeadNodes(const Model& model) {
  ASSIGN_OR_RETURN(Graph graph, RemoveDeadNodes(model.graph));
  return WithGraph(model, std::move(graph));
}

absl::StatusOr<Graph> InferenceForm(const Graph& graph,
                                    absl::Span<const std::string> outputs) {
  std::vector<GraphOutput> kept;
  std::vector<NodeId> roots;
  for (const std::string& name : outputs) {
    ASSIGN_OR_RETURN(kept.emplace_back(), FindOutput(graph, name));
    roots.push_back(kept.back().node);
  }
  Rewriter rewriter(graph);
  RETURN_IF_ERROR(CopyForInference(graph, roots, rewriter));
  for (const GraphOutput& output : kept) {
    rewriter.builder().Output(output.name, rewriter.Get(output.node));
  }
  return rewriter.builder().Build();
}

absl::StatusOr<Model> InferenceForm(const Model& model,
                                    absl::Span<const std::string> outputs) {
  ASSIGN_OR_RETURN(Graph graph, InferenceForm(model.graph, outputs));
  return WithGraph(model, std::move(graph));
}

}  // namespace espalier
