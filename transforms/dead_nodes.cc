#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "transforms/passes.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

void MarkInputsOfMarked(const Graph& graph, std::vector<bool>& marked) {
  for (NodeId id = graph.num_nodes() - 1; id >= 0; --id) {
    if (!marked[static_cast<size_t>(id)]) continue;
    for (NodeId input : graph.node(id).inputs) {
      marked[static_cast<size_t>(input)] = true;
    }
  }
}

void CopyMarked(const Graph& graph, const std::vector<bool>& marked,
                Rewriter& rewriter) {
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (marked[static_cast<size_t>(id)]) rewriter.Copy(id);
  }
}

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

}  // namespace

absl::StatusOr<Graph> RemoveDeadNodes(const Graph& graph) {
  std::vector<bool> live(static_cast<size_t>(graph.num_nodes()), false);
  for (NodeId id : graph.inputs()) live[static_cast<size_t>(id)] = true;
  for (const GraphOutput& output : graph.outputs()) {
    live[static_cast<size_t>(output.node)] = true;
  }
  for (const GraphUpdate& update : graph.updates()) {
    live[static_cast<size_t>(update.leaf)] = true;
    live[static_cast<size_t>(update.value)] = true;
  }
  MarkInputsOfMarked(graph, live);
  Rewriter rewriter(graph);
  CopyMarked(graph, live, rewriter);
  return std::move(rewriter).Finish();
}

absl::StatusOr<Model> RemoveDeadNodes(const Model& model) {
  ASSIGN_OR_RETURN(Graph graph, RemoveDeadNodes(model.graph));
  return WithGraph(model, std::move(graph));
}

absl::StatusOr<Graph> InferenceForm(const Graph& graph,
                                    absl::Span<const std::string> outputs) {
  std::vector<bool> needed(static_cast<size_t>(graph.num_nodes()), false);
  std::vector<GraphOutput> kept;
  for (const std::string& name : outputs) {
    ASSIGN_OR_RETURN(GraphOutput output, FindOutput(graph, name));
    needed[static_cast<size_t>(output.node)] = true;
    kept.push_back(std::move(output));
  }
  MarkInputsOfMarked(graph, needed);
  Rewriter rewriter(graph);
  CopyMarked(graph, needed, rewriter);
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
