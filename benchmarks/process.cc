#include "benchmarks/process.h"

#include <fcntl.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <filesystem>

#include "graph/check.h"

namespace espalier {

ProcessRun RunProcess(std::vector<std::string> command,
                      const std::string& output) {
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  posix_spawn_file_actions_t actions;
  ESPALIER_CHECK(posix_spawn_file_actions_init(&actions) == 0);
  if (!output.empty()) {
    ESPALIER_CHECK(posix_spawn_file_actions_addopen(
                       &actions, STDOUT_FILENO, output.c_str(),
                       O_WRONLY | O_CREAT | O_TRUNC, 0600) == 0);
  }
  ProcessRun run;
  const auto start = std::chrono::steady_clock::now();
  pid_t child = 0;
  ESPALIER_CHECK(posix_spawnp(&child, arguments[0], &actions, nullptr,
                              arguments.data(), environ) == 0);
  int status = 0;
  rusage usage = {};
  ESPALIER_CHECK(wait4(child, &status, 0, &usage) == child);
  run.seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - start)
          .count();
  posix_spawn_file_actions_destroy(&actions);
  run.exit_code =
      WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  run.peak_kib = usage.ru_maxrss;
  return run;
}

std::string FolderOfThisProgram() {
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

WorkFolder::WorkFolder(const std::string& parent)
    : path_(parent + "/espalier.XXXXXX") {
  ESPALIER_CHECK(mkdtemp(path_.data()) != nullptr);
}

WorkFolder::~WorkFolder() { std::filesystem::remove_all(path_); }

}  // namespace espalier
