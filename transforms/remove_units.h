// The surgery of pruning: removes given units of ReLUs from a model.
#ifndef ESPALIER_TRANSFORMS_REMOVE_UNITS_H_
#define ESPALIER_TRANSFORMS_REMOVE_UNITS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/model.h"

namespace espalier {

// Units of one ReLU that are zero wherever the model is to be used: elements
// of the ReLU's input, the batch left out, numbered row by row.
struct UnitRemoval {
  NodeId relu;
  std::vector<int64_t> units;  // ascending
};

// What was done with one ReLU's units.
struct RemovedUnits {
  NodeId relu;                 // in the model given
  std::vector<int64_t> units;  // removed, ascending
  // Why the others were not removed, naming the node that stands in the way;
  // empty when all were.
  std::string refusal;
};

struct RemovalResult {
  Model model;
  std::vector<RemovedUnits> layers;  // one per UnitRemoval, in its order
};

// Removes the units from their producers (columns of weights and elements of
// biases) and from all consumers (rows of weights), through elementwise ops
// that keep zeros. A layer of which every unit goes leaves a constant behind,
// made of the biases downstream. Where a producer or consumer does not allow it
// (a unit is an output, a weight is shared, two branches meet) the units of
// that ReLU stay and the refusal says why. The history is the caller's to
// write.
absl::StatusOr<RemovalResult> RemoveUnits(
    const Model& model, const std::vector<UnitRemoval>& removals);

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_REMOVE_UNITS_H_
