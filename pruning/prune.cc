#include "pruning/prune.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "pruning/activity.h"
#include "pruning/bounds.h"
#include "pruning/probes.h"
#include "pruning/prune_checks.h"
#include "pruning/relus.h"
#include "pruning/witness_search.h"
#include "transforms/remove_units.h"

namespace espalier {
namespace {

// Half the size of the box in which inputs without a domain are first probed,
// and the one in which every input is when all of them count.
constexpr float kProbeSize = 1;
constexpr float kLargeProbeSize = 4096;

// Rounding errors shrink with the units removed, so that more can be proven;
// networks settle in two or three rounds.
constexpr int kMostRounds = 32;

enum class Standing { kUnknown, kAlive, kObserved, kZeroInDomain, kZeroAlways };

struct Layer {
  std::string name;
  std::vector<Standing> standing;  // by unit
  std::vector<bool> active;        // likewise
  // The units that are left, by their number in the model as it is now.
  std::vector<int64_t> left;
  std::string refusal;
};

class Pruner {
 public:
  // `model` has the domains that count.
  Pruner(const Model& model, const PruneOptions& options)
      : model_(model), options_(options), relus_(FindRelus(model.graph)) {
    for (size_t i = 0; i < relus_.size(); ++i) {
      const Node& relu = model.graph.node(relus_[i]);
      const auto units =
          static_cast<size_t>(relu.type.shape.num_elements_per_sample());
      Layer layer;
      layer.name = relu.name;
      layer.standing.assign(units, Standing::kUnknown);
      layer.active.assign(units, false);
      for (size_t unit = 0; unit < units; ++unit) {
        layer.left.push_back(static_cast<int64_t>(unit));
      }
      index_[layer.name] = i;
      layers_.push_back(std::move(layer));
    }
  }

  absl::Status Check();
  absl::Status LookForWitnesses();
  // Proves on `model`, which is the one given or what is left of it. What holds
  // of the rest holds of the whole only where every unit removed so far is
  // zero: no proof claims more than the weakest of them.
  absl::Status Prove(const Model& model);
  // Removes and proves in turn until nothing more goes.
  absl::StatusOr<Model> RemoveAll();
  PruneReport Report(const Model& pruned) const;
  HistoryEntry History(const PruneReport& report) const;
  std::vector<Witness> TakeWitnesses() { return std::move(witnesses_); }

 private:
  Standing& At(const Unit& unit) {
    return layers_[index_.at(model_.graph.node(unit.first).name)]
        .standing[static_cast<size_t>(unit.second)];
  }
  bool Qualifies(Standing standing) const {
    return standing == Standing::kZeroAlways ||
           standing == Standing::kZeroInDomain ||
           (standing == Standing::kObserved && options_.grade == Grade::kData);
  }
  // Raises what is proven to `zero`, of units of at least `least` standing.
  absl::Status ProveIn(const Model& model, BoundsScope scope, Standing zero,
                       Standing least);
  absl::Status MeasureSamples();
  absl::Status SearchIn(const std::map<std::string, InputDomain>& domains);

