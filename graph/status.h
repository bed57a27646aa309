// Status helpers: each layer puts its own noun in front of an error.
#ifndef ESPALIER_GRAPH_STATUS_H_
#define ESPALIER_GRAPH_STATUS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {

// The same code with "<context>: " before the message; OK stays OK.
// Example: Annotate(status, "load 'm.pb'") gives "load 'm.pb': <message>".
absl::Status Annotate(const absl::Status& status, absl::string_view context);

// `text` between single quotes, control characters and quotes escaped, cut
// with "..." past 80 characters: how names from outside appear in messages.
std::string Quoted(absl::string_view text);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_STATUS_H_
