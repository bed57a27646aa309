// Graphs as pictures.
#ifndef ESPALIER_TOOLS_DOT_H_
#define ESPALIER_TOOLS_DOT_H_

#include <string>

#include "graph/graph.h"

namespace espalier {
namespace tools {

// The graph in the language of Graphviz: `dot -Tsvg` makes a picture of it.
std::string ToDot(const Graph& graph);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_DOT_H_
