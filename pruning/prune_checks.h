// What Prune asks of a model, its samples and its size before it starts.
#ifndef ESPALIER_PRUNING_PRUNE_CHECKS_H_
#define ESPALIER_PRUNING_PRUNE_CHECKS_H_

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace espalier {

// Whether all values are finite.
absl::Status CheckParameters(const Model& model);

// Whether the samples (pruning/activity.h) lie in the domains that there are.
absl::Status CheckSamples(const Graph& graph,
                          const std::vector<Tensor>& samples,
                          const std::map<std::string, InputDomain>& domains);

// The f32 inputs that reach a ReLU and have no domain.
std::vector<std::string> InputsWithoutDomain(const Model& model);

// Whether interval bounds, and a witness for each unit, fit.
absl::Status CheckMemory(const Graph& graph, int64_t max_bytes);

}  // namespace espalier

#endif  // ESPALIER_PRUNING_PRUNE_CHECKS_H_
