// Options of a command: their values are checked where they are read, so that
// an error names the option, what it takes and what it got.
#ifndef ESPALIER_TOOLS_OPTIONS_H_
#define ESPALIER_TOOLS_OPTIONS_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "tools/numbers.h"

namespace espalier {
namespace tools {

// Where an option's value goes; it must outlive the parse.
using OptionReader = std::function<absl::Status(absl::string_view text)>;

// An option (or positional argument) that takes one value; `value_name` stands
// for it in the help. Given twice it is an error.
CLI::Option* AddOption(CLI::App& app, const std::string& names,
                       const std::string& value_name, OptionReader read,
                       const std::string& help);

CLI::Option* AddText(CLI::App& app, const std::string& names,
                     const std::string& value_name, std::string& value,
                     const std::string& help);
// One of a few words.
CLI::Option* AddChoice(CLI::App& app, const std::string& names,
                       const std::vector<std::string>& choices,
                       std::string& value, const std::string& help);
CLI::Option* AddInteger(CLI::App& app, const std::string& names,
                        const std::string& value_name,
                        const IntegerRange& range, int64_t& value,
                        const std::string& help);
CLI::Option* AddNumber(CLI::App& app, const std::string& names,
                       const std::string& value_name, const NumberRange& range,
                       double& value, const std::string& help);
// A number that may be left out.
CLI::Option* AddNumber(CLI::App& app, const std::string& names,
                       const std::string& value_name, const NumberRange& range,
                       absl::optional<double>& value, const std::string& help);
// May be given several times, one value each.
CLI::Option* AddRepeatable(CLI::App& app, const std::string& names,
                           const std::string& value_name,
                           std::vector<std::string>& values,
                           const std::string& help);

// A flag is given or not: with a value, `--name=value`, it is an error.
CLI::Option* RefuseValue(CLI::Option* flag);
CLI::Option* AddFlag(CLI::App& app, const std::string& names, bool& value,
                     const std::string& help);

CLI::Option* AddJson(CLI::App& app, bool& json);
CLI::Option* AddForce(CLI::App& app, bool& force);
// Left out, `threads` stays as it is: 0 stands for as many as OpenMP takes.
CLI::Option* AddThreads(CLI::App& app, int& threads);

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_OPTIONS_H_
