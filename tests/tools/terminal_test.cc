#include "tools/terminal.h"

#include <fcntl.h>
#include <unistd.h>

#include "gtest/gtest.h"
#include "tools/exit_code.h"

namespace espalier {
namespace tools {
namespace {

// Ends with the exit code of a line written to what stdout now is.
[[noreturn]] void WriteAndExit() { _exit(ExitCodeOf(WriteStdout("done\n"))); }

TEST(WriteStdoutDeathTest, AFullOrClosedStdoutIsABadFile) {
  EXPECT_EXIT(
      {
        dup2(open("/dev/full", O_WRONLY), STDOUT_FILENO);
        WriteAndExit();
      },
      ::testing::ExitedWithCode(3), "");
  EXPECT_EXIT(
      {
        close(STDOUT_FILENO);
        WriteAndExit();
      },
      ::testing::ExitedWithCode(3), "");
}

}  // namespace
}  // namespace tools
}  // namespace espalier
