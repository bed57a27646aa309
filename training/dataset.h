// Dataset: samples and what is to be learned of them. Batches: the same rows in
// pieces, shuffled or in order, as a session takes them.
#ifndef ESPALIER_TRAINING_DATASET_H_
#define ESPALIER_TRAINING_DATASET_H_

#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace espalier {

enum class Task { kRegression, kClassification };
absl::string_view TaskName(Task task);  // "regression", "classification"
absl::StatusOr<Task> ParseTask(absl::string_view name);

// Which rows of a data set are meant.
enum class DataPart { kTrain, kTest, kAll };
absl::string_view DataPartName(DataPart part);  // "train", "test", "all"
absl::StatusOr<DataPart> ParseDataPart(absl::string_view name);

// Some rows of a data set. The views are good until the next batch is taken.
class Batch {
 public:
  Batch(TensorView features, TensorView targets) : inputs_{features, targets} {}

  // Features, then targets: the order of a training graph's inputs.
  absl::Span<const TensorView> inputs() const { return inputs_; }
  const TensorView& features() const { return inputs_[0]; }
  const TensorView& targets() const { return inputs_[1]; }
  int64_t rows() const { return inputs_[0].shape().dim(0); }

 private:
  std::array<TensorView, 2> inputs_;
};

class BatchRange;

// Immutable and cheap to copy: copies share the tensors.
class Dataset {
 public:
  struct Info {
    std::string name;
    // Of a classification: one per class; empty names them "0", "1", ...
    std::vector<std::string> class_names;
    // The documented range of the features, never one observed in them.
    absl::optional<InputDomain> domain;
  };

  // features: f32 [rows, ...]. targets: i32 [rows], class indices, or f32
  // [rows, outputs] to be regressed. Errors name the row: no rows or different
  // numbers of them, a value that is not finite, a label below 0 or beyond the
  // class names (without names: beyond kMaxClasses), a domain that does not
  // fit or that a feature lies outside of.
  static absl::StatusOr<Dataset> Create(Tensor features, Tensor targets,
                                        Info info = Info());
  static constexpr int64_t kMaxClasses = 65536;

  // This one with `test`, of the same task and row shape, as its test part; the
  // number of classes covers both.
  absl::StatusOr<Dataset> WithTest(const Dataset& test) const;
  // The same data with a declared domain; errors as of Create.
  absl::StatusOr<Dataset> WithDomain(InputDomain domain) const;

  const std::string& name() const { return info_->name; }
  Task task() const;
  // Without the test part, where there is one.
  const Tensor& features() const { return *features_; }
  const Tensor& targets() const { return *targets_; }
  int64_t rows() const { return features_->shape().dim(0); }
  // 0 for a regression. Without class names: the largest label plus 1.
  int64_t num_classes() const { return num_classes_; }
  // Whether all labels, those of the test part left out, are classes of a model
  // that has so many: "data 'd': label 9 of row 17: expected 0 to 2, of 3
  // classes". REQUIRES: a classification.
  absl::Status CheckLabels(int64_t classes) const;
  // One per class, made up where the data has none; empty for a regression.
  std::vector<std::string> class_names() const;
  const absl::optional<InputDomain>& domain() const { return info_->domain; }
  // Null where the data has none.
  const Dataset* test() const { return test_.get(); }

  // The training part (everything, where there is no test part), the test part
  // or both in one. Asking for a test part that is not there is an error.
  absl::StatusOr<Dataset> Part(DataPart part) const;
  // What is measured by default: the test part where there is one, else all.
  const Dataset& TestOrAll() const { return test_ ? *test_ : *this; }

  // These rows, in this order, without a test part.
  Dataset Rows(absl::Span<const int64_t> rows) const;

  struct Halves;
  // Takes a random share of the rows, 0 < fraction < 1 and at least one row on
  // either side, for validation; the test part stays with `train`.
  absl::StatusOr<Halves> Split(double fraction, uint64_t seed) const;

  // All rows once, in an order that depends on seed and epoch only; the last
  // batch may be short. A batch size of 0 or of all rows or more gives one
  // batch, unshuffled, without copying. REQUIRES: batch_size >= 0.
  BatchRange Batches(int64_t batch_size, uint64_t seed,
                     uint64_t epoch = 0) const;
  // The same in the order of the data, without copying.
  BatchRange BatchesInOrder(int64_t batch_size) const;

 private:
  friend class BatchRange;

  Dataset() = default;
  // Checks the tensors and counts the classes.
  absl::Status Check();

  std::shared_ptr<const Info> info_;
  std::shared_ptr<const Tensor> features_;
  std::shared_ptr<const Tensor> targets_;
  int64_t num_classes_ = 0;
  std::shared_ptr<const Dataset> test_;
};

struct Dataset::Halves {
  Dataset train;
  Dataset validation;
};

// for (const Batch& batch : data.Batches(32, seed)) ...
// Batches are gathered into buffers that the range owns and reuses, so it gives
// out one at a time, on one thread.
class BatchRange {
 public:
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = const Batch*;
    using reference = const Batch&;

    const Batch& operator*() const { return range_->batch_; }
    const Batch* operator->() const { return &range_->batch_; }
    Iterator& operator++() {
      range_->Load(++index_);
      return *this;
    }
    friend bool operator==(const Iterator& a, const Iterator& b) {
      return a.index_ == b.index_;
    }
    friend bool operator!=(const Iterator& a, const Iterator& b) {
      return !(a == b);
    }

   private:
    friend class BatchRange;
    Iterator(BatchRange* range, int64_t index) : range_(range), index_(index) {}
    BatchRange* range_;
    int64_t index_;
  };

  // Draws the order of another epoch; buffers stay.
  void Shuffle(uint64_t seed, uint64_t epoch);

  int64_t size() const { return num_batches_; }
  Iterator begin() {
    Load(0);
    return Iterator(this, 0);
  }
  Iterator end() { return Iterator(this, num_batches_); }

 private:
  friend class Dataset;
  BatchRange(const Dataset& data, int64_t batch_size);
  // Makes batch_ batch number `index`; nothing past the last.
  void Load(int64_t index);

  Dataset data_;
  int64_t batch_size_;
  int64_t num_batches_;
  std::vector<int64_t> order_;  // empty: the order of the data
  Tensor features_;
  Tensor targets_;
  Batch batch_;
};

}  // namespace espalier

#endif  // ESPALIER_TRAINING_DATASET_H_
