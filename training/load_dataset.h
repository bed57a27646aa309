// Data sets by description, as the command takes them.
#ifndef ESPALIER_TRAINING_LOAD_DATASET_H_
#define ESPALIER_TRAINING_LOAD_DATASET_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "training/dataset.h"

namespace espalier {

struct LoadDatasetOptions {
  // CSV: the column to learn, by name in the header, or "last".
  std::string target = "last";
  // CSV: classification unless told otherwise. NPY: without it, labels stored
  // as integers are classes and others are regressed.
  absl::optional<Task> task;
  // NPY: the file of the labels.
  std::string labels;
};

// `description` is one of
//   builtin:NAME   a data set of the library (training/builtin.h);
//   a folder       IDX files under the MNIST names, plain or .gz: train-images-
//                  idx3-ubyte, train-labels-idx1-ubyte and, if present, the
//                  test part t10k-...; pixels in [0, 1], the declared domain;
//   F.csv[.gz]     a table of numbers; no domain;
//   x.npy[.gz]     features, with options.labels for the targets; no domain.
// Errors name the file and the place. An option that does not belong to the
// kind of data (labels for a CSV, a task for IDX, ...) is an error.
absl::StatusOr<Dataset> LoadDataset(
    const std::string& description,
    const LoadDatasetOptions& options = LoadDatasetOptions());

}  // namespace espalier

#endif  // ESPALIER_TRAINING_LOAD_DATASET_H_
