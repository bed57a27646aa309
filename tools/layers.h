// What a model consists of, counted.
#ifndef ESPALIER_TOOLS_LAYERS_H_
#define ESPALIER_TOOLS_LAYERS_H_

#include <vector>

#include "graph/graph.h"
#include "serialization/report.h"

namespace espalier {
namespace tools {

// A row per node that is no leaf, in the graph's order. A parameter counts for
// the first node that reads it, so the rows add up.
std::vector<InspectReport::Layer> LayersOf(const Graph& graph);

// Operations for one sample: 2 K N + N for a dense of K inputs and N units (the
// last N are the biases), one per element of the result for every other node.
double FlopsPerSample(const Graph& graph);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_LAYERS_H_
