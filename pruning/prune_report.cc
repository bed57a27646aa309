#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "graph/status.h"
#include "pruning/prune.h"

namespace espalier {
namespace {

constexpr Grade kGrades[] = {Grade::kAllInputs, Grade::kDomain, Grade::kData};

}  // namespace

absl::string_view GradeName(Grade grade) {
  switch (grade) {
    case Grade::kAllInputs:
      return "all-inputs";
    case Grade::kDomain:
      return "domain";
    case Grade::kData:
      break;
  }
  return "data";
}

absl::StatusOr<Grade> ParseGrade(absl::string_view name) {
  for (Grade grade : kGrades) {
    if (GradeName(grade) == name) return grade;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "grade ", Quoted(name), " is none of all-inputs, domain and data"));
}

int64_t CountParameters(const Graph& graph) {
  int64_t elements = 0;
  for (NodeId id : graph.parameters()) {
    elements += graph.node(id).type.shape.num_elements();
  }
  return elements;
}

int64_t PruneReport::removed() const {
  int64_t units = 0;
  for (const LayerReport& layer : layers) {
    units += static_cast<int64_t>(layer.removed_units.size());
  }
  return units;
}

std::string PruneReport::ToString() const {
  size_t width = 5;
  for (const LayerReport& layer : layers) {
    width = std::max(width, layer.name.size());
  }
  const int column = static_cast<int>(width);
  std::string text = absl::StrFormat(
      "%-*s %7s %7s %9s %7s %7s %7s %8s\n", column, "layer", "units", "zero",
      "observed", "alive", "unknown", "active", "removed");
  for (const LayerReport& layer : layers) {
    absl::StrAppendFormat(&text, "%-*s %7d %7d %9d %7d %7d %7d %8d\n", column,
                          layer.name, layer.units, layer.zero_units.size(),
                          layer.observed_units.size(), layer.alive,
                          layer.unknown, layer.active_units.size(),
                          layer.removed_units.size());
  }
  for (const LayerReport& layer : layers) {
    if (!layer.observed_units.empty()) {
      const bool one = layer.observed_units.size() == 1;
      absl::StrAppendFormat(
          &text,
          "%s: %d %s zero on all %d samples; with 95%% confidence %s on at "
          "most %.2g%% of such inputs\n",
          layer.name, layer.observed_units.size(),
          one ? "unit was" : "units were", samples,
          one ? "it fires" : "each fires", 100 * layer.observed_limit);
    }
    if (!layer.refusal.empty()) {
      absl::StrAppendFormat(&text, "%s: units stay: %s\n", layer.name,
                            layer.refusal);
    }
  }
  absl::StrAppendFormat(&text, "parameters: %d before, %d after\n",
                        parameters_before, parameters_after);
  return text;
}

std::ostream& operator<<(std::ostream& out, const PruneReport& report) {
  return out << report.ToString();
}

}  // namespace espalier
