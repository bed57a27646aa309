// What the tests of `espalier train` share.
#ifndef ESPALIER_TESTS_TOOLS_TRAIN_COMMAND_H_
#define ESPALIER_TESTS_TOOLS_TRAIN_COMMAND_H_

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/tools/espalier_command.h"

namespace espalier {

using Line = std::vector<std::string>;

// `espalier train arguments... more...`.
inline CommandResult Train(Line arguments, const Line& more = {}) {
  arguments.insert(arguments.begin(), "train");
  arguments.insert(arguments.end(), more.begin(), more.end());
  return RunEspalier(arguments);
}

class TrainTest : public ::testing::Test {
 protected:
  ScratchFolder folder_;
  const std::string model_ = folder_.File("m.pb");
  const Line digits_ = {
      "--data", "builtin:digits", "--hidden", "32", "--epochs",
      "3",      "--output",       model_};
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_TOOLS_TRAIN_COMMAND_H_
