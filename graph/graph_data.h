// What a Graph holds; private to graph/.
#ifndef ESPALIER_GRAPH_GRAPH_DATA_H_
#define ESPALIER_GRAPH_GRAPH_DATA_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "graph/graph.h"

namespace espalier {

struct Graph::Data {
  std::string name;
  std::deque<Node> nodes;
  std::vector<GraphOutput> outputs;
  std::vector<GraphUpdate> updates;
  std::vector<NodeId> inputs;
  std::vector<NodeId> parameters;
  std::vector<NodeId> states;
  absl::flat_hash_map<std::string, NodeId> by_name;
};

}  // namespace espalier

#endif  // ESPALIER_GRAPH_GRAPH_DATA_H_
