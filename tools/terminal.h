// What people read while a command works: on stderr, in colour on a terminal
// unless NO_COLOR is set.
#ifndef ESPALIER_TOOLS_TERMINAL_H_
#define ESPALIER_TOOLS_TERMINAL_H_

#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {
namespace tools {

// Whether stderr is a terminal.
bool StderrIsTerminal();

// "error: ...", "warning: ..." and plain lines.
void PrintError(absl::string_view message);
void PrintWarning(absl::string_view message);
void PrintMessage(absl::string_view message);

// Overwrites the line on a terminal that the last call wrote; the empty text
// ends it, so that what follows stands on a line of its own.
void PrintProgress(absl::string_view text);

// Writes and flushes. A reader that has gone away is no error; a stdout that is
// closed or full is one with the exit code of a bad file.
absl::Status WriteStdout(absl::string_view text);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_TERMINAL_H_
