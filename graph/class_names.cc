#include "graph/class_names.h"

#include <cstdint>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "graph/status.h"

namespace espalier {

absl::Status ValidateClassNames(const std::vector<std::string>& names,
                                const Graph& graph) {
  if (names.empty()) return absl::OkStatus();
  absl::flat_hash_set<absl::string_view> seen;
  for (const std::string& name : names) {
    if (name.empty()) {
      return absl::InvalidArgumentError("a class name is empty");
    }
    if (!seen.insert(name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("class name ", Quoted(name), " stands twice"));
    }
  }
  const auto classes = static_cast<int64_t>(names.size());
  for (const GraphOutput& output : graph.outputs()) {
    const Shape& shape = graph.node(output.node).type.shape;
    if (shape.rank() > 0 && shape.dim(shape.rank() - 1) == classes) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat("there are ", classes,
                   " class names: expected none, or as many as the last "
                   "dimension of an output"));
}

}  // namespace espalier
