// Runs of other programs, timed from start to end, for benchmarks that hold
// whole processes against each other.
#ifndef ESPALIER_BENCHMARKS_PROCESS_H_
#define ESPALIER_BENCHMARKS_PROCESS_H_

#include <cstdint>
#include <string>
#include <vector>

namespace espalier {

struct ProcessRun {
  int exit_code = 0;  // 128 and the signal's number, if one ended it
  double seconds = 0;
  int64_t peak_kib = 0;  // largest resident size
};

// Looks the program up as a shell does. What it prints goes to the file
// `output`; empty: where ours goes. REQUIRES: it can be started.
ProcessRun RunProcess(std::vector<std::string> command,
                      const std::string& output = "");

// The folder of this program: others of the same build are beside it.
std::string FolderOfThisProgram();

// A new folder in `parent`, removed with all in it at the end.
class WorkFolder {
 public:
  explicit WorkFolder(const std::string& parent);
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder();

  std::string File(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_PROCESS_H_
