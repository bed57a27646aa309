// The log of a training: a JSON object per line and epoch.
#ifndef ESPALIER_TRAINING_EPOCH_LOG_H_
#define ESPALIER_TRAINING_EPOCH_LOG_H_

#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace espalier {

class EpochLog {
 public:
  // Makes the file anew. An empty path gives a log that keeps nothing.
  static absl::StatusOr<EpochLog> Create(const std::string& path);

  // Once it returns OK the line is in the file.
  absl::Status Write(absl::string_view line);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  using File = std::unique_ptr<std::FILE, Close>;

  EpochLog(std::string path, File file);

  std::string path_;
  File file_;
};

}  // namespace espalier

#endif  // ESPALIER_TRAINING_EPOCH_LOG_H_
