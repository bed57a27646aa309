// Finds out before the work begins whether an output can be written at its end.
#ifndef ESPALIER_TOOLS_OUTPUT_PATH_H_
#define ESPALIER_TOOLS_OUTPUT_PATH_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {
namespace tools {

// A usage error that names `option` when `path` has no folder, or one that
// cannot be written to, is no name of a file, is a symbolic link that leads to
// nothing, is no regular file, or (unless `force`) is one of `inputs`, a file
// in an input folder or one of an input model's weights. Inputs that are no
// paths are passed over.
absl::Status CheckOutput(absl::string_view option, const std::string& path,
                         const std::vector<std::string>& inputs, bool force);

// A usage error that names `option` if the path is the name of a model or of
// weights, or a link to one: for what is neither, such as a log, and would take
// their place.
absl::Status CheckTextOutput(absl::string_view option, const std::string& path);

// Whether two outputs, both checked, would go to one file however they are
// spelt.
bool SameOutput(const std::string& a, const std::string& b);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_OUTPUT_PATH_H_
