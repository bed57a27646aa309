// The short way to a trained model.
#ifndef ESPALIER_TRAINING_FIT_H_
#define ESPALIER_TRAINING_FIT_H_

#include "absl/status/statusor.h"
#include "graph/builder.h"
#include "graph/model.h"
#include "ops/optimizers.h"
#include "training/dataset.h"
#include "training/trainer.h"

namespace espalier {

// Train (training/trainer.h), of which only the model is wanted (TrainResult
// also tells, in its warning, when the model gets no class names):
//   Fit(g, MeanSquaredError(y, target), optimizers::Adam(1e-2f),
//       builtin::Cosine(200), FitOptions().Epochs(1000));
absl::StatusOr<Model> Fit(GraphBuilder& graph, Value loss,
                          const Optimizer& optimizer, const Dataset& data,
                          const FitOptions& options = FitOptions());

}  // namespace espalier

#endif  // ESPALIER_TRAINING_FIT_H_
