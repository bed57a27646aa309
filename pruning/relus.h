// What pruning asks of a graph: its ReLUs, and how samples pass through it.
#ifndef ESPALIER_PRUNING_RELUS_H_
#define ESPALIER_PRUNING_RELUS_H_

#include <vector>

#include "graph/graph.h"

namespace espalier {

// In graph order.
std::vector<NodeId> FindRelus(const Graph& graph);

// Whether a node's result has no batch though an input of it has: what one
// sample gives then depends on the others.
bool MixesSamples(const Graph& graph, NodeId id);

// Whether every input has the batch and no node's result for one sample depends
// on the others or on how many there are.
bool SamplesAreIndependent(const Graph& graph);

}  // namespace espalier

#endif  // ESPALIER_PRUNING_RELUS_H_
