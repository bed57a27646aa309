// Where the units of a ReLU come from and where they go: what the surgery of
// pruning has to cut. Errors are reasons for people to read.
#ifndef ESPALIER_TRANSFORMS_UNIT_PATHS_H_
#define ESPALIER_TRANSFORMS_UNIT_PATHS_H_

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/graph.h"

namespace espalier {

// A parameter or constant that has one slice along `axis` for each unit.
struct SlicedLeaf {
  NodeId leaf;
  int axis;
  NodeId reader;  // the node that reads it for these units
};

// The product that makes the units of a ReLU as its columns.
struct UnitProducer {
  NodeId node;
  Shape shape;  // [N, U], or [R, U]: unit number = row * U + column
  std::vector<SlicedLeaf> leaves;  // weight and biases
  std::vector<NodeId> reshapes;    // between it and the ReLU
  std::vector<NodeId> relus;       // likewise
};

// A product that reads the units as the columns of its first operand.
struct UnitConsumer {
  NodeId node;
  Shape shape;  // of that operand
  SlicedLeaf weight;
};

struct UnitConsumers {
  std::vector<UnitConsumer> consumers;
  std::vector<NodeId> reshapes;  // between the ReLU and them
  std::vector<NodeId> relus;     // likewise
};

class UnitPaths {
 public:
  // `graph` must outlive this.
  explicit UnitPaths(const Graph& graph);

  // How many nodes units may pass through on either side of their ReLU; a graph
  // that is one long chain of ReLUs would take time by the square of its length
  // without a limit.
  static constexpr size_t kMostPassing = 64;

  // Follows the ReLU's input back through elementwise ops, of one input or
  // with a parameter or constant such as a bias, and reshapes.
  absl::StatusOr<UnitProducer> FindProducer(NodeId relu) const;
  // Follows the ReLU's result through ops that are elementwise and keep zeros,
  // and reshapes, to every product that reads it.
  absl::StatusOr<UnitConsumers> FindConsumers(NodeId relu) const;
  // An error when a leaf is an output, has a reader that is none of `readers`,
  // or one that reads it twice.
  absl::Status CheckReaders(NodeId leaf, const std::set<NodeId>& readers) const;

 private:
  absl::Status CheckNoOutput(NodeId id) const;
  // Adds what reads `id`: a product to the consumers, a node that the units
  // pass through also to `passing`.
  absl::Status AddConsumers(NodeId id, UnitConsumers& found,
                            std::vector<NodeId>& passing) const;

  const Graph& graph_;
  std::vector<std::vector<NodeId>> users_;
  std::map<NodeId, std::string> outputs_;  // a name of those that are
};

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_UNIT_PATHS_H_
