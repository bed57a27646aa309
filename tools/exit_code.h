// What the command's exit codes mean, and which error has which.
#ifndef ESPALIER_TOOLS_EXIT_CODE_H_
#define ESPALIER_TOOLS_EXIT_CODE_H_

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {
namespace tools {

enum ExitCode {
  kDone = 0,      // done, or yes
  kNo = 1,        // the answer is no
  kUsage = 2,     // an option, or how options fit together
  kBadInput = 3,  // a file or data from outside, or a stdout that takes nothing
  kLimit = 4,     // a limit, memory too, was reached before any answer
  kOurFault = 70,
};

// An error of the command line itself.
absl::Status UsageError(absl::string_view message);

// Marks an error as one of a file or of data: a file past a size cap is a bad
// file and not a limit that was reached.
absl::Status BadInputError(const absl::Status& error);

// The status code decides where no mark does.
ExitCode ExitCodeOf(const absl::Status& status);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_EXIT_CODE_H_
