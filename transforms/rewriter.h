// Rewriter: makes a new graph from an old one, node by node.
#ifndef ESPALIER_TRANSFORMS_REWRITER_H_
#define ESPALIER_TRANSFORMS_REWRITER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "graph/builder.h"
#include "graph/graph.h"

namespace espalier {

// Goes through the old graph's nodes in order: Copy keeps a node, Replace puts
// a new value in its place, a node of which neither is said is left out.
// Outputs and updates follow.
class Rewriter {
 public:
  // `graph` must outlive the rewriter.
  explicit Rewriter(const Graph& graph);

  GraphBuilder& builder() { return builder_; }
  // What stands for an old node; an empty value if it was left out.
  Value Get(NodeId old) const { return values_[static_cast<size_t>(old)]; }

  // Same op and name on the new inputs.
  Value Copy(NodeId old);
  void Replace(NodeId old, Value value);

  // Copies outputs and updates whose node (and leaf) were kept and builds.
  // FinishWithoutUpdates leaves the updates out. An output of a node that was
  // left out is an error.
  absl::StatusOr<Graph> Finish() &&;
  absl::StatusOr<Graph> FinishWithoutUpdates() &&;

 private:
  const Graph& graph_;
  GraphBuilder builder_;
  std::vector<Value> values_;
};

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_REWRITER_H_
