#include "tests/reference/reference_kinds.h"

#include <algorithm>

#include "graph/status_macros.h"
#include "ops/registry.h"

namespace espalier {

namespace {

// Kinds that are not there yet, although their values are.
bool IsToCome(const std::string& kind) {
  if (kind != "layer_norm" && kind != "layer_norm_grad") return false;
  const auto entries = StandardOps().entries();
  return std::none_of(entries.begin(), entries.end(),
                      [&](const auto& entry) { return entry.kind == kind; });
}

}  // namespace

absl::StatusOr<std::vector<ReferenceCase>> PyTorchCases() {
  std::vector<ReferenceCase> all;
  for (const char* file : {"activations", "elementwise", "losses",
                           "normalization", "shapes", "sums"}) {
    ASSIGN_OR_RETURN(const std::vector<ReferenceCase> cases,
                     ReadReference(file));
    for (const ReferenceCase& reference : cases) {
      if (!IsToCome(reference.kind())) all.push_back(reference);
    }
  }
  return all;
}

absl::StatusOr<std::set<std::string>> PyTorchKinds() {
  ASSIGN_OR_RETURN(const std::vector<ReferenceCase> cases, PyTorchCases());
  std::set<std::string> kinds;
  for (const ReferenceCase& reference : cases) {
    if (!reference.op.empty()) kinds.insert(reference.kind());
  }
  return kinds;
}

const std::map<std::string, std::string>& KindsWithoutPyTorch() {
  static const auto* const reasons = new std::map<std::string, std::string>{
      {"dropout", "its mask is made by no generator of PyTorch's"}};
  return *reasons;
}

}  // namespace espalier
