// Recomputation of activations (T. Chen et al., Training Deep Nets with
// Sublinear Memory Cost, 2016): a training graph that needs less memory and
// more time.
#ifndef ESPALIER_TRANSFORMS_RECOMPUTE_H_
#define ESPALIER_TRANSFORMS_RECOMPUTE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/graph.h"

namespace espalier {

struct RecomputeOptions {
  // The output that is differentiated. Nodes up to its node are the forward
  // part, those after it the backward part, as Gradients makes them.
  std::string loss = "loss";
  // Into how many segments the forward part is cut: what crosses a cut is kept,
  // and so is all of the last segment. 0: the square root of the number of
  // values that the backward part reads. Cuts are made near equal amounts of
  // such values, where little crosses.
  int segments = 0;
  // Instead: the names of the forward nodes that are kept, and no others.
  // `segments` must be 0.
  std::vector<std::string> keep;
};

// The same graph, in which the backward part reads copies of forward nodes,
// `<name>/recomputed`, made of kept values right before their first use, so
// that what is not kept lives only until the forward part has read it. Single
// numbers, outputs and new values of leaves are kept anyway. Ops compute the
// same for the same inputs, also those that are random, so results are the
// same; in float32 execution to the bit, unless a product that is now stored no
// more is contracted with a sum. Without a copy the graph is as it was, and
// nothing is gained: there is one segment, or all that could be dropped is
// kept.
//
// To be the last pass: one that merges equal nodes would undo it. Errors: no
// such output, a name of no forward node, segments below 0 or beside names.
absl::StatusOr<Graph> RecomputeActivations(
    const Graph& graph, const RecomputeOptions& options = RecomputeOptions());

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_RECOMPUTE_H_
