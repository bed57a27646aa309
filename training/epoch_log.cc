#include "training/epoch_log.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "serialization/open_file.h"

namespace espalier {
namespace {

absl::Status LogError(const std::string& path) {
  return SystemError(absl::StrCat("log ", Quoted(path)));
}

}  // namespace

EpochLog::EpochLog(std::string path, File file)
    : path_(std::move(path)), file_(std::move(file)) {}

absl::StatusOr<EpochLog> EpochLog::Create(const std::string& path) {
  if (path.empty()) return EpochLog(path, nullptr);
  File file(std::fopen(path.c_str(), "we"));
  if (file == nullptr) return LogError(path);
  return EpochLog(path, std::move(file));
}

absl::Status EpochLog::Write(absl::string_view line) {
  if (file_ == nullptr) return absl::OkStatus();
  const std::string text = absl::StrCat(line, "\n");
  if (std::fwrite(text.data(), 1, text.size(), file_.get()) != text.size() ||
      std::fflush(file_.get()) != 0) {
    return LogError(path_);
  }
  return absl::OkStatus();
}

}  // namespace espalier