  const Model& model_;
  const PruneOptions& options_;
  const std::vector<NodeId> relus_;
  std::vector<Layer> layers_;            // like relus_
  std::map<std::string, size_t> index_;  // into layers_, by name
  std::vector<Witness> witnesses_;
  Standing weakest_removed_ = Standing::kZeroAlways;
};

absl::Status Pruner::Check() {
  RETURN_IF_ERROR(Validate(model_));
  RETURN_IF_ERROR(CheckParameters(model_));
  if (!model_.graph.updates().empty()) {
    return absl::FailedPreconditionError(
        "the graph has updates: the inference form of a model is pruned");
  }
  if (options_.grade == Grade::kDomain) {
    const std::vector<std::string> without = InputsWithoutDomain(model_);
    if (!without.empty()) {
      return absl::FailedPreconditionError(
          absl::StrCat("grade domain needs a domain for input ",
                       Quoted(without[0]), ", which has none"));
    }
  }
  if (options_.grade == Grade::kData && options_.samples.empty()) {
    return absl::InvalidArgumentError("grade data needs samples");
  }
  if (options_.samples.empty()) return absl::OkStatus();
  RETURN_IF_ERROR(CountSamples(model_.graph, options_.samples).status());
  return CheckSamples(model_.graph, options_.samples, model_.domains);
}

absl::Status Pruner::ProveIn(const Model& model, BoundsScope scope,
                             Standing zero, Standing least) {
  using Bounds = std::map<NodeId, IntervalTensor>;
  ASSIGN_OR_RETURN(const Bounds of_relus,
                   ReluBounds(model, model.domains, scope));
  for (const auto& [relu, bounds] : of_relus) {
    Layer& layer = layers_[index_.at(model.graph.node(relu).name)];
    for (size_t i = 0; i < layer.left.size(); ++i) {
      const auto unit = static_cast<size_t>(layer.left[i]);
      Standing& standing = layer.standing[unit];
      // An interval to both infinities also stands for NaN.
      if (bounds.lower[i] >= 0 && least == Standing::kUnknown) {
        layer.active[unit] = true;
      }
      if (bounds.upper[i] > 0) continue;
      if (standing == Standing::kAlive && scope == BoundsScope::kDomain) {
        return absl::InternalError(absl::StrCat("unit ", unit, " of ",
                                                Quoted(layer.name),
                                                " fires and was proven zero"));
      }
      // Alive by an overflow, of which no claim is made.
      if (standing == Standing::kAlive || standing < least) continue;
      standing = std::max(standing, zero);
    }
  }
  return absl::OkStatus();
}

absl::Status Pruner::Prove(const Model& model) {
  if (weakest_removed_ == Standing::kObserved) return absl::OkStatus();
  if (options_.grade == Grade::kAllInputs ||
      !InputsWithoutDomain(model).empty()) {
    return ProveIn(model, BoundsScope::kAllInputs, Standing::kZeroAlways,
                   Standing::kUnknown);
  }
  RETURN_IF_ERROR(ProveIn(model, BoundsScope::kDomain, Standing::kZeroInDomain,
                          Standing::kUnknown));
  if (weakest_removed_ == Standing::kZeroInDomain) return absl::OkStatus();
  // The domain may hold inputs that make something overflow, which the proof
  // for all inputs leaves out: it never stands alone here.
  return ProveIn(model, BoundsScope::kAllInputs, Standing::kZeroAlways,
                 Standing::kZeroInDomain);
}

absl::Status Pruner::MeasureSamples() {
  ASSIGN_OR_RETURN(ActivityMeter meter,
                   ActivityMeter::Create(model_, options_.threads));
  ASSIGN_OR_RETURN(const std::vector<LayerActivity> activity,
                   meter.Measure(options_.samples));
  for (const LayerActivity& layer : activity) {
    for (size_t i = 0; i < layer.fired.size(); ++i) {
      const Unit unit = {layer.relu, static_cast<int64_t>(i)};
      Standing& standing = At(unit);
      const bool proven = standing >= Standing::kZeroInDomain;
      const std::string& name = model_.graph.node(layer.relu).name;
      if (proven && layer.fired[i] > 0 && std::isfinite(layer.largest[i])) {
        return absl::InternalError(absl::StrCat(
            "unit ", i, " of ", Quoted(name),
            " was proven zero and fires on sample ", layer.largest_at[i]));
      }
      if (proven) continue;
      if (layer.fired[i] > 0) {
        standing = Standing::kAlive;
        witnesses_.push_back(
            {name, unit.second,
             SampleAt(model_.graph, options_.samples, layer.largest_at[i]),
             layer.largest[i]});
      } else if (layer.undefined[i] == 0) {
        standing = Standing::kObserved;
      }
    }
  }
  return absl::OkStatus();
}

absl::Status Pruner::SearchIn(
    const std::map<std::string, InputDomain>& domains) {
  std::set<Unit> open;
  for (size_t i = 0; i < relus_.size(); ++i) {
    for (size_t unit = 0; unit < layers_[i].standing.size(); ++unit) {
      const Standing standing = layers_[i].standing[unit];
      if (standing == Standing::kUnknown || standing == Standing::kObserved) {
        open.emplace(relus_[i], static_cast<int64_t>(unit));
      }
    }
  }
  using Points = std::map<Unit, UnitPoint>;
  ASSIGN_OR_RETURN(Points found,
                   FindWitnesses(model_, domains, open, options_.threads));
  for (auto& [unit, point] : found) {
    At(unit) = Standing::kAlive;
    witnesses_.push_back({model_.graph.node(unit.first).name, unit.second,
                          std::move(point.inputs), point.pre_activation});
  }
  return absl::OkStatus();
}

absl::Status Pruner::LookForWitnesses() {
  if (!options_.samples.empty()) RETURN_IF_ERROR(MeasureSamples());
  if (options_.grade != Grade::kData) {
    RETURN_IF_ERROR(
        SearchIn(CompleteDomains(model_.graph, model_.domains, kProbeSize)));
  }
  if (options_.grade == Grade::kAllInputs) {
    RETURN_IF_ERROR(
        SearchIn(CompleteDomains(model_.graph, {}, kLargeProbeSize)));
  }
  std::sort(witnesses_.begin(), witnesses_.end(),
            [&](const Witness& a, const Witness& b) {
              return std::make_pair(index_.at(a.layer), a.unit) <
                     std::make_pair(index_.at(b.layer), b.unit);
            });
  return absl::OkStatus();
}

absl::StatusOr<Model> Pruner::RemoveAll() {
  Model model = model_;
  for (int round = 0; round < kMostRounds; ++round) {
    std::vector<UnitRemoval> removals;
    for (NodeId relu : FindRelus(model.graph)) {
      const Layer& layer = layers_[index_.at(model.graph.node(relu).name)];
      UnitRemoval removal{relu, {}};
      for (size_t i = 0; i < layer.left.size(); ++i) {
        const auto unit = static_cast<size_t>(layer.left[i]);
        if (Qualifies(layer.standing[unit])) {
          removal.units.push_back(static_cast<int64_t>(i));
        }
      }
      removals.push_back(std::move(removal));
    }
    ASSIGN_OR_RETURN(RemovalResult result, RemoveUnits(model, removals));
    bool removed = false;
    for (const RemovedUnits& done : result.layers) {
      Layer& layer = layers_[index_.at(model.graph.node(done.relu).name)];
      layer.refusal = done.refusal;
      removed = removed || !done.units.empty();
      for (int64_t unit : done.units) {
        const int64_t original = layer.left[static_cast<size_t>(unit)];
        weakest_removed_ = std::min(
            weakest_removed_, layer.standing[static_cast<size_t>(original)]);
      }
    }
    if (!removed) return model;
    for (Layer& layer : layers_) {
      if (result.model.graph.Find(layer.name) == kNoNode) {
        layer.left.clear();
        layer.refusal.clear();
      }
    }
    for (const auto& [name, kept] : result.kept) {
      std::vector<int64_t>& left = layers_[index_.at(name)].left;
      std::vector<int64_t> still;
      for (int64_t unit : kept) {
        still.push_back(left[static_cast<size_t>(unit)]);
      }
      left = std::move(still);
    }
    model = std::move(result.model);
    RETURN_IF_ERROR(Prove(model));
  }
  return model;
}

PruneReport Pruner::Report(const Model& pruned) const {
  PruneReport report;
  report.samples =
      options_.samples.empty() ? 0 : options_.samples[0].shape().dim(0);
  report.parameters_before = CountParameters(model_.graph);
  report.parameters_after = CountParameters(pruned.graph);
  for (const Layer& layer : layers_) {
    LayerReport row;
    row.name = layer.name;
    row.units = static_cast<int64_t>(layer.standing.size());
    row.refusal = layer.refusal;
    if (report.samples > 0) {
      row.observed_limit =
          1 - std::pow(0.05, 1 / static_cast<double>(report.samples));
    }
    for (size_t i = 0; i < layer.standing.size(); ++i) {
      const auto unit = static_cast<int64_t>(i);
      const Standing standing = layer.standing[i];
      if (standing == Standing::kAlive) ++row.alive;
      if (standing == Standing::kUnknown) ++row.unknown;
      if (standing == Standing::kObserved) row.observed_units.push_back(unit);
      if (standing >= Standing::kZeroInDomain) row.zero_units.push_back(unit);
      if (layer.active[i]) row.active_units.push_back(unit);
      if (Qualifies(standing) &&
          !std::binary_search(layer.left.begin(), layer.left.end(), unit)) {
        row.removed_units.push_back(unit);
      }
    }
    report.layers.push_back(std::move(row));
  }
  return report;
}

HistoryEntry Pruner::History(const PruneReport& report) const {
  HistoryEntry entry;
  entry.action = "prune";
  Standing weakest = Standing::kZeroAlways;
  for (size_t i = 0; i < layers_.size(); ++i) {
    const LayerReport& row = report.layers[i];
    if (row.removed_units.empty()) continue;
    entry.layers.push_back({row.name, row.units, row.removed_units});
    for (int64_t unit : row.removed_units) {
      weakest =
          std::min(weakest, layers_[i].standing[static_cast<size_t>(unit)]);
    }
  }
  const std::string bounds =
      "interval bounds, widened by the rounding error of float32 sums in any "
      "order, show that the units removed are zero";
  if (weakest == Standing::kZeroAlways) {
    entry.grade = std::string(GradeName(Grade::kAllInputs));
    entry.reason =
        bounds + " for every finite input for which nothing overflows";
  } else if (weakest == Standing::kZeroInDomain) {
    entry.grade = std::string(GradeName(Grade::kDomain));
    entry.reason = bounds + " for every input in the declared domain";
  } else {
    entry.grade = std::string(GradeName(Grade::kData));
    entry.reason = absl::StrCat("the units removed were zero on all ",
                                report.samples, " samples");
  }
  return entry;
}

}  // namespace

absl::StatusOr<PruneResult> Prune(const Model& model,
                                  const PruneOptions& options) {
  Model working = model;
  if (options.domains.has_value()) {
    RETURN_IF_ERROR(Validate(model));
    working.domains = *options.domains;
    RETURN_IF_ERROR(Validate(working));
    RETURN_IF_ERROR(CheckNewDomains(model, working.domains));
  }
  RETURN_IF_ERROR(CheckMemory(working.graph, options.max_bytes));
  Pruner pruner(working, options);
  RETURN_IF_ERROR(pruner.Check());
  RETURN_IF_ERROR(pruner.Prove(working));
  RETURN_IF_ERROR(pruner.LookForWitnesses());
  ASSIGN_OR_RETURN(Model pruned, pruner.RemoveAll());
  PruneResult result;
  result.report = pruner.Report(pruned);
  result.witnesses = pruner.TakeWitnesses();
  const HistoryEntry entry = pruner.History(result.report);
  if (entry.layers.empty()) {
    result.model = model;
    return result;
  }
  result.model = std::move(pruned);
  result.model.history.push_back(entry);
  if (RestsOnDomains(result.model)) {
    // The others reach no ReLU: the proof holds for all of their values.
    result.model.domains =
        CompleteDomains(result.model.graph, result.model.domains,
                        std::numeric_limits<float>::max());
  }
  return result;
}

absl::StatusOr<PruneResult> Prune(const Model& model, Grade grade) {
  PruneOptions options;
  options.grade = grade;
  return Prune(model, options);
}

}  // namespace espalier
