// Graph: nodes in an order in which inputs come before users, named outputs
// and updates. Immutable, cheap to copy, safe to share between threads. It
// holds no values of parameters and states: graph/model.h does.
#ifndef ESPALIER_GRAPH_GRAPH_H_
#define ESPALIER_GRAPH_GRAPH_H_

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/leaves.h"
#include "graph/op.h"
#include "graph/shape.h"

namespace espalier {

// Index of a node in its graph.
using NodeId = int32_t;
inline constexpr NodeId kNoNode = -1;

// One op applied to earlier nodes; it has exactly one result.
struct Node {
  std::string name;  // unique in its graph
  OpPtr op;
  std::vector<NodeId> inputs;
  TensorType type;

  // "node 'fc1' (dense)": how errors name it.
  std::string ToString() const;
};

struct GraphOutput {
  std::string name;
  NodeId node;
};

// `leaf` takes the value of `value` once a run is over. All updates read the
// values from before the run.
struct GraphUpdate {
  NodeId leaf;  // a parameter or state
  NodeId value;
};

class Graph {
 public:
  Graph();  // no nodes

  const std::string& name() const;
  const std::deque<Node>& nodes() const;
  int num_nodes() const { return static_cast<int>(nodes().size()); }
  // REQUIRES: 0 <= id < num_nodes().
  const Node& node(NodeId id) const { return nodes()[static_cast<size_t>(id)]; }
  const std::vector<GraphOutput>& outputs() const;
  const std::vector<GraphUpdate>& updates() const;

  // Leaves of one kind in the order in which they were made.
  const std::vector<NodeId>& inputs() const;
  const std::vector<NodeId>& parameters() const;
  const std::vector<NodeId>& states() const;

  // kNoNode when no node has this name. Constant time.
  NodeId Find(absl::string_view name) const;

  // For each node the nodes that read it, in order (twice if they do).
  std::vector<std::vector<NodeId>> Users() const;

 private:
  friend class GraphBuilder;
  struct Data;

  explicit Graph(std::shared_ptr<const Data> data);

  std::shared_ptr<const Data> data_;
};

}  // namespace espalier

#endif  // ESPALIER_GRAPH_GRAPH_H_
