// Names of the classes that a graph tells apart.
#ifndef ESPALIER_GRAPH_CLASS_NAMES_H_
#define ESPALIER_GRAPH_CLASS_NAMES_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "graph/graph.h"

namespace espalier {

// Class i is element i of some output's last dimension, and told from the
// others by its name. InvalidArgument unless there are no names, or as many as
// such elements, none empty and no two the same.
absl::Status ValidateClassNames(const std::vector<std::string>& names,
                                const Graph& graph);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_CLASS_NAMES_H_
