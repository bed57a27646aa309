// Activations by name, as layers and the command take them.
#ifndef ESPALIER_OPS_NAMED_ACTIVATIONS_H_
#define ESPALIER_OPS_NAMED_ACTIVATIONS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/builder.h"
#include "graph/initializer.h"

namespace espalier {

// All that need no parameter; what has attributes takes their defaults.
enum class Activation {
  kIdentity,
  kRelu,
  kLeakyRelu,
  kRelu6,
  kElu,
  kSelu,
  kCelu,
  kSigmoid,
  kTanh,
  kSoftplus,
  kSoftsign,
  kSwish,
  kGelu,
  kGeluTanh,
  kMish,
  kHardSigmoid,
  kHardSwish,
};

Value Activate(Value x, Activation activation, absl::string_view name = "");

absl::string_view ActivationName(Activation activation);  // "leaky-relu"
// Also of another name in use: "silu" is swish.
absl::StatusOr<Activation> ParseActivation(absl::string_view name);
// All that ParseActivation takes, by Activation.
std::vector<std::string> ActivationNames();

// For the weights [fan_in, fan_out] of a layer with this activation behind it:
// He for relu and those like it, LeCun for selu, Glorot for the rest.
Initializer WeightInitializer(Activation activation, int64_t fan_in,
                              int64_t fan_out);

}  // namespace espalier

#endif  // ESPALIER_OPS_NAMED_ACTIVATIONS_H_
