// GraphBuilder: the only door into a graph. User code, loaders, autodiff and
// passes all add nodes here, so every graph has passed the same checks.
#ifndef ESPALIER_GRAPH_BUILDER_H_
#define ESPALIER_GRAPH_BUILDER_H_

#include <deque>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/graph.h"
#include "graph/initializer.h"
#include "graph/tensor.h"

namespace espalier {

class GraphBuilder;

// A node's result while its graph is being built: a small handle, valid as
// long as the builder. After an error new values are empty; every function
// over values takes them and does nothing more.
class Value {
 public:
  Value() = default;

  // Whether it names a node (it does not once the builder has an error).
  bool valid() const { return id_ != kNoNode; }
  // Null only for a default Value.
  GraphBuilder* builder() const { return builder_; }
  NodeId id() const { return id_; }
  // f32[] for an empty value.
  TensorType type() const;
  Shape shape() const { return type().shape; }
  // REQUIRES: valid().
  const Node& node() const;

  friend bool operator==(const Value& a, const Value& b) {
    return a.builder_ == b.builder_ && a.id_ == b.id_;
  }

 private:
  friend class GraphBuilder;
  Value(GraphBuilder* builder, NodeId id) : builder_(builder), id_(id) {}

  GraphBuilder* builder_ = nullptr;
  NodeId id_ = kNoNode;
};

// The first error sticks, is told once by Build(), and names its node; calls
// after it do nothing. For one thread at a time.
class GraphBuilder {
 public:
  explicit GraphBuilder(absl::string_view name);
  GraphBuilder(const GraphBuilder&) = delete;
  GraphBuilder& operator=(const GraphBuilder&) = delete;

  // Adds a node. An empty name is replaced by one made from the op's kind.
  // Errors: a name that is taken or malformed (letters, digits and _ . / -,
  // at most 255), values of another builder, whatever InferType refuses.
  Value AddNode(OpPtr op, absl::Span<const Value> inputs,
                absl::string_view name = "");

  Value Input(absl::string_view name, const Shape& shape,
              DataType dtype = DataType::kF32);
  Value Parameter(absl::string_view name, const Shape& shape,
                  const Initializer& initializer);
  // Starts from `initial` in every element.
  Value State(absl::string_view name, const Shape& shape, float initial = 0,
              DataType dtype = DataType::kF32);
  Value Constant(const Tensor& value, absl::string_view name = "");
  Value Constant(float value) { return Constant(Tensor::Scalar(value)); }

  // Names a result. Output names are unique among outputs.
  void Output(absl::string_view name, Value value);
  // Registers `leaf <- value`. Errors: a leaf that is no parameter or state,
  // one that has an update already, another type.
  void Update(Value leaf, Value value);

  // All parameters so far, in the order in which they were made.
  std::vector<Value> Parameters();

  // A node name that is still free: `base`, or `base_1`, `base_2`, ...
  std::string UniqueName(absl::string_view base);

  // Records an error found by a function over values; the first one sticks.
  Value Fail(const absl::Status& error);
  const absl::Status& status() const { return status_; }

  int num_nodes() const { return static_cast<int>(nodes_.size()); }
  // A reference that stays good while nodes are added.
  const Node& node(NodeId id) const { return nodes_[static_cast<size_t>(id)]; }
  // REQUIRES: 0 <= id < num_nodes().
  Value value(NodeId id) { return Value(this, id); }
  const std::vector<GraphOutput>& outputs() const { return outputs_; }
  const std::vector<GraphUpdate>& updates() const { return updates_; }
  const std::string& name() const { return name_; }

  // The graph, or the first error; ends the builder: a second call is an error.
  // A graph without outputs and updates is an error.
  absl::StatusOr<Graph> Build();

 private:
  absl::Status CheckName(absl::string_view name) const;
  absl::Status CheckValue(const Value& value, absl::string_view what) const;

  std::string name_;
  absl::Status status_;
  bool built_ = false;
  std::deque<Node> nodes_;
  std::vector<GraphOutput> outputs_;
  std::vector<GraphUpdate> updates_;
  absl::flat_hash_map<std::string, NodeId> by_name_;
  absl::flat_hash_map<std::string, int> next_suffix_;
  absl::flat_hash_set<std::string> output_names_;
  absl::flat_hash_set<NodeId> updated_;
};

// Adds a node to the builder of the first input that has one. With none (all
// inputs are default Values) the result is a default Value, which Output and
// Update refuse.
Value Apply(OpPtr op, absl::Span<const Value> inputs,
            absl::string_view name = "");

}  // namespace espalier

#endif  // ESPALIER_GRAPH_BUILDER_H_
