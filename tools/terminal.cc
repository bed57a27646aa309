#include "tools/terminal.h"

#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "absl/strings/str_cat.h"

namespace espalier {
namespace tools {
namespace {

bool ColourOn() {
  const char* no_color = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  return StderrIsTerminal() && (no_color == nullptr || *no_color == '\0') &&
         (term == nullptr || absl::string_view(term) != "dumb");
}

void PrintLabelled(absl::string_view label, absl::string_view colour,
                   absl::string_view message) {
  PrintMessage(ColourOn() ? absl::StrCat("\033[1;", colour, "m", label,
                                         ":\033[0m ", message)
                          : absl::StrCat(label, ": ", message));
}

// Messages are best effort: there is nowhere left to complain to.
void Write(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

}  // namespace

bool StderrIsTerminal() { return isatty(STDERR_FILENO) == 1; }

void PrintError(absl::string_view message) {
  PrintLabelled("error", "31", message);
}

void PrintWarning(absl::string_view message) {
  PrintLabelled("warning", "33", message);
}

void PrintMessage(absl::string_view message) {
  Write(absl::StrCat(message, "\n"));
}

void PrintProgress(absl::string_view text) {
  Write(text.empty() ? "\n" : absl::StrCat("\r\033[K", text));
}

absl::Status WriteStdout(absl::string_view text) {
  if (std::fwrite(text.data(), 1, text.size(), stdout) == text.size() &&
      std::fflush(stdout) == 0) {
    return absl::OkStatus();
  }
  const int error = errno;
  if (error == EPIPE) return absl::OkStatus();
  return absl::FailedPreconditionError(
      absl::StrCat("write to stdout: ", std::strerror(error)));
}

}  // namespace tools
}  // namespace espalier
