// The table of docs/ops.md: which rules every op has, found by trying them.
#ifndef ESPALIER_TESTS_OPS_OP_TABLE_H_
#define ESPALIER_TESTS_OPS_OP_TABLE_H_

#include <string>

#include "absl/status/statusor.h"

namespace espalier {

// The whole file.
absl::StatusOr<std::string> MakeOpTable();

}  // namespace espalier

#endif  // ESPALIER_TESTS_OPS_OP_TABLE_H_
