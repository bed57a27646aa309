// Layers: functions over ops that make their own named parameters.
#ifndef ESPALIER_OPS_LAYERS_H_
#define ESPALIER_OPS_LAYERS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/builder.h"
#include "ops/elementwise.h"

namespace espalier {
namespace layers {

struct DenseOptions {
  absl::string_view name = "dense";  // made unique in the graph
  // He for relu and leaky relu, Glorot for the rest, unless given.
  absl::optional<Initializer> weight_initializer;
  // Uniform within 1 / sqrt(K), unless given.
  absl::optional<Initializer> bias_initializer;
};

// activation(x W + b): x is [N, K]; makes the parameters `name/weight` [K,
// units] and `name/bias` [units] and the nodes
// `name` (the product) and `name/relu`, or whatever the activation is called.
Value Dense(Value x, int64_t units,
            Activation activation = Activation::kIdentity,
            const DenseOptions& options = DenseOptions());

struct DropoutOptions {
  absl::string_view name = "dropout";  // made unique in the graph
  // With the number of dropout layers before it, it determines the masks.
  uint64_t seed = 0;
};

// Dropout (ops/dropout.h) with a new mask at each step: the layers of a graph
// share the state `dropout_step` (i32[]), which counts the runs from 0, modulo
// 2^32. The inference form has neither.
Value Dropout(Value x, float rate,
              const DropoutOptions& options = DropoutOptions());

}  // namespace layers
}  // namespace espalier

#endif  // ESPALIER_OPS_LAYERS_H_
