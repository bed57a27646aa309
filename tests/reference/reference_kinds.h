// Which kinds of ops PyTorch's values are there for.
#ifndef ESPALIER_TESTS_REFERENCE_REFERENCE_KINDS_H_
#define ESPALIER_TESTS_REFERENCE_REFERENCE_KINDS_H_

#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tests/reference/reference_file.h"

namespace espalier {

// The cases that PyTorch computed, of all files.
absl::StatusOr<std::vector<ReferenceCase>> PyTorchCases();

// The kinds of ops among them.
absl::StatusOr<std::set<std::string>> PyTorchKinds();

// Kinds that PyTorch has no op or function for, each with the reason.
const std::map<std::string, std::string>& KindsWithoutPyTorch();

}  // namespace espalier

#endif  // ESPALIER_TESTS_REFERENCE_REFERENCE_KINDS_H_
