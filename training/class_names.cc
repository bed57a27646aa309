#include "training/class_names.h"

#include <algorithm>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "graph/status.h"

namespace espalier {

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
