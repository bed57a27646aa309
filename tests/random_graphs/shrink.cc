#include "tests/random_graphs/shrink.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "graph/builder.h"
#include "graph/leaves.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

// What a smaller graph is made of: which results stay, and what stands in the
// place of one node.
struct Change {
  std::vector<GraphOutput> outputs;
  std::vector<GraphUpdate> updates;
  NodeId replaced = kNoNode;
  NodeId by = kNoNode;  // an input of `replaced`; kNoNode: a new leaf
};

// The values that the node has, in the first round at a batch of 3.
LeafRange RangeOf(const TestGraph& test, NodeId id) {
  const std::vector<DoubleTensor> nodes = InterpretWith(
      test.graph, DrawLeaves(test, 3, 0),
      [](NodeId, absl::Span<const DoubleTensor* const>, DoubleTensor&) {});
  LeafRange range = {HUGE_VAL, -HUGE_VAL, 1};
  for (double x : nodes[static_cast<size_t>(id)].values()) {
    if (!std::isfinite(x)) continue;
    range.low = std::min(range.low, x);
    range.high = std::max(range.high, x);
  }
  if (range.low > range.high) return LeafRange();
  if (range.low == range.high) range.high += 1e-3 + 1e-3 * range.high;
  return range;
}

absl::optional<TestGraph> Apply(const TestGraph& test, const Change& change) {
  const Graph& graph = test.graph;
  TestGraph result = test;
  std::vector<NodeId> roots;
  for (const GraphOutput& output : change.outputs) roots.push_back(output.node);
  for (const GraphUpdate& update : change.updates) {
    roots.push_back(update.leaf);
    roots.push_back(update.value);
  }
  // Something has to say how large the batch is.
  for (NodeId id : graph.inputs()) {
    if (graph.node(id).type.shape.has_symbolic_batch()) {
      roots.push_back(id);
      break;
    }
  }
  // Needed in a graph where the replaced node reads `by` or nothing.
  std::vector<bool> needed(static_cast<size_t>(graph.num_nodes()), false);
  for (NodeId id : roots) needed[static_cast<size_t>(id)] = true;
  for (NodeId id = graph.num_nodes() - 1; id >= 0; --id) {
    if (!needed[static_cast<size_t>(id)]) continue;
    if (id == change.replaced) {
      if (change.by != kNoNode) needed[static_cast<size_t>(change.by)] = true;
      continue;
    }
    for (NodeId input : graph.node(id).inputs) {
      needed[static_cast<size_t>(input)] = true;
    }
  }
  Rewriter rewriter(graph);
  GraphBuilder& g = rewriter.builder();
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (!needed[static_cast<size_t>(id)]) continue;
    if (id != change.replaced) {
      rewriter.Copy(id);
    } else if (change.by != kNoNode) {
      rewriter.Replace(id, rewriter.Get(change.by));
    } else {
      const std::string name = rewriter.UniqueName("cut");
      result.ranges[name] = RangeOf(test, id);
      rewriter.Replace(id, g.Input(name, graph.node(id).type.shape));
    }
  }
  for (const GraphOutput& output : change.outputs) {
    g.Output(output.name, rewriter.Get(output.node));
  }
  for (const GraphUpdate& update : change.updates) {
    g.Update(rewriter.Get(update.leaf), rewriter.Get(update.value));
  }
  absl::StatusOr<Graph> built = g.Build();
  if (!built.ok()) return absl::nullopt;
  result.graph = *std::move(built);
  return result;
}

// The smaller graphs that are one step away, those that are much smaller first.
std::vector<Change> ChangesOf(const Graph& graph) {
  std::vector<Change> changes;
  const std::vector<GraphOutput>& outputs = graph.outputs();
  const std::vector<GraphUpdate>& updates = graph.updates();
  if (outputs.size() + updates.size() > 1) {
    for (const GraphOutput& output : outputs) changes.push_back({{output}, {}});
    for (const GraphUpdate& update : updates) changes.push_back({{}, {update}});
    for (size_t i = 0; i < outputs.size(); ++i) {
      Change change = {outputs, updates};
      change.outputs.erase(change.outputs.begin() +
                           static_cast<std::ptrdiff_t>(i));
      changes.push_back(std::move(change));
    }
    for (size_t i = 0; i < updates.size(); ++i) {
      Change change = {outputs, updates};
      change.updates.erase(change.updates.begin() +
                           static_cast<std::ptrdiff_t>(i));
      changes.push_back(std::move(change));
    }
  }
  // An output may stop at what its node reads.
  for (size_t i = 0; i < outputs.size(); ++i) {
    for (NodeId input : graph.node(outputs[i].node).inputs) {
      Change change = {outputs, updates};
      change.outputs[i].node = input;
      changes.push_back(std::move(change));
    }
  }
  for (NodeId id = graph.num_nodes() - 1; id >= 0; --id) {
    const Node& node = graph.node(id);
    if (AsLeaf(*node.op).has_value()) continue;
    for (NodeId input : node.inputs) {
      if (graph.node(input).type == node.type) {
        changes.push_back({outputs, updates, id, input});
      }
    }
    if (node.type.dtype == DataType::kF32) {
      changes.push_back({outputs, updates, id, kNoNode});
    }
  }
  return changes;
}

}  // namespace

TestGraph Shrink(const TestGraph& test,
                 const std::function<bool(const TestGraph&)>& fails,
                 int most_tries) {
  TestGraph smallest = test;
  bool smaller = true;
  while (smaller) {
    smaller = false;
    for (const Change& change : ChangesOf(smallest.graph)) {
      absl::optional<TestGraph> candidate = Apply(smallest, change);
      if (!candidate.has_value()) continue;
      if (--most_tries < 0) return smallest;
      if (fails(*candidate)) {
        smallest = *std::move(candidate);
        smaller = true;
        break;
      }
    }
  }
  return smallest;
}

}  // namespace espalier
