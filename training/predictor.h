// Predictor: a model, ready to be asked.
#ifndef ESPALIER_TRAINING_PREDICTOR_H_
#define ESPALIER_TRAINING_PREDICTOR_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/model.h"
#include "graph/tensor.h"
#include "runtime/session.h"

namespace espalier {

// What to do with inputs outside the model's declared domain.
enum class Outside { kError, kWarn, kIgnore };
absl::string_view OutsideName(Outside outside);  // "error", "warn", "ignore"
absl::StatusOr<Outside> ParseOutside(absl::string_view name);

struct PredictorOptions {
  int threads = 0;  // 0: as many as OpenMP would take
  // Samples at a time, so that memory does not grow with their number; 0: all.
  // A model whose samples depend on each other takes all.
  int64_t batch_size = 0;
  // Without it: kError if the model's history holds a removal of grade
  // "domain", else kIgnore.
  absl::optional<Outside> outside;
};

// For one thread at a time.
//
// An input comes in its declared shape with any number of samples in front, or
// in another of as many elements a sample, such as one flattened row each. When
// one came in another shape than the declared, the outputs are flattened rows.
class Predictor {
 public:
  // Errors: a model that is not valid, one with updates (a training graph).
  static absl::StatusOr<Predictor> Create(
      const Model& model, const PredictorOptions& options = PredictorOptions());

  // Of a model with one input and one output.
  absl::StatusOr<Tensor> Run(const TensorView& input);
  // One per input, in the graph's order; gives one per output.
  absl::StatusOr<std::vector<Tensor>> RunAll(
      absl::Span<const TensorView> inputs);
  // By name.
  absl::StatusOr<std::map<std::string, Tensor>> RunNamed(
      const std::map<std::string, Tensor>& inputs);

  // With Outside::kWarn: what the last run's inputs had outside the domain, for
  // people to read; else empty.
  const std::string& warning() const { return warning_; }

 private:
  Predictor(Model model, Outside outside, int64_t batch_size, Session session);

  // From views in the declared shapes.
  absl::StatusOr<std::vector<Tensor>> RunChecked(
      const std::vector<TensorView>& inputs);
  absl::Status CheckInput(const std::string& name, const TensorView& view);

  Model model_;  // without values
  Outside outside_;
  int64_t batch_size_;
  Session session_;
  std::string warning_;
};

}  // namespace espalier

#endif  // ESPALIER_TRAINING_PREDICTOR_H_
