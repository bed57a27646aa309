#include "graph/version.h"

namespace espalier {

absl::string_view Version() { return ESPALIER_VERSION; }

}  // namespace espalier
