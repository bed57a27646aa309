#include "tools/command.h"

#include <algorithm>
#include <exception>
#include <map>
#include <new>
#include <numeric>
#include <sstream>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/version.h"
#include "tools/options.h"
#include "tools/terminal.h"

namespace espalier {
namespace tools {
namespace {

// Examples first, then usage, what it does, and the options.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string examples)
      : examples_(std::move(examples)) {
    column_width(27);
    label("Positionals", "Arguments");
    label("OPTIONS", "options");
    label("SUBCOMMAND", "COMMAND");
  }

  std::string make_help(const CLI::App* app, std::string name,
                        CLI::AppFormatMode mode) const override {
    return absl::StrCat("Examples:\n", examples_, "\n", make_usage(app, name),
                        app->get_description(), "\n", make_positionals(app),
                        make_groups(app, mode), make_subcommands(app, mode));
  }

  std::string make_option_opts(const CLI::Option* option) const override {
    std::string text;
    if (option->get_type_size() != 0 && !option->get_type_name().empty()) {
      absl::StrAppend(&text, " ", option->get_type_name());
    }
    if (option->get_required() && !option->get_positional()) {
      absl::StrAppend(&text, " (required)");
    }
    return text;
  }

 private:
  std::string examples_;
};

// Insertions, deletions and substitutions that turn one into the other.
int EditDistance(absl::string_view a, absl::string_view b) {
  std::vector<int> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0);
  for (size_t i = 0; i < a.size(); ++i) {
    int diagonal = row[0];
    row[0] = static_cast<int>(i) + 1;
    for (size_t j = 0; j < b.size(); ++j) {
      const int substituted = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({substituted, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

// The name most like `text`; empty when none is much like it.
std::string Nearest(absl::string_view text,
                    const std::vector<std::string>& names) {
  std::string nearest;
  int least = static_cast<int>(text.size()) / 2 + 1;
  for (const std::string& name : names) {
    const int distance = EditDistance(text, name);
    if (distance < least) {
      least = distance;
      nearest = name;
    }
  }
  return nearest;
}

// The command named on the line, or the program itself.
CLI::App* Chosen(CLI::App& app) {
  const std::vector<CLI::App*> chosen = app.get_subcommands();
  return chosen.empty() ? &app : chosen[0];
}

void PrintUsageHint(const CLI::App& app) {
  const std::string path =
      app.get_parent() == nullptr
          ? app.get_name()
          : absl::StrCat(app.get_parent()->get_name(), " ", app.get_name());
  PrintMessage(absl::StrCat("hint: see '", path, " --help'"));
}

int ReportUnexpected(CLI::App& app, absl::Span<const char* const> line) {
  CLI::App* chosen = Chosen(app);
  std::vector<std::string> unexpected = chosen->remaining();
  if (unexpected.empty()) unexpected = app.remaining();
  const std::string first = unexpected.empty() ? "" : unexpected[0];
  const std::string given =
      std::vector<std::string>(absl::StrSplit(first, '='))[0];
  std::vector<std::string> known;
  if (absl::StartsWith(first, "-")) {
    for (const CLI::Option* option : chosen->get_options()) {
      for (const std::string& name : option->get_lnames()) {
        known.push_back(absl::StrCat("--", name));
      }
    }
  } else if (chosen == &app) {
    for (const CLI::App* command : app.get_subcommands({})) {
      known.push_back(command->get_name());
    }
  }
  const std::string nearest = Nearest(given, known);
  std::string advice;
  if (nearest != given && !nearest.empty()) {
    advice = absl::StrCat("; did you mean ", nearest, "?");
  } else if (!nearest.empty() &&
             std::find(line.begin(), line.end(), first) <
                 std::find(line.begin(), line.end(), chosen->get_name())) {
    advice = absl::StrCat("; it belongs behind the command: ", app.get_name(),
                          " ", chosen->get_name(), " ... ", nearest);
  }
  PrintError(absl::StrCat(chosen == &app && !absl::StartsWith(first, "-")
                              ? "no such command: "
                              : "not expected: ",
                          Quoted(first), advice));
  PrintUsageHint(*chosen);
  return kUsage;
}

// Reads the line; nothing if a command is to be run, else the exit code.
absl::optional<int> Parse(CLI::App& app, int argc, const char* const* argv) {
  const absl::Span<const char* const> line(argv, static_cast<size_t>(argc));
  try {
    app.parse(argc, argv);
    return absl::nullopt;
  } catch (const CLI::Success& asked) {  // --help, --version
    std::ostringstream text;
    app.exit(asked, text, text);
    const absl::Status written = WriteStdout(text.str());
    if (!written.ok()) PrintError(written.message());
    return ExitCodeOf(written);
  } catch (const CLI::ExtrasError&) {
    return ReportUnexpected(app, line);
  } catch (const CLI::ParseError& error) {
    // What is misspelt is why something else seems to be missing.
    if (!app.remaining(/*recurse=*/true).empty()) {
      return ReportUnexpected(app, line);
    }
    const bool no_command =
        app.get_subcommands().empty() &&
        dynamic_cast<const CLI::RequiredError*>(&error) != nullptr;
    PrintError(no_command ? "a command is required" : error.what());
    PrintUsageHint(*Chosen(app));
    return kUsage;
  }
}

int Finish(const CLI::App& command, const absl::StatusOr<Outcome>& outcome) {
  absl::Status status = outcome.status();
  if (status.ok()) status = WriteStdout(outcome->text);
  if (status.ok()) return outcome->code;
  PrintError(status.message());
  const ExitCode code = ExitCodeOf(status);
  if (code == kUsage) PrintUsageHint(command);
  if (code == kOurFault) {
    PrintMessage("this is a fault of espalier's, not of your input");
  }
  return code;
}

int ParseAndRun(absl::Span<const CommandRow> table, int argc,
                const char* const* argv) {
  CLI::App app(
      "Trains networks and prunes ReLU units that are always zero, with proof.",
      "espalier");
  std::map<std::string, std::unique_ptr<Command>> commands;
  std::string examples;
  for (const CommandRow& row : table) {
    CLI::App* command =
        app.add_subcommand(std::string(row.name), std::string(row.summary));
    command->formatter(
        std::make_shared<HelpFormatter>(std::string(row.examples)));
    command->group("Commands");
    RefuseValue(command->set_help_flag("-h,--help", "print this help"));
    commands[command->get_name()] = row.make();
    commands[command->get_name()]->AddOptions(*command);
    absl::StrAppend(&examples, row.examples.substr(0, row.examples.find('\n')),
                    "\n");
  }
  app.formatter(std::make_shared<HelpFormatter>(std::move(examples)));
  RefuseValue(app.set_help_flag("-h,--help", "print this help"));
  RefuseValue(
      app.set_version_flag("--version", absl::StrCat("espalier ", Version())))
      ->description("print the version");
  app.require_subcommand(1);

  const absl::optional<int> done = Parse(app, argc, argv);
  if (done.has_value()) return *done;
  const CLI::App* chosen = Chosen(app);
  return Finish(*chosen, commands[chosen->get_name()]->Run());
}

}  // namespace

int RunCommandLine(absl::Span<const CommandRow> table, int argc,
                   const char* const* argv) {
  try {
    return ParseAndRun(table, argc, argv);
  } catch (const std::bad_alloc&) {
    PrintError("out of memory");
    return kLimit;
  } catch (const std::exception& error) {
    PrintError(absl::StrCat("unexpected exception: ", error.what()));
  } catch (...) {
    PrintError("unexpected exception");
  }
  return kOurFault;
}

}  // namespace tools
}  // namespace espalier
