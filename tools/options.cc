#include "tools/options.h"

#include <algorithm>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace tools {
namespace {

// What `parse` makes of the text and the range.
template <typename Parse, typename Range, typename Number>
CLI::Option* AddParsed(CLI::App& app, const std::string& names,
                       const std::string& value_name, Parse parse,
                       const Range& range, Number& value,
                       const std::string& help) {
  return AddOption(
      app, names, value_name,
      [parse, &value, range](absl::string_view text) -> absl::Status {
        ASSIGN_OR_RETURN(const auto parsed, parse(text, range));
        value = static_cast<Number>(parsed);
        return absl::OkStatus();
      },
      help);
}

}  // namespace

CLI::Option* AddOption(CLI::App& app, const std::string& names,
                       const std::string& value_name, OptionReader read,
                       const std::string& help) {
  return app
      .add_option(
          names, [](const CLI::results_t&) { return true; }, help)
      ->type_name(value_name)
      ->check(
          [read = std::move(read), is_option = absl::StartsWith(names, "-")](
              const std::string& text) -> std::string {
            // CLI11 takes what follows, also where the value was forgotten.
            if (text.empty() || (is_option && absl::StartsWith(text, "--"))) {
              return absl::StrCat("expected a value, found ", Quoted(text));
            }
            return std::string(read(text).message());
          });
}

CLI::Option* AddText(CLI::App& app, const std::string& names,
                     const std::string& value_name, std::string& value,
                     const std::string& help) {
  return AddOption(
      app, names, value_name,
      [&value](absl::string_view text) {
        value = std::string(text);
        return absl::OkStatus();
      },
      help);
}

CLI::Option* AddChoice(CLI::App& app, const std::string& names,
                       const std::vector<std::string>& choices,
                       std::string& value, const std::string& help) {
  return AddOption(
      app, names, absl::StrJoin(choices, "|"),
      [&value, choices](absl::string_view text) {
        if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
          return absl::InvalidArgumentError(
              absl::StrCat("expected one of ", absl::StrJoin(choices, ", "),
                           ", found ", Quoted(text)));
        }
        value = std::string(text);
        return absl::OkStatus();
      },
      help);
}

CLI::Option* AddInteger(CLI::App& app, const std::string& names,
                        const std::string& value_name,
                        const IntegerRange& range, int64_t& value,
                        const std::string& help) {
  return AddParsed(app, names, value_name, ParseInteger, range, value, help);
}

CLI::Option* AddNumber(CLI::App& app, const std::string& names,
                       const std::string& value_name, const NumberRange& range,
                       double& value, const std::string& help) {
  return AddParsed(app, names, value_name, ParseNumber, range, value, help);
}

CLI::Option* AddNumber(CLI::App& app, const std::string& names,
                       const std::string& value_name, const NumberRange& range,
                       absl::optional<double>& value, const std::string& help) {
  return AddParsed(app, names, value_name, ParseNumber, range, value, help);
}

CLI::Option* AddRepeatable(CLI::App& app, const std::string& names,
                           const std::string& value_name,
                           std::vector<std::string>& values,
                           const std::string& help) {
  return AddOption(
             app, names, value_name,
             [&values](absl::string_view text) {
               values.emplace_back(text);
               return absl::OkStatus();
             },
             help)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

CLI::Option* RefuseValue(CLI::Option* flag) {
  // CLI11 would take "false" and "3" for true where the flag is only counted.
  return flag->check([](const std::string& text) {
    return text == "true"
               ? std::string()
               : absl::StrCat("takes no value, found ", Quoted(text));
  });
}

CLI::Option* AddFlag(CLI::App& app, const std::string& names, bool& value,
                     const std::string& help) {
  return RefuseValue(app.add_flag(names, value, help));
}

CLI::Option* AddJson(CLI::App& app, bool& json) {
  return AddFlag(app, "--json", json,
                 "print one report message as JSON and nothing else");
}

CLI::Option* AddForce(CLI::App& app, bool& force) {
  return AddFlag(app, "--force", force,
                 "let an output take the place of an input");
}

CLI::Option* AddThreads(CLI::App& app, int& threads) {
  // More only slow each other down, and far more the system refuses to start.
  const int64_t most =
      std::max(int64_t{64}, 4 * int64_t{std::thread::hardware_concurrency()});
  return AddParsed(app, "--threads", "T", ParseInteger, IntegerRange{1, most},
                   threads, "to run on (as many as OpenMP takes)");
}

}  // namespace tools
}  // namespace espalier
