// The version of the library.
#ifndef ESPALIER_GRAPH_VERSION_H_
#define ESPALIER_GRAPH_VERSION_H_

#include "absl/strings/string_view.h"

namespace espalier {

// "0.1.0", as CMakeLists.txt of the root has it.
absl::string_view Version();

}  // namespace espalier

#endif  // ESPALIER_GRAPH_VERSION_H_
