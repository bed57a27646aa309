#include "tools/named_paths.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "tools/exit_code.h"

namespace espalier {
namespace tools {

absl::StatusOr<std::map<std::string, std::string>> ParseNamedPaths(
    absl::string_view option, const std::vector<std::string>& arguments,
    const std::vector<std::string>& names) {
  std::map<std::string, std::string> paths;
  for (const std::string& argument : arguments) {
    const auto refuse = [&](absl::string_view why) {
      return UsageError(absl::StrCat(option, " ", Quoted(argument), ": ", why));
    };
    const size_t equals = argument.find('=');
    std::string name = argument.substr(0, equals);
    std::string path = argument;
    if (equals != std::string::npos &&
        std::find(names.begin(), names.end(), name) != names.end()) {
      path = argument.substr(equals + 1);
    } else if (equals != std::string::npos &&
               name.find('/') == std::string::npos &&
               argument.find('/', equals) == std::string::npos) {
      return refuse(absl::StrCat(
          names.empty() ? absl::StrCat("there is no ", Quoted(name))
                        : absl::StrCat(Quoted(name), " is none of the names ",
                                       absl::StrJoin(names, ", ")),
          " (a file of this name is ./", argument, ")"));
    } else if (names.size() == 1) {
      name = names[0];
    } else {
      return refuse(absl::StrCat("expected NAME=file with one of the names ",
                                 absl::StrJoin(names, ", ")));
    }
    if (path.empty()) return refuse("no file is named");
    if (!paths.emplace(name, path).second) {
      return refuse(absl::StrCat(Quoted(name), " has a file already"));
    }
  }
  return paths;
}

}  // namespace tools
}  // namespace espalier
