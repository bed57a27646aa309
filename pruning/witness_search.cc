#include "pruning/witness_search.h"

#include <algorithm>
#include <cstring>
#include <memory>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "pruning/activity.h"
#include "pruning/probes.h"
#include "pruning/relus.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "transforms/autodiff.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

constexpr int64_t kProbes = 1024;
constexpr int64_t kMostProbeElements = int64_t{1} << 26;  // 256 MiB of f32
constexpr int64_t kUnitsPerRun = 64;
constexpr int kRounds = 32;
// How far each round goes from a point towards the corner that its gradient
// points to. All of the way is the exact maximum where the unit is linear. A
// unit that no step lifts is given up.
constexpr double kSteps[] = {1, 0.5, 0.25, 0.125, 0.0625, 0.03125, 0.015625};

int64_t CountProbes(const Graph& graph) {
  int64_t elements = 1;
  for (NodeId id : graph.inputs()) {
    elements += graph.node(id).type.shape.num_elements_per_sample();
  }
  return std::max<int64_t>(4, std::min(kProbes, kMostProbeElements / elements));
}

// Samples put one after the other: row i of each tensor from points[i].
std::vector<Tensor> Join(const Graph& graph,
                         const std::vector<const UnitPoint*>& points) {
  std::vector<Tensor> joined;
  for (size_t i = 0; i < graph.inputs().size(); ++i) {
    const TensorType& type = graph.node(graph.inputs()[i]).type;
    Tensor all(type.dtype,
               SamplesShape(type.shape, static_cast<int64_t>(points.size())));
    const size_t bytes =
        static_cast<size_t>(type.shape.num_elements_per_sample()) * 4;
    auto* to = static_cast<unsigned char*>(all.raw());
    for (const UnitPoint* point : points) {
      if (bytes > 0) std::memcpy(to, point->inputs[i].raw(), bytes);
      to += bytes;
    }
    joined.push_back(std::move(all));
  }
  return joined;
}

// The gradient of one unit's pre-activation per row with respect to the
// inputs.
class UnitGradients {
 public:
  // For units of `relus`. Errors: an op without a gradient on the way.
  static absl::StatusOr<UnitGradients> Create(const Model& model,
                                              const std::vector<NodeId>& relus,
                                              int threads);

  bool Covers(NodeId relu) const {
    return std::find(relus_.begin(), relus_.end(), relu) != relus_.end();
  }

  // For each f32 input, in the graph's order, a row per unit.
  absl::StatusOr<std::vector<Tensor>> Run(const std::vector<Tensor>& points,
                                          const std::vector<Unit>& units);

 private:
  explicit UnitGradients(Session session) : session_(std::move(session)) {}

  Session session_;
  std::vector<NodeId> relus_;
  std::vector<int64_t> widths_;  // units of each
  int gradients_ = 0;
};

absl::StatusOr<UnitGradients> UnitGradients::Create(
    const Model& model, const std::vector<NodeId>& relus, int threads) {
  const Graph& graph = model.graph;
  Rewriter rewriter(graph);
  GraphBuilder& builder = rewriter.builder();
  std::vector<NodeId> roots = graph.inputs();
  for (NodeId relu : relus) roots.push_back(graph.node(relu).inputs[0]);
  rewriter.CopyNeededBy(roots);
  Value score = builder.Constant(0.0f);
  std::vector<int64_t> widths;
  for (NodeId relu : relus) {
    const Value read = rewriter.Get(graph.node(relu).inputs[0]);
    widths.push_back(read.shape().num_elements_per_sample());
    const Value selector = builder.Input(rewriter.UniqueName("selector"),
                                         Shape({kBatch, widths.back()}));
    score = Add(score, Sum(Mul(Flatten(read), selector)));
  }
  std::vector<Value> inputs;
  for (NodeId id : graph.inputs()) {
    if (graph.node(id).type.dtype == DataType::kF32) {
      inputs.push_back(rewriter.Get(id));
    }
  }
  const std::vector<Value> slopes = Gradients(score, inputs);
  for (size_t i = 0; i < slopes.size(); ++i) {
    builder.Output(absl::StrCat("slope", i), slopes[i]);
  }
  ASSIGN_OR_RETURN(const Graph gradients, builder.Build());
  ASSIGN_OR_RETURN(
      std::shared_ptr<const Executable> executable,
      Executable::Compile(gradients, OptionsFor(gradients, threads)));
  ASSIGN_OR_RETURN(std::shared_ptr<ParameterStore> store,
                   ParameterStore::FromValues(gradients, model.values));
  ASSIGN_OR_RETURN(Session session,
                   Session::Create(std::move(executable), std::move(store)));
  UnitGradients result(std::move(session));
  result.relus_ = relus;
  result.widths_ = std::move(widths);
  result.gradients_ = static_cast<int>(inputs.size());
  return result;
}

