// "[NAME=]file" arguments: which file belongs to which input or output.
#ifndef ESPALIER_TOOLS_NAMED_PATHS_H_
#define ESPALIER_TOOLS_NAMED_PATHS_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace espalier {
namespace tools {

// Paths by name. A name may be left out where there is only one to choose from;
// a path with '=' in it is told from a name by the '/' that it holds. Usage
// errors, naming `option`: a name that is not there, none where there are
// several, one given twice.
absl::StatusOr<std::map<std::string, std::string>> ParseNamedPaths(
    absl::string_view option, const std::vector<std::string>& arguments,
    const std::vector<std::string>& names);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_NAMED_PATHS_H_
