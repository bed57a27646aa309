// Training: a loss is differentiated, compiled into a graph that does one step
// a run, and run over shuffled mini-batches.
#ifndef ESPALIER_TRAINING_TRAINER_H_
#define ESPALIER_TRAINING_TRAINER_H_

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "graph/builder.h"
#include "graph/model.h"
#include "graph/tensor.h"
#include "ops/optimizers.h"
#include "ops/schedules.h"
#include "training/dataset.h"
#include "training/epoch_report.h"

namespace espalier {

// Set by name: FitOptions().Epochs(60).BatchSize(32).
struct FitOptions {
  int epochs = 10;
  int64_t batch_size = 32;  // 0: all rows in one
  // Of first values and of the order of the rows.
  uint64_t seed = 0;
  int threads = 0;  // 0: as many as OpenMP would take
  // What the optimiser's rate is multiplied by at each step; the training ends
  // after `epochs`, early stopping or not.
  espalier::Schedule schedule;
  // First values of parameters, by name, instead of drawn ones: how the
  // training of a model goes on.
  std::map<std::string, Tensor> initial_values;
  // Names of the model's classes in place of the data's, as many as the last
  // dimension of an output: those of a model whose training goes on.
  std::vector<std::string> class_names;
  // Rows to measure after each epoch: these, or a random share of the training
  // rows that is then not trained on. At most one of the two.
  absl::optional<Dataset> validation;
  double validation_share = 0;
  // Stops once the validation loss has not reached a new minimum for so many
  // epochs, and keeps the values of its best epoch; 0: never.
  int early_stop = 0;
  // A file to which ToJson of each epoch goes as a line, made anew; empty:
  // none.
  std::string log_path;
  std::function<void(const EpochReport&)> on_epoch;
  // Called every tenth of a second or so, between steps.
  std::function<void(const TrainProgress&)> on_progress;

  FitOptions& Epochs(int value) { return epochs = value, *this; }
  FitOptions& BatchSize(int64_t value) { return batch_size = value, *this; }
  FitOptions& Seed(uint64_t value) { return seed = value, *this; }
  FitOptions& Threads(int value) { return threads = value, *this; }
  FitOptions& Schedule(espalier::Schedule value) {
    return schedule = std::move(value), *this;
  }
  FitOptions& InitialValues(std::map<std::string, Tensor> values) {
    return initial_values = std::move(values), *this;
  }
  FitOptions& ClassNames(std::vector<std::string> names) {
    return class_names = std::move(names), *this;
  }
  FitOptions& Validation(Dataset data) {
    return validation = std::move(data), *this;
  }
  FitOptions& Validation(double share) {
    return validation_share = share, *this;
  }
  FitOptions& EarlyStop(int value) { return early_stop = value, *this; }
  FitOptions& Log(std::string path) {
    return log_path = std::move(path), *this;
  }
  FitOptions& OnEpoch(std::function<void(const EpochReport&)> callback) {
    return on_epoch = std::move(callback), *this;
  }
  FitOptions& OnProgress(std::function<void(const TrainProgress&)> callback) {
    return on_progress = std::move(callback), *this;
  }
};

struct TrainResult {
  // The inference form: the outputs that the graph had, no loss, target,
  // updates or optimiser states; with the data's domain, and the class names of
  // the options or else of the data, whose names are for a graph with one
  // output, [N, classes] (see `warning`).
  Model model;
  int64_t steps = 0;
  // Rows trained on, over all epochs, and the time that this took, validation
  // left out.
  int64_t samples = 0;
  double seconds = 0;
  bool stopped_early = false;
  EpochReport last;  // the last epoch run
  EpochReport kept;  // the one whose values the model has
  // What a classification went without since the graph has several outputs, or
  // one that is not [N, classes]: class names, validation accuracy. And the
  // first class that the data names otherwise than the options. Empty if there
  // is nothing to say.
  std::string warning;
};

// Trains all parameters that the graph has so far towards a smaller `loss`, an
// f32 scalar. The graph's inputs are the features, then the targets (which may
// be missing if the loss does not need them), [N, ...] with as many elements a
// row as the data in whichever shape; it has at least one output. Ends the
// builder. The same graph, data, options and threads give the same bits.
//
// Errors: those of the builder, of compiling, data that does not fit the
// inputs, options out of range, an initial value of no parameter or of another
// type than its, class names that are not as many as an output has, and a loss
// that is no longer finite, named with its epoch and step.
absl::StatusOr<TrainResult> Train(GraphBuilder& graph, Value loss,
                                  const Optimizer& optimizer,
                                  const Dataset& data,
                                  const FitOptions& options = FitOptions());

}  // namespace espalier

#endif  // ESPALIER_TRAINING_TRAINER_H_
