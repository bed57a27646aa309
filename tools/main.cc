// espalier: trains, inspects, prunes and runs models on the command line.
#include <signal.h>

#include "tools/command.h"
#include "tools/commands.h"

int main(int argc, char** argv) {
  // A reader that goes away or a file that grows past its limit is an error of
  // the write, and must not end the program in the middle of a save.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGXFSZ, SIG_IGN);
  namespace tools = espalier::tools;
  const tools::CommandRow table[] = {
      tools::TrainCommand(),   tools::EvaluateCommand(),
      tools::RunCommand(),     tools::InspectCommand(),
      tools::PruneCommand(),   tools::CompareCommand(),
      tools::ConvertCommand(),
  };
  return tools::RunCommandLine(table, argc, argv);
}
