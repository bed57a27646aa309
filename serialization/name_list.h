// Names in errors.
#ifndef ESPALIER_SERIALIZATION_NAME_LIST_H_
#define ESPALIER_SERIALIZATION_NAME_LIST_H_

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"

namespace espalier {

// The first ten of them, and how many more there are: "a, b and 3 more".
// `describe` makes the text of one.
template <typename Describe>
std::string ListNames(const std::vector<std::string>& names,
                      Describe describe) {
  constexpr size_t kMost = 10;
  const size_t shown = std::min(names.size(), kMost);
  std::string text;
  for (size_t i = 0; i < shown; ++i) {
    absl::StrAppend(&text, i == 0 ? "" : ", ", describe(names[i]));
  }
  if (shown < names.size()) {
    absl::StrAppend(&text, " and ", names.size() - shown, " more");
  }
  return text;
}

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_NAME_LIST_H_
