// Interval bounds of what the ReLUs of a model read.
#ifndef ESPALIER_PRUNING_BOUNDS_H_
#define ESPALIER_PRUNING_BOUNDS_H_

#include <map>
#include <string>

#include "absl/status/statusor.h"
#include "graph/graph.h"
#include "graph/interval.h"
#include "graph/model.h"

namespace espalier {

// Which inputs of the model the bounds are to hold for.
enum class BoundsScope {
  // Every input within the domains (without one: every finite value).
  // Intermediate results may overflow and then bound nothing.
  kDomain,
  // Every finite input for which no intermediate result overflows; domains
  // are ignored.
  kAllInputs,
};

// For each ReLU, by its node, intervals for its input, one sample of it: they
// contain every value that float32 execution can give in any summation order.
// One pass forward through the graph with Op::Bounds. A node that mixes the
// samples of a batch can be anything. Internal, with the node's name:
// Op::Bounds gives intervals of another shape, too many, too few, or one whose
// ends are no numbers in order. REQUIRES: Validate(model) is OK.
absl::StatusOr<std::map<NodeId, IntervalTensor>> ReluBounds(
    const Model& model, const std::map<std::string, InputDomain>& domains,
    BoundsScope scope);

// The most bytes that ReluBounds holds at once, its result included.
double PeakBoundsBytes(const Graph& graph);

}  // namespace espalier

#endif  // ESPALIER_PRUNING_BOUNDS_H_
