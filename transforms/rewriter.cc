#include "transforms/rewriter.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"

namespace espalier {
namespace {

absl::Status LeftOut(const Node& node, absl::string_view what) {
  return absl::InternalError(
      absl::StrCat(what, " needs ", node.ToString(), ", which was left out"));
}

}  // namespace

std::vector<bool> NeededBy(const Graph& graph,
                           const std::vector<NodeId>& roots) {
  std::vector<bool> needed(static_cast<size_t>(graph.num_nodes()), false);
  for (NodeId root : roots) needed[static_cast<size_t>(root)] = true;
  for (NodeId id = graph.num_nodes() - 1; id >= 0; --id) {
    if (!needed[static_cast<size_t>(id)]) continue;
    for (NodeId input : graph.node(id).inputs) {
      needed[static_cast<size_t>(input)] = true;
    }
  }
  return needed;
}

Rewriter::Rewriter(const Graph& graph)
    : graph_(graph),
      builder_(graph.name()),
      values_(static_cast<size_t>(graph.num_nodes())) {}

std::string Rewriter::UniqueName(absl::string_view base) {
  std::string name = builder_.UniqueName(base);
  for (int suffix = 1; graph_.Find(name) != kNoNode; ++suffix) {
    name = builder_.UniqueName(absl::StrCat(base, "_", suffix));
  }
  return name;
}

Value Rewriter::Copy(NodeId old) {
  const Node& node = graph_.node(old);
  std::vector<Value> inputs;
  for (NodeId input : node.inputs) {
    inputs.push_back(Get(input));
    if (!inputs.back().valid() && builder_.status().ok()) {
      return builder_.Fail(LeftOut(graph_.node(input), node.ToString()));
    }
  }
  const Value copy = builder_.AddNode(node.op, inputs, node.name);
  Replace(old, copy);
  return copy;
}

void Rewriter::CopyNeededBy(const std::vector<NodeId>& roots) {
  const std::vector<bool> needed = NeededBy(graph_, roots);
  for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
    if (needed[static_cast<size_t>(id)]) Copy(id);
  }
}

void Rewriter::Replace(NodeId old, Value value) {
  values_[static_cast<size_t>(old)] = value;
}

absl::StatusOr<Graph> Rewriter::Finish() && {
  for (const GraphUpdate& update : graph_.updates()) {
    if (!Get(update.leaf).valid()) continue;
    if (!Get(update.value).valid()) {
      builder_.Fail(LeftOut(
          graph_.node(update.value),
          absl::StrCat("update of ", graph_.node(update.leaf).ToString())));
    }
    builder_.Update(Get(update.leaf), Get(update.value));
  }
  return std::move(*this).FinishWithoutUpdates();
}

absl::StatusOr<Graph> Rewriter::FinishWithoutUpdates() && {
  for (const GraphOutput& output : graph_.outputs()) {
    if (!Get(output.node).valid()) {
      builder_.Fail(LeftOut(graph_.node(output.node),
                            absl::StrCat("output ", Quoted(output.name))));
    }
    builder_.Output(output.name, Get(output.node));
  }
  return builder_.Build();
}

}  // namespace espalier
