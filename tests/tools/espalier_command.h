// Runs the real command, as a shell would.
#ifndef ESPALIER_TESTS_TOOLS_ESPALIER_COMMAND_H_
#define ESPALIER_TESTS_TOOLS_ESPALIER_COMMAND_H_

#include <google/protobuf/struct.pb.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "tests/serialization/scratch_folder.h"

namespace espalier {

struct CommandResult {
  int exit_code = 0;  // 128 + number of the signal that ended it
  std::string out;
  std::string err;
};

// A running `espalier arguments...`, with nothing to read and NO_COLOR set.
class EspalierProcess {
 public:
  explicit EspalierProcess(std::vector<std::string> arguments);

  void Signal(int signal) const;
  // REQUIRES: called once, in the end.
  CommandResult Wait();

 private:
  ScratchFolder folder_;  // of what it prints
  pid_t child_ = 0;
};

CommandResult RunEspalier(const std::vector<std::string>& arguments);

// The one JSON object that `text` is; a test failure and an empty one if it is
// anything else.
google::protobuf::Struct ParseJson(const std::string& text);

// A number of the object; a test failure and NaN if it is not there.
double NumberIn(const google::protobuf::Struct& object,
                const std::string& field);

// The entries of a list of objects; a test failure and none if it is not there.
std::vector<google::protobuf::Struct> ObjectsIn(
    const google::protobuf::Struct& object, const std::string& field);

}  // namespace espalier

#endif  // ESPALIER_TESTS_TOOLS_ESPALIER_COMMAND_H_
