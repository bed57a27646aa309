#include "pruning/relus.h"

#include <algorithm>

#include "ops/elementwise.h"
#include "ops/gates.h"

namespace espalier {
namespace {

bool HasBatch(const Graph& graph, NodeId id) {
  return graph.node(id).type.shape.has_symbolic_batch();
}

}  // namespace

std::vector<NodeId> FindRelus(const Graph& graph) {
  std::vector<NodeId> relus;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (IsRelu(graph.node(id))) relus.push_back(id);
  }
  return relus;
}

bool MixesSamples(const Graph& graph, NodeId id) {
  const std::vector<NodeId>& inputs = graph.node(id).inputs;
  return !HasBatch(graph, id) &&
         std::any_of(inputs.begin(), inputs.end(),
                     [&](NodeId input) { return HasBatch(graph, input); });
}

bool SamplesAreIndependent(const Graph& graph) {
  for (NodeId input : graph.inputs()) {
    if (!HasBatch(graph, input)) return false;
  }
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (MixesSamples(graph, id) || DividesByBatch(graph.node(id))) return false;
  }
  return true;
}

}  // namespace espalier