absl::StatusOr<std::vector<Tensor>> UnitGradients::Run(
    const std::vector<Tensor>& points, const std::vector<Unit>& units) {
  std::vector<Tensor> selectors;
  for (size_t i = 0; i < relus_.size(); ++i) {
    Tensor selector(DataType::kF32,
                    Shape({static_cast<int64_t>(units.size()), widths_[i]}));
    for (size_t row = 0; row < units.size(); ++row) {
      if (units[row].first != relus_[i]) continue;
      selector.data<float>()[row * static_cast<size_t>(widths_[i]) +
                             static_cast<size_t>(units[row].second)] = 1;
    }
    selectors.push_back(std::move(selector));
  }
  std::vector<TensorView> views(points.begin(), points.end());
  views.insert(views.end(), selectors.begin(), selectors.end());
  RETURN_IF_ERROR(session_.Run(views));
  std::vector<Tensor> gradients;
  gradients.reserve(static_cast<size_t>(gradients_));
  for (int i = 0; i < gradients_; ++i) {
    gradients.push_back(session_.output(i).ToTensor());
  }
  return gradients;
}

class WitnessSearch {
 public:
  WitnessSearch(const Graph& graph,
                const std::map<std::string, InputDomain>& domains,
                const std::set<Unit>& open, ActivityMeter meter)
      : graph_(graph),
        domains_(domains),
        open_(open),
        meter_(std::move(meter)) {}

  // Runs the samples and keeps, for each open unit, the best point so far;
  // those at which it fires are witnesses and close it.
  absl::Status Try(const std::vector<Tensor>& samples);
  // One round of steps along the gradient for the units still open.
  absl::Status Ascend(UnitGradients& gradients);

  const std::set<Unit>& open() const { return open_; }
  std::map<Unit, UnitPoint> TakeWitnesses() { return std::move(witnesses_); }

 private:
  // The points of a round moved along their gradients by a share of the way to
  // the corner.
  std::vector<Tensor> Move(std::vector<Tensor> points,
                           const std::vector<Tensor>& gradients,
                           double share) const;

  const Graph& graph_;
  const std::map<std::string, InputDomain>& domains_;
  std::set<Unit> open_;
  ActivityMeter meter_;
  std::map<Unit, UnitPoint> best_;
  std::map<Unit, UnitPoint> witnesses_;
  std::set<Unit> given_up_;
};

absl::Status WitnessSearch::Try(const std::vector<Tensor>& samples) {
  ASSIGN_OR_RETURN(const std::vector<LayerActivity> layers,
                   meter_.Measure(samples));
  for (const LayerActivity& layer : layers) {
    for (size_t i = 0; i < layer.largest.size(); ++i) {
      const Unit unit = {layer.relu, static_cast<int64_t>(i)};
      if (open_.count(unit) == 0) continue;
      const auto best = best_.find(unit);
      if (best != best_.end() &&
          !(layer.largest[i] > best->second.pre_activation)) {
        continue;
      }
      UnitPoint point = {SampleAt(graph_, samples, layer.largest_at[i]),
                         layer.largest[i]};
      if (layer.fired[i] > 0) {
        open_.erase(unit);
        best_.erase(unit);
        witnesses_.emplace(unit, std::move(point));
      } else {
        best_[unit] = std::move(point);
      }
    }
  }
  return absl::OkStatus();
}

