// How large a network `train` trains here.
#ifndef ESPALIER_TOOLS_TRAIN_LIMITS_H_
#define ESPALIER_TOOLS_TRAIN_LIMITS_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "training/dataset.h"

namespace espalier {
namespace tools {

// Whether a multilayer network with these hidden layers can be trained here,
// each parameter with its gradient, two moments and a copy to save, and saved.
absl::Status CheckNetworkSize(const Dataset& data,
                              const std::vector<int64_t>& hidden,
                              bool batch_norm);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_TRAIN_LIMITS_H_
