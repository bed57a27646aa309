#include "graph/graph.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/graph_data.h"
#include "graph/status.h"

namespace espalier {

std::string Node::ToString() const {
  return absl::StrCat("node ", Quoted(name), " (", op->kind(), ")");
}

Graph::Graph() : data_(std::make_shared<Data>()) {}

Graph::Graph(std::shared_ptr<const Data> data) : data_(std::move(data)) {}

const std::string& Graph::name() const { return data_->name; }
const std::deque<Node>& Graph::nodes() const { return data_->nodes; }
const std::vector<GraphOutput>& Graph::outputs() const {
  return data_->outputs;
}
const std::vector<GraphUpdate>& Graph::updates() const {
  return data_->updates;
}
const std::vector<NodeId>& Graph::inputs() const { return data_->inputs; }
const std::vector<NodeId>& Graph::parameters() const {
  return data_->parameters;
}
const std::vector<NodeId>& Graph::states() const { return data_->states; }

NodeId Graph::Find(absl::string_view name) const {
  const auto found = data_->by_name.find(name);
  return found == data_->by_name.end() ? kNoNode : found->second;
}

std::vector<std::vector<NodeId>> Graph::Users() const {
  std::vector<std::vector<NodeId>> users(nodes().size());
  for (NodeId id = 0; id < num_nodes(); ++id) {
    for (NodeId input : node(id).inputs) {
      users[static_cast<size_t>(input)].push_back(id);
    }
  }
  return users;
}

}  // namespace espalier
