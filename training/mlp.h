// The multilayer network that the command trains.
#ifndef ESPALIER_TRAINING_MLP_H_
#define ESPALIER_TRAINING_MLP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/builder.h"
#include "ops/named_activations.h"
#include "training/dataset.h"

namespace espalier {

// How first weights are drawn (graph/initializer.h); biases start at 0.
enum class WeightInit { kHe, kGlorot, kZero };
absl::string_view WeightInitName(WeightInit init);  // "he", "glorot", "zero"
absl::StatusOr<WeightInit> ParseWeightInit(absl::string_view name);

struct MlpOptions {
  std::vector<int64_t> hidden = {128};  // units of each hidden layer
  Activation activation = Activation::kRelu;
  // Of each hidden layer: batch normalization before the activation, dropout
  // behind it (the seed is that of the masks).
  bool batch_norm = false;
  float dropout = 0;  // the share dropped, in [0, 1)
  uint64_t dropout_seed = 0;
  // Of every layer; without it as layers::Dense chooses.
  absl::optional<WeightInit> init;
  // The name of one of TaskLosses(); empty: the first for the data's task.
  std::string loss;
  // Scales of the penalties sum |w| and sum w^2 over weights, not biases.
  float l1 = 0;
  float l2 = 0;
};

// Adds a network for the data to the graph and gives the loss to train on.
//
// The input "x" takes the features as they are, a flattened row per sample. The
// nodes after it, which stay in the model, bring them to the network's scale:
// data with a declared domain is mapped linearly from it to [0, 1] (nothing is
// done to [0, 1] itself); other data is standardised by mean and standard
// deviation of the training rows, each element by its own (one that never
// changes is only shifted to 0).
//
// Classification: input "label", output "logits". Regression: input "target",
// output "y"; without a domain the network learns the standardised target, in
// which the loss counts, and the output is scaled back.
//
// With batch normalization or dropout the graph has updates of states, those of
// the layers (ops/layers.h).
//
// Errors: options out of range; a loss for another task; a class without any
// row in training or test part (classes are numbered from 0 without gaps).
absl::StatusOr<Value> BuildMlp(GraphBuilder& graph, const Dataset& data,
                               const MlpOptions& options = MlpOptions());

}  // namespace espalier

#endif  // ESPALIER_TRAINING_MLP_H_
