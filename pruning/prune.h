// Prune: finds ReLU units that are always zero, shows it, and removes them.
#ifndef ESPALIER_PRUNING_PRUNE_H_
#define ESPALIER_PRUNING_PRUNE_H_

#include <cstdint>
#include <map>
#include <ostream>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace espalier {

// How strong the evidence is that a unit is always zero; see docs/proof.md.
enum class Grade { kAllInputs, kDomain, kData };
absl::string_view GradeName(Grade grade);  // "all-inputs", "domain", "data"
absl::StatusOr<Grade> ParseGrade(absl::string_view name);

struct PruneOptions {
  // The weakest grade that is removed; stronger ones are included. Witnesses
  // are looked for where the grade claims something: among the samples for
  // kData, in the domain for kDomain, among all finite inputs for kAllInputs.
  Grade grade = Grade::kDomain;
  // Instead of the model's declared domains, by input name. Travels with the
  // pruned model. Where RestsOnDomains (graph/model.h), inside the declared.
  absl::optional<std::map<std::string, InputDomain>> domains;
  // One tensor per graph input with the same number of samples each, in the
  // graph's order: required for kData; for the others, more witnesses.
  std::vector<Tensor> samples;
  // A model for which bounds and witnesses would take more is refused.
  int64_t max_bytes = int64_t{4} << 30;
  // Of the runs that look for witnesses; small networks take one. 0: as many as
  // OpenMP would take.
  int threads = 0;
};

// One ReLU, units numbered as in the model given.
struct LayerReport {
  std::string name;
  int64_t units = 0;
  std::vector<int64_t> zero_units;      // proven zero
  std::vector<int64_t> observed_units;  // zero on all samples, not proven
  std::vector<int64_t> active_units;    // proven never clipped
  int64_t alive = 0;  // a concrete input in the domain makes it fire
  int64_t unknown = 0;
  std::vector<int64_t> removed_units;
  // With 95 % confidence an observed unit fires on at most this share of inputs
  // drawn like the samples: 1 - 0.05^(1/samples) (C. Clopper, E. Pearson, The
  // use of confidence or fiducial limits, Biometrika 26, 1934, no events seen).
  double observed_limit = 1;
  std::string refusal;  // why units that qualified were not removed
};

// A concrete sample in the domain at which a unit fires.
struct Witness {
  std::string layer;
  int64_t unit = 0;
  std::vector<Tensor> inputs;  // one row per graph input
  float pre_activation = 0;
};

struct PruneReport {
  std::vector<LayerReport> layers;  // one per ReLU, in graph order
  int64_t samples = 0;
  int64_t parameters_before = 0;
  int64_t parameters_after = 0;

  std::string ToString() const;  // a table for people to read
  int64_t removed() const;
};

std::ostream& operator<<(std::ostream& out, const PruneReport& report);

struct PruneResult {
  Model model;
  PruneReport report;
  std::vector<Witness> witnesses;
};

// Elements of parameter leaves.
int64_t CountParameters(const Graph& graph);

// Removes every unit that the grade allows and the surgery
// (transforms/remove_units.h) can take out, and proves again on what is left
// until nothing more goes, so pruning the result again removes nothing (or for
// 32 rounds, which only a network made for it takes). A model
// of which nothing can be removed comes back unchanged, without an entry in its
// history. Errors: grade kDomain without a domain for every f32 input that
// reaches a ReLU; kData without samples; samples or domains that do not fit the
// inputs, or samples outside the domains; domains wider than those in which
// units were removed before; parameters that are not finite; a
// graph with updates. ResourceExhausted: more than max_bytes, before they are
// taken. Internal: a unit proven zero that fires.
absl::StatusOr<PruneResult> Prune(const Model& model,
                                  const PruneOptions& options = PruneOptions());
absl::StatusOr<PruneResult> Prune(const Model& model, Grade grade);

}  // namespace espalier

#endif  // ESPALIER_PRUNING_PRUNE_H_
