#include "tests/tools/espalier_command.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmath>

#include "graph/check.h"
#include "gtest/gtest.h"

namespace espalier {

EspalierProcess::EspalierProcess(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), ESPALIER_COMMAND);
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(&argument[0]);
  argv.push_back(nullptr);
  std::string no_color = "NO_COLOR=1";
  std::vector<char*> environment = {&no_color[0]};
  for (char** entry = environ; *entry != nullptr; ++entry) {
    environment.push_back(*entry);
  }
  environment.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const auto open = [&actions](int file, const std::string& path, int flags) {
    posix_spawn_file_actions_addopen(&actions, file, path.c_str(), flags, 0600);
  };
  open(STDIN_FILENO, "/dev/null", O_RDONLY);
  open(STDOUT_FILENO, folder_.File("out"), O_WRONLY | O_CREAT);
  open(STDERR_FILENO, folder_.File("err"), O_WRONLY | O_CREAT);
  ESPALIER_CHECK(posix_spawn(&child_, ESPALIER_COMMAND, &actions, nullptr,
                             argv.data(), environment.data()) == 0);
  posix_spawn_file_actions_destroy(&actions);
}

void EspalierProcess::Signal(int signal) const { kill(child_, signal); }

CommandResult EspalierProcess::Wait() {
  int status = 0;
  ESPALIER_CHECK(waitpid(child_, &status, 0) == child_);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          folder_.Read("out"), folder_.Read("err")};
}

CommandResult RunEspalier(const std::vector<std::string>& arguments) {
  return EspalierProcess(arguments).Wait();
}

google::protobuf::Struct ParseJson(const std::string& text) {
  google::protobuf::Struct object;
  const auto status =
      google::protobuf::util::JsonStringToMessage(text, &object);
  EXPECT_TRUE(status.ok()) << status.ToString() << "\n" << text;
  return object;
}

double NumberIn(const google::protobuf::Struct& object,
                const std::string& field) {
  const auto found = object.fields().find(field);
  if (found == object.fields().end() || !found->second.has_number_value()) {
    ADD_FAILURE() << "no number '" << field << "' in "
                  << object.ShortDebugString();
    return NAN;
  }
  return found->second.number_value();
}

std::vector<google::protobuf::Struct> ObjectsIn(
    const google::protobuf::Struct& object, const std::string& field) {
  std::vector<google::protobuf::Struct> objects;
  const auto found = object.fields().find(field);
  if (found == object.fields().end() || !found->second.has_list_value()) {
    ADD_FAILURE() << "no list '" << field << "' in "
                  << object.ShortDebugString();
    return objects;
  }
  for (const auto& value : found->second.list_value().values()) {
    objects.push_back(value.struct_value());
  }
  return objects;
}

}  // namespace espalier
