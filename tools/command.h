// Command: one subcommand of `espalier`.
#ifndef ESPALIER_TOOLS_COMMAND_H_
#define ESPALIER_TOOLS_COMMAND_H_

#include <memory>
#include <string>

#include "CLI/CLI.hpp"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "tools/exit_code.h"

namespace espalier {
namespace tools {

// What a command that did its work leaves to say.
struct Outcome {
  std::string text;       // for stdout
  ExitCode code = kDone;  // or kNo
};

class Command {
 public:
  virtual ~Command() = default;

  // Options write into members, read by Run.
  virtual void AddOptions(CLI::App& app) = 0;

  // Called once, after the command line has been read. Progress and warnings
  // go to stderr; nothing goes to stdout but the outcome's text.
  virtual absl::StatusOr<Outcome> Run() = 0;
};

// A row of the table of subcommands.
struct CommandRow {
  absl::string_view name;
  absl::string_view summary;   // one line
  absl::string_view examples;  // lines, at the head of the help
  std::unique_ptr<Command> (*make)();
};

// Reads the command line, runs the one command that it names, prints what came
// of it, and gives the exit code. No exception leaves it.
int RunCommandLine(absl::Span<const CommandRow> table, int argc,
                   const char* const* argv);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_COMMAND_H_
