// The table of all ops of the library.
#ifndef ESPALIER_OPS_REGISTRY_H_
#define ESPALIER_OPS_REGISTRY_H_

#include "absl/status/status.h"
#include "graph/graph.h"
#include "graph/op.h"

namespace espalier {

// A user's program adds its own with StandardOps().Extended({...}).
const OpTable& StandardOps();

// Whether each op of the graph that has the kind of a standard op is that one:
// the graph is saved by its kinds, and one of another class that says "relu"
// would be read as the standard relu. The error names the node.
absl::Status CheckOwnKinds(const Graph& graph);

}  // namespace espalier

#endif  // ESPALIER_OPS_REGISTRY_H_
