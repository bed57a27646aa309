// The subcommands, one source file each.
#ifndef ESPALIER_TOOLS_COMMANDS_H_
#define ESPALIER_TOOLS_COMMANDS_H_

#include <memory>

#include "tools/command.h"

namespace espalier {
namespace tools {

CommandRow TrainCommand();
CommandRow EvaluateCommand();
CommandRow RunCommand();
CommandRow InspectCommand();
CommandRow PruneCommand();
CommandRow CompareCommand();
CommandRow ConvertCommand();

}  // namespace tools
}  // namespace espalier

#endif  // ESPALIER_TOOLS_COMMANDS_H_
