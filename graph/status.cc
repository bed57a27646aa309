#include "graph/status.h"

#include <string>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace espalier {

absl::Status Annotate(const absl::Status& status, absl::string_view context) {
  if (status.ok()) return status;
  return absl::Status(status.code(),
                      absl::StrCat(context, ": ", status.message()));
}

std::string Quoted(absl::string_view text) {
  constexpr size_t kLongest = 80;
  if (text.size() <= kLongest) {
    return absl::StrCat("'", absl::CEscape(text), "'");
  }
  return absl::StrCat("'", absl::CEscape(text.substr(0, kLongest)), "...'");
}

}  // namespace espalier
