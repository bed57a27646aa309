#include "pruning/activity.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "pruning/relus.h"
#include "runtime/parameter_store.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

// Parameters from which on several threads gain more than they cost.
constexpr int64_t kElementsForThreads = int64_t{1} << 20;

// Large enough for the kernels, small enough for the arena.
constexpr int64_t kSamplesPerRun = 256;

TensorView Slice(const Tensor& samples, const Shape& input, int64_t first,
                 int64_t count) {
  const int64_t bytes = input.num_elements_per_sample() * 4;
  return TensorView(
      samples.dtype(), input.Bind(count),
      static_cast<const unsigned char*>(samples.raw()) + first * bytes);
}

// The graph with what the ReLUs read as its outputs.
absl::StatusOr<Graph> PreActivations(const Graph& graph,
                                     const std::vector<NodeId>& relus) {
  std::vector<NodeId> roots = graph.inputs();
  for (NodeId relu : relus) roots.push_back(graph.node(relu).inputs[0]);
  Rewriter rewriter(graph);
  rewriter.CopyNeededBy(roots);
  for (NodeId relu : relus) {
    rewriter.builder().Output(graph.node(relu).name,
                              rewriter.Get(graph.node(relu).inputs[0]));
  }
  return rewriter.builder().Build();
}

LayerActivity NothingYet(NodeId relu, int64_t units) {
  const auto n = static_cast<size_t>(units);
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  return {relu,
          std::vector<float>(n, kInfinity),
          std::vector<float>(n, -kInfinity),
          std::vector<int64_t>(n, 0),
          std::vector<int64_t>(n, 0),
          std::vector<int64_t>(n, 0)};
}

// Counts what `samples` samples, number `first` and on, gave: a row of values
// each, or one row for all when the values do not depend on the inputs.
void Count(absl::Span<const float> values, int64_t first, int64_t samples,
           LayerActivity& activity) {
  const size_t units = activity.fired.size();
  const int64_t weight = values.size() == units ? samples : 1;
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t unit = i % units;
    const float z = values[i];
    if (std::isnan(z)) activity.undefined[unit] += weight;
    if (z > 0) activity.fired[unit] += weight;
    activity.smallest[unit] = std::min(activity.smallest[unit], z);
    if (z > activity.largest[unit]) {
      activity.largest[unit] = z;
      activity.largest_at[unit] = first + static_cast<int64_t>(i / units);
    }
  }
}

}  // namespace

CompileOptions OptionsFor(const Graph& graph, int threads) {
  int64_t elements = 0;
  for (NodeId id : graph.parameters()) {
    elements += graph.node(id).type.shape.num_elements();
  }
  CompileOptions options;
  options.threads = elements < kElementsForThreads ? 1 : threads;
  return options;
}

Shape SamplesShape(const Shape& input, int64_t count) {
  if (input.has_symbolic_batch()) return input.Bind(count);
  std::vector<int64_t> dims = {count};
  dims.insert(dims.end(), input.dims().begin(), input.dims().end());
  return Shape(dims);
}

std::vector<Tensor> SampleAt(const Graph& graph,
                             absl::Span<const Tensor> samples, int64_t index) {
  std::vector<Tensor> sample;
  for (size_t i = 0; i < samples.size(); ++i) {
    const Shape& input = graph.node(graph.inputs()[i]).type.shape;
    sample.push_back(Slice(samples[i], input, index, 1).ToTensor());
  }
  return sample;
}

absl::StatusOr<int64_t> CountSamples(const Graph& graph,
                                     absl::Span<const Tensor> samples) {
  const std::vector<NodeId>& inputs = graph.inputs();
  if (samples.size() != inputs.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("expected samples of ", inputs.size(), " inputs, found ",
                     samples.size()));
  }
  const int64_t count = samples.empty() || samples[0].shape().rank() == 0
                            ? 0
                            : samples[0].shape().dim(0);
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Node& input = graph.node(inputs[i]);
    const TensorType expected = {input.type.dtype,
                                 SamplesShape(input.type.shape, count)};
    if (samples[i].type() != expected) {
      return absl::InvalidArgumentError(absl::StrCat(
          "samples of ", input.ToString(), " are ",
          samples[i].type().ToString(), ", expected ", expected.ToString()));
    }
  }
  if (count == 0) return absl::InvalidArgumentError("there are no samples");
  return count;
}

absl::StatusOr<ActivityMeter> ActivityMeter::Create(const Model& model,
                                                    int threads) {
  RETURN_IF_ERROR(Validate(model));
  if (!model.graph.updates().empty()) {
    return absl::FailedPreconditionError(
        "the graph has updates: activity is measured on an inference form");
  }
  ActivityMeter meter;
  meter.graph_ = model.graph;
  meter.relus_ = FindRelus(model.graph);
  if (meter.relus_.empty()) return meter;
  if (SamplesAreIndependent(model.graph)) meter.batch_ = kSamplesPerRun;
  ASSIGN_OR_RETURN(const Graph graph,
                   PreActivations(model.graph, meter.relus_));
  ASSIGN_OR_RETURN(std::shared_ptr<const Executable> executable,
                   Executable::Compile(graph, OptionsFor(graph, threads)));
  ASSIGN_OR_RETURN(std::shared_ptr<ParameterStore> store,
                   ParameterStore::FromValues(graph, model.values));
  ASSIGN_OR_RETURN(Session session,
                   Session::Create(std::move(executable), std::move(store)));
  meter.session_ = std::make_unique<Session>(std::move(session));
  return meter;
}

absl::StatusOr<std::vector<LayerActivity>> ActivityMeter::Measure(
    absl::Span<const Tensor> samples) {
  ASSIGN_OR_RETURN(const int64_t total, CountSamples(graph_, samples));
  std::vector<LayerActivity> layers;
  for (NodeId relu : relus_) {
    layers.push_back(NothingYet(
        relu, graph_.node(relu).type.shape.num_elements_per_sample()));
  }
  if (session_ == nullptr) return layers;
  for (int64_t first = 0; first < total; first += batch_) {
    const int64_t count = std::min(batch_, total - first);
    std::vector<TensorView> views;
    for (size_t i = 0; i < samples.size(); ++i) {
      views.push_back(Slice(samples[i],
                            graph_.node(graph_.inputs()[i]).type.shape, first,
                            count));
    }
    RETURN_IF_ERROR(
        Annotate(session_->Run(views),
                 absl::StrCat("samples ", first, " to ", first + count - 1)));
    for (size_t i = 0; i < layers.size(); ++i) {
      Count(session_->output(static_cast<int>(i)).data<float>(), first, count,
            layers[i]);
    }
  }
  return layers;
}

}  // namespace espalier
