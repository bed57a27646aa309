#include "tests/reference/reference_kinds.h"

#include "graph/status_macros.h"

namespace espalier {

absl::StatusOr<std::vector<ReferenceCase>> PyTorchCases() {
  std::vector<ReferenceCase> all;
  for (const char* file : {"activations", "elementwise", "losses",
                           "normalization", "shapes", "sums"}) {
    ASSIGN_OR_RETURN(const std::vector<ReferenceCase> cases,
                     ReadReference(file));
    all.insert(all.end(), cases.begin(), cases.end());
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
