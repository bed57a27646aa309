// Rewriter: makes a new graph from an old one, node by node.
#ifndef ESPALIER_TRANSFORMS_REWRITER_H_
#define ESPALIER_TRANSFORMS_REWRITER_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/builder.h"
#include "graph/graph.h"

namespace espalier {

// For each node whether it is one of `roots` or needed to compute one.
std::vector<bool> NeededBy(const Graph& graph,
                           const std::vector<NodeId>& roots);

// Goes through the old graph's nodes in order: Copy keeps a node, Replace puts
// a new value in its place, a node of which neither is said is left out.
// Outputs and updates follow. Errors go to the builder.
class Rewriter {
 public:
  // `graph` must outlive the rewriter.
  explicit Rewriter(const Graph& graph);

  GraphBuilder& builder() { return builder_; }
  // What stands for an old node; an empty value if it was left out.
  Value Get(NodeId old) const { return values_[static_cast<size_t>(old)]; }
  // `base`, or `base_1`, `base_2`, ...: a name that neither the new graph nor
  // any node of the old one has, so that Copy stays possible.
  std::string UniqueName(absl::string_view base);

  // Same op and name on the new inputs. An input that was left out is an error.
  Value Copy(NodeId old);
  // Copies `roots` and whatever they need.
  void CopyNeededBy(const std::vector<NodeId>& roots);
  void Replace(NodeId old, Value value);

  // Copies outputs and updates and builds. FinishWithoutUpdates leaves the
  // updates out, and Finish those of leaves that were left out. The node of an
  // output, or the new value of a kept leaf, that was left out is an error.
  absl::StatusOr<Graph> Finish() &&;
  absl::StatusOr<Graph> FinishWithoutUpdates() &&;

 private:
  const Graph& graph_;
  GraphBuilder builder_;
  std::vector<Value> values_;
};

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_REWRITER_H_
