// Layers: functions over ops that make their own named parameters.
#ifndef ESPALIER_OPS_LAYERS_H_
#define ESPALIER_OPS_LAYERS_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/builder.h"
#include "ops/named_activations.h"

namespace espalier {
namespace layers {

struct BatchNormOptions {
  absl::string_view name = "batch_norm";  // made unique in the graph
  // Of a new batch in the running statistics.
  float momentum = 0.1f;
  float epsilon = 1e-5f;
};

struct LayerNormOptions {
  absl::string_view name = "layer_norm";  // made unique in the graph
  float epsilon = 1e-5f;
};

// LayerNorm (ops/layer_norm.h) over the last axis of x, of C columns. Makes the
// parameters `name/scale` (from 1) and `name/shift` (from 0), both [C].
Value LayerNorm(Value x, const LayerNormOptions& options = LayerNormOptions());

struct DenseOptions {
  absl::string_view name = "dense";  // made unique in the graph
  // WeightInitializer of the activation, unless given.
  absl::optional<Initializer> weight_initializer;
  // Uniform within 1 / sqrt(K), unless given.
  absl::optional<Initializer> bias_initializer;
  // Batch normalization between product and activation, as `name/batch_norm`
  // (what `name` these options hold is not read).
  absl::optional<BatchNormOptions> batch_norm;
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
// share the state `dropout_step`, a StepCounter (ops/schedule_values.h);
// another node of that name is an error. The inference form has neither.
Value Dropout(Value x, float rate,
              const DropoutOptions& options = DropoutOptions());

// Batch normalization (ops/normalization.h) over all axes of x, [N, C] or
// [N, C, ...], but axis 1: (x - mean) / sqrt(variance + epsilon) * scale +
// shift. Makes the parameters `name/scale` (from 1) and `name/shift` (from 0)
// and the states `name/running_mean` (from 0) and `name/running_variance` (from
// 1), all [C]. Each run takes mean and biased variance of its batch and moves
// the states towards its mean and unbiased variance, as PyTorch does; of a
// single element a channel, which has none, the variance stays. The inference
// form reads the states.
Value BatchNorm(Value x, const BatchNormOptions& options = BatchNormOptions());

}  // namespace layers
}  // namespace espalier

#endif  // ESPALIER_OPS_LAYERS_H_
