#include "pruning/prune_checks.h"

#include "absl/strings/str_cat.h"
#include "graph/domain.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "pruning/bounds.h"
#include "pruning/relus.h"
#include "runtime/finite.h"
#include "transforms/rewriter.h"

namespace espalier {

absl::Status CheckParameters(const Model& model) {
  for (const auto& [name, value] : model.values) {
    RETURN_IF_ERROR(
        Annotate(CheckFinite(value), absl::StrCat("parameter ", Quoted(name))));
  }
  return absl::OkStatus();
}

absl::Status CheckSamples(const Graph& graph,
                          const std::vector<Tensor>& samples,
                          const std::map<std::string, InputDomain>& domains) {
  for (size_t i = 0; i < samples.size(); ++i) {
    const Node& input = graph.node(graph.inputs()[i]);
    const auto domain = domains.find(input.name);
    if (domain == domains.end()) continue;
    RETURN_IF_ERROR(
        Annotate(CheckInside(domain->second, samples[i]), input.ToString()));
  }
  return absl::OkStatus();
}

std::vector<std::string> InputsWithoutDomain(const Model& model) {
  const std::vector<bool> needed =
      NeededBy(model.graph, FindRelus(model.graph));
  std::vector<std::string> without;
  for (NodeId id : model.graph.inputs()) {
    const Node& input = model.graph.node(id);
    if (needed[static_cast<size_t>(id)] && input.type.dtype == DataType::kF32 &&
        model.domains.count(input.name) == 0) {
      without.push_back(input.name);
    }
  }
  return without;
}

absl::Status CheckMemory(const Graph& graph, int64_t max_bytes) {
  double inputs = 0;
  for (NodeId id : graph.inputs()) {
    const Shape& shape = graph.node(id).type.shape;
    inputs += static_cast<double>(shape.num_elements_per_sample());
  }
  double units = 0;
  for (NodeId id : FindRelus(graph)) {
    const Shape& shape = graph.node(id).type.shape;
    units += static_cast<double>(shape.num_elements_per_sample());
  }
  const double needed = PeakBoundsBytes(graph) + units * inputs * sizeof(float);
  if (needed <= static_cast<double>(max_bytes)) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "pruning ", units, " units over ", inputs, " input elements may take ",
      needed, " bytes; the limit is ", max_bytes));
}

}  // namespace espalier
