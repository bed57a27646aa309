#include "training/class_names.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "absl/strings/str_cat.h"
#include "graph/status.h"

namespace espalier {

absl::Status CheckClassNames(const StepGraph& step,
                             const std::vector<std::string>& given) {
  if (given.empty()) return absl::OkStatus();
  const auto count = static_cast<int64_t>(given.size());
  for (size_t i = 0; i < step.outputs.size(); ++i) {
    const Shape& shape =
        step.graph.node(step.graph.outputs()[i].node).type.shape;
    if (shape.rank() > 0 && shape.dim(shape.rank() - 1) == count) {
      return absl::OkStatus();
    }
  }
  return absl::InvalidArgumentError(
      absl::StrCat(count,
                   " class names: expected none, or as many as the last "
                   "dimension of an output"));
}

std::vector<std::string> ClassNames(const StepGraph& step, const Dataset& data,
                                    const std::vector<std::string>& given) {
  if (!given.empty() || data.task() != Task::kClassification ||
      ClassColumns(step) != data.num_classes()) {
    return given;
  }
  return data.class_names();
}

std::string DescribeOtherName(const Dataset& data,
                              const std::vector<std::string>& given) {
  const std::vector<std::string> names = data.class_names();
  for (size_t i = 0; i < std::min(names.size(), given.size()); ++i) {
    if (names[i] == given[i] || names[i] == absl::StrCat(i)) continue;
    return absl::StrCat("class ", i, " is ", Quoted(given[i]),
                        " of the model and ", Quoted(names[i]), " of the data ",
                        Quoted(data.name()), ": the model keeps its names");
  }
  return "";
}

}  // namespace espalier