std::vector<Tensor> WitnessSearch::Move(std::vector<Tensor> points,
                                        const std::vector<Tensor>& gradients,
                                        double share) const {
  size_t next_gradient = 0;
  for (size_t i = 0; i < points.size(); ++i) {
    const Node& input = graph_.node(graph_.inputs()[i]);
    if (input.type.dtype != DataType::kF32) continue;
    const InputDomain& domain = domains_.at(input.name);
    const absl::Span<const float> slope =
        gradients[next_gradient++].data<float>();
    const absl::Span<float> x = points[i].data<float>();
    for (size_t j = 0; j < x.size(); ++j) {
      const float lower = domain.lower[j % domain.lower.size()];
      const float upper = domain.upper[j % domain.upper.size()];
      if (slope[j] > 0) x[j] = Between(x[j], upper, share);
      if (slope[j] < 0) x[j] = Between(x[j], lower, share);
    }
  }
  return points;
}

absl::Status WitnessSearch::Ascend(UnitGradients& gradients) {
  std::vector<Unit> units;
  for (const Unit& unit : open_) {
    if (gradients.Covers(unit.first) && given_up_.count(unit) == 0) {
      units.push_back(unit);
    }
  }
  for (size_t first = 0; first < units.size(); first += kUnitsPerRun) {
    const std::vector<Unit> some(
        units.begin() + static_cast<std::ptrdiff_t>(first),
        units.begin() + static_cast<std::ptrdiff_t>(std::min(
                            units.size(), first + size_t{kUnitsPerRun})));
    std::vector<const UnitPoint*> starts;
    std::vector<Unit> rows;
    for (const Unit& unit : some) {
      const auto best = best_.find(unit);
      // Caught firing a moment ago, or NaN wherever it was tried.
      if (best == best_.end()) continue;
      starts.push_back(&best->second);
      rows.push_back(unit);
    }
    if (rows.empty()) continue;
    // Each batch size is compiled once: keep to powers of two.
    while ((rows.size() & (rows.size() - 1)) != 0) {
      starts.push_back(starts.back());
      rows.push_back(rows.back());
    }
    const std::vector<Tensor> points = Join(graph_, starts);
    std::vector<float> before;
    before.reserve(starts.size());
    for (const UnitPoint* start : starts) {
      before.push_back(start->pre_activation);
    }
    ASSIGN_OR_RETURN(const std::vector<Tensor> slopes,
                     gradients.Run(points, rows));
    for (double share : kSteps) {
      RETURN_IF_ERROR(Try(Move(points, slopes, share)));
    }
    for (size_t row = 0; row < rows.size(); ++row) {
      const auto best = best_.find(rows[row]);
      if (best != best_.end() && !(best->second.pre_activation > before[row])) {
        given_up_.insert(rows[row]);
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::map<Unit, UnitPoint>> FindWitnesses(
    const Model& model, const std::map<std::string, InputDomain>& domains,
    const std::set<Unit>& open, int threads) {
  if (open.empty() || model.graph.inputs().empty() ||
      model.graph.num_nodes() > kMostSearchedNodes ||
      FindRelus(model.graph).size() > kMostSearchedRelus) {
    return std::map<Unit, UnitPoint>();
  }
  ASSIGN_OR_RETURN(ActivityMeter meter, ActivityMeter::Create(model, threads));
  WitnessSearch search(model.graph, domains, open, std::move(meter));
  RETURN_IF_ERROR(search.Try(
      MakeProbes(model.graph, domains, CountProbes(model.graph), /*seed=*/0)));
  if (search.open().empty() || !SamplesAreIndependent(model.graph)) {
    return search.TakeWitnesses();
  }
  std::set<NodeId> relus;
  for (const Unit& unit : search.open()) {
    // A ReLU of something without the batch does not depend on the inputs.
    if (model.graph.node(unit.first).type.shape.has_symbolic_batch()) {
      relus.insert(unit.first);
    }
  }
  absl::StatusOr<UnitGradients> gradients =
      UnitGradients::Create(model, {relus.begin(), relus.end()}, threads);
  if (absl::IsUnimplemented(gradients.status())) return search.TakeWitnesses();
  RETURN_IF_ERROR(gradients.status());
  for (int round = 0; round < kRounds && !search.open().empty(); ++round) {
    RETURN_IF_ERROR(search.Ascend(*gradients));
  }
  return search.TakeWitnesses();
}

}  // namespace espalier
