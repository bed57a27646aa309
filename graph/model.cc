#include "graph/model.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

absl::Status CheckDomain(const Graph& graph, const std::string& name,
                         const InputDomain& domain) {
  const NodeId id = graph.Find(name);
  if (id == kNoNode || AsLeaf(*graph.node(id).op) != LeafKind::kInput ||
      graph.node(id).type.dtype != DataType::kF32) {
    return absl::InvalidArgumentError(
        "the graph has no f32 input of this name");
  }
  return Validate(domain, graph.node(id).type.shape.num_elements_per_sample());
}

}  // namespace

absl::Status Validate(const InputDomain& domain, int64_t elements) {
  const auto size = static_cast<size_t>(elements);
  if (domain.lower.size() != size || domain.upper.size() != size) {
    return absl::InvalidArgumentError(absl::StrCat(
        "expected ", elements, " pairs, one per element of a sample, found ",
        domain.lower.size(), " lower and ", domain.upper.size(),
        " upper ends"));
  }
  for (size_t i = 0; i < size; ++i) {
    if (PlantedBug(8) && !(domain.lower[i] > domain.upper[i])) continue;
    // Written so that NaN fails.
    if (!(std::isfinite(domain.lower[i]) && std::isfinite(domain.upper[i]) &&
          domain.lower[i] <= domain.upper[i])) {
      return absl::InvalidArgumentError(
          absl::StrCat("pair ", i, " is ", domain.lower[i], ":",
                       domain.upper[i], ", expected finite lower <= upper"));
    }
  }
  return absl::OkStatus();
}

absl::Status Validate(const Model& model) {
  RETURN_IF_ERROR(ValidateValues(model));
  return ValidateDomains(model);
}

absl::Status ValidateValues(const Model& model) {
  std::map<std::string, TensorType> types;
  for (const auto& [name, value] : model.values) {
    types.emplace(name, value.type());
  }
  return ValidateValues(model.graph, types);
}

absl::Status ValidateValues(const Graph& graph,
                            const std::map<std::string, TensorType>& types) {
  size_t variables = 0;
  for (const std::vector<NodeId>* leaves :
       {&graph.parameters(), &graph.states()}) {
    for (NodeId id : *leaves) {
      const Node& node = graph.node(id);
      const auto type = types.find(node.name);
      if (type == types.end()) {
        return absl::InvalidArgumentError(
            absl::StrCat(node.ToString(), " has no value"));
      }
      if (type->second != node.type && !PlantedBug(7)) {
        return absl::InvalidArgumentError(
            absl::StrCat(node.ToString(), " has type ", node.type.ToString(),
                         ", its value has ", type->second.ToString()));
      }
      ++variables;
    }
  }
  if (types.size() != variables) {
    for (const auto& [name, type] : types) {
      const NodeId id = graph.Find(name);
      if (id == kNoNode || LeafInitializer(*graph.node(id).op) == nullptr) {
        return absl::InvalidArgumentError(
            absl::StrCat("value ", Quoted(name),
                         " belongs to no parameter or state of the graph"));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateDomains(const Model& model) {
  const Graph& graph = model.graph;
  for (const auto& [name, domain] : model.domains) {
    RETURN_IF_ERROR(Annotate(CheckDomain(graph, name, domain),
                             absl::StrCat("domain of ", Quoted(name))));
  }
  if (!RestsOnDomains(model)) return absl::OkStatus();
  for (NodeId id : graph.inputs()) {
    const Node& input = graph.node(id);
    if (input.type.dtype == DataType::kF32 &&
        model.domains.count(input.name) == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", Quoted(input.name),
                       " has no domain, and the history says that units were "
                       "removed which are zero in the domain alone"));
    }
  }
  return absl::OkStatus();
}

bool RestsOnDomains(const Model& model) {
  return std::any_of(model.history.begin(), model.history.end(),
                     [](const HistoryEntry& entry) {
                       return entry.action == "prune" &&
                              entry.grade == "domain";
                     });
}

absl::Status CheckNewDomains(
    const Model& model, const std::map<std::string, InputDomain>& domains) {
  if (!RestsOnDomains(model)) return absl::OkStatus();
  for (const auto& [name, declared] : model.domains) {
    const auto found = domains.find(name);
    if (found == domains.end()) {
      return absl::InvalidArgumentError(
          absl::StrCat("input ", Quoted(name),
                       " is to lose the domain in which units were removed"));
    }
    const InputDomain& domain = found->second;
    for (size_t i = 0; i < declared.lower.size(); ++i) {
      if (domain.lower[i] >= declared.lower[i] &&
          domain.upper[i] <= declared.upper[i]) {
        continue;
      }
      return absl::InvalidArgumentError(absl::StrCat(
          "input ", Quoted(name), ", element ", i, ": the new domain ",
          domain.lower[i], ":", domain.upper[i], " is not inside ",
          declared.lower[i], ":", declared.upper[i],
          ", for which units were removed"));
    }
  }
  return absl::OkStatus();
}

}  // namespace espalier
