// The surgery of pruning: removes given units of ReLUs from a model.
#ifndef ESPALIER_TRANSFORMS_REMOVE_UNITS_H_
#define ESPALIER_TRANSFORMS_REMOVE_UNITS_H_

#include <cstdint>
#include <map>
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
  // For each ReLU that has fewer units now, by name, the units it kept, as
  // numbered in the model given. One whose units all went, and whatever only
  // they needed, is no longer in the graph.
  std::map<std::string, std::vector<int64_t>> kept;
};

// Removes the units from their producers (columns of weights and elements of
// biases and of what batch normalization has for each) and from all consumers
// (rows of weights), through elementwise ops that keep zeros, and reshapes. A
// layer of which every unit goes leaves the biases of its consumers behind.
// Where a producer or consumer does not allow it (a unit is an output, a weight
// is shared or not finite, two branches meet, a path of units is longer than
// UnitPaths::kMostPassing) the units of that ReLU stay and the refusal says
// why. Nothing removed gives the model as it came. The history is the caller's
// to write. Errors: a model that is not valid, one with updates (it is to be an
// inference form), units that a ReLU does not have, a ReLU given twice.
absl::StatusOr<RemovalResult> RemoveUnits(
    const Model& model, const std::vector<UnitRemoval>& removals);

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_REMOVE_UNITS_H_
