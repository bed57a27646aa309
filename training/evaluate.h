// How good a model is on given data.
#ifndef ESPALIER_TRAINING_EVALUATE_H_
#define ESPALIER_TRAINING_EVALUATE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "graph/model.h"
#include "graph/shape.h"
#include "training/dataset.h"

namespace espalier {

struct EvaluateOptions {
  int64_t batch_size = 1024;  // rows at a time; 0: all
  int threads = 0;
  // The name of one of TaskLosses(); empty: the first for the data's task.
  std::string loss;
};

struct Evaluation {
  struct Class {
    int64_t samples = 0;
    int64_t correct = 0;
  };

  int64_t samples = 0;
  // The one asked for, of the output, in double precision, without penalties.
  // Cross-entropy takes an output that is no softmax and no log-softmax for
  // logits.
  double loss = 0;
  std::string loss_name;
  // Of a classification: the share of samples whose largest output (the first
  // of equals) is the label's, and the same counted by class.
  absl::optional<double> accuracy;
  std::vector<Class> classes;
};

// Whether an output of this type can be held against the data's targets: f32
// [N, C] with a C at least the number of classes, or as many elements a sample
// as a row has targets. InvalidArgument otherwise, which says what the output
// is and what was expected, or names a label that the output has no column for.
absl::Status CheckTargets(const TensorType& output, const Dataset& data);

// Of a model with one input that fits the data's features and one output, as
// CheckTargets wants it. Errors say what does not fit: a label that the output
// has no column for, with its row; a loss for another task, or one that is not
// of probabilities where the output is a softmax.
absl::StatusOr<Evaluation> Evaluate(
    const Model& model, const Dataset& data,
    const EvaluateOptions& options = EvaluateOptions());

}  // namespace espalier

#endif  // ESPALIER_TRAINING_EVALUATE_H_
