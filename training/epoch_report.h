// What a training tells while it runs.
#ifndef ESPALIER_TRAINING_EPOCH_REPORT_H_
#define ESPALIER_TRAINING_EPOCH_REPORT_H_

#include <cstdint>
#include <string>

#include "absl/types/optional.h"

namespace espalier {

// What one epoch came to.
struct EpochReport {
  int epoch = 0;            // from 1
  int64_t steps = 0;        // since the start of the training
  double seconds = 0;       // of the epoch, validation left out
  float learning_rate = 0;  // of the last step
  // Mean over the epoch's rows of the loss as it was trained on (penalties
  // included), each batch before its own update.
  double loss = 0;
  // With validation data, after the epoch: the same loss, and for a
  // classification by the graph's one output, [N, C], the share of rows whose
  // largest output is the label's.
  absl::optional<double> validation_loss;
  absl::optional<double> validation_accuracy;

  // One object on one line, without the line end; numbers that are not finite
  // are left out.
  std::string ToJson() const;
};

// Where a training is.
struct TrainProgress {
  int epoch = 0;  // from 1
  int epochs = 0;
  int64_t step = 0;  // of the epoch, from 1
  int64_t steps = 0;
  double seconds = 0;                       // since the start
  double loss = 0;                          // mean over the epoch so far
  const EpochReport* last_epoch = nullptr;  // null in the first

  std::string ToString() const;  // "epoch 3/60, step 12/45, loss 0.31"
};

}  // namespace espalier

#endif  // ESPALIER_TRAINING_EPOCH_REPORT_H_
