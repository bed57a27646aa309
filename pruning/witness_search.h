// Looks for inputs at which units fire: a witness refutes that a unit is
// always zero.
#ifndef ESPALIER_PRUNING_WITNESS_SEARCH_H_
#define ESPALIER_PRUNING_WITNESS_SEARCH_H_

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace espalier {

// A unit: its ReLU, and its number there.
using Unit = std::pair<NodeId, int64_t>;

// An input and what the ReLU reads for the unit there, as run in float32.
struct UnitPoint {
  std::vector<Tensor> inputs;  // one sample (pruning/activity.h) per input
  float pre_activation = 0;    // above 0 for a witness
};

// Planning a run takes time by the square of the results alive at once, and the
// search has every ReLU's input alive.
constexpr int kMostSearchedNodes = 10000;
constexpr size_t kMostSearchedRelus = 1000;

// Witnesses, inside the domains, of as many of the `open` units as it can find:
// from probes (pruning/probes.h), then for the others by a few steps along the
// gradient from the best probe towards corners of the domain. Where samples
// depend on each other or an op on the way has no gradient, from probes alone.
// Of a graph with more than kMostSearchedNodes nodes or kMostSearchedRelus
// ReLUs, whose runs would have to be planned, none. The same arguments give the
// same result. REQUIRES: a domain for every f32
// input. Errors: a model that ActivityMeter refuses.
absl::StatusOr<std::map<Unit, UnitPoint>> FindWitnesses(
    const Model& model, const std::map<std::string, InputDomain>& domains,
    const std::set<Unit>& open, int threads = 0);

}  // namespace espalier

#endif  // ESPALIER_PRUNING_WITNESS_SEARCH_H_
