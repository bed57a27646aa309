// Activity: how often the units of each ReLU fire when samples are run.
#ifndef ESPALIER_PRUNING_ACTIVITY_H_
#define ESPALIER_PRUNING_ACTIVITY_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "graph/model.h"
#include "graph/tensor.h"
#include "runtime/executable.h"
#include "runtime/session.h"

namespace espalier {

// What the units of one ReLU did; vectors hold one entry per unit.
struct LayerActivity {
  NodeId relu;
  std::vector<float> smallest;  // of the ReLU's input over all samples
  std::vector<float> largest;
  std::vector<int64_t> largest_at;  // the first sample that gave it
  std::vector<int64_t> fired;       // samples with an input above 0
  std::vector<int64_t> undefined;   // samples with a NaN
};

// How graphs are compiled that pruning runs: small ones for a single thread,
// others for `threads`, 0 for as many as OpenMP would take.
CompileOptions OptionsFor(const Graph& graph, int threads);

// The shape of `count` samples of an input: [count, ...] in place of [N, ...],
// and [count, 1, 5] for an input [1, 5] without the batch.
Shape SamplesShape(const Shape& input, int64_t count);

// One sample of each input, taken out of several: [1, ...] where the input has
// the batch, else the input's shape.
std::vector<Tensor> SampleAt(const Graph& graph,
                             absl::Span<const Tensor> samples, int64_t index);

// Whether `samples` holds a tensor per graph input, in the graph's order, of
// its type and of SamplesShape. The errors name the input.
absl::StatusOr<int64_t> CountSamples(const Graph& graph,
                                     absl::Span<const Tensor> samples);

// Runs the part of a model's graph that its ReLUs need in float32. For one
// thread at a time.
class ActivityMeter {
 public:
  // Errors: a model with updates or one that is not valid, a node that cannot
  // be executed.
  static absl::StatusOr<ActivityMeter> Create(const Model& model,
                                              int threads = 0);

  // One entry per ReLU in graph order; numbers samples from 0. Samples are run
  // in batches, or one by one where an input has no batch or a node mixes the
  // samples of one. Errors: those of CountSamples, samples that the runtime
  // refuses (values that are not finite).
  absl::StatusOr<std::vector<LayerActivity>> Measure(
      absl::Span<const Tensor> samples);

 private:
  ActivityMeter() = default;

  Graph graph_;                       // as given
  std::vector<NodeId> relus_;         // in graph order
  int64_t batch_ = 1;                 // samples per run
  std::unique_ptr<Session> session_;  // null without a ReLU
};

}  // namespace espalier

#endif  // ESPALIER_PRUNING_ACTIVITY_H_
