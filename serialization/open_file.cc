#include "serialization/open_file.h"

#include <fcntl.h>

#include <cstdlib>
#include <memory>

#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "graph/status_macros.h"

namespace espalier {

absl::Status SystemError(absl::string_view call) {
  // A limit of the size of files, like that of the disk.
  const bool too_large = errno == EFBIG;
  absl::Status status = absl::ErrnoToStatus(errno, call);
  if (too_large) return absl::ResourceExhaustedError(status.message());
  if (!absl::IsUnknown(status)) return status;
  return absl::FailedPreconditionError(status.message());
}

absl::Status SystemError() {
  const absl::Status status = SystemError("");
  return absl::Status(status.code(), absl::StripPrefix(status.message(), ": "));
}

absl::StatusOr<OpenFile> OpenAt(FileSystem& files, int folder,
                                const std::string& name, int flags,
                                mode_t mode) {
  const int descriptor = Uninterrupted([&] {
    return files.Open(folder, name.c_str(), flags | O_CLOEXEC, mode);
  });
  if (descriptor < 0) return SystemError();
  return OpenFile(files, descriptor);
}

absl::Status RequireRegular(const struct stat& status) {
  if (S_ISREG(status.st_mode)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("is ", S_ISDIR(status.st_mode) ? "a folder" : "no file",
                   ": expected a regular file"));
}

absl::Status RequireName(const std::string& path) {
  if (path.find('\0') == std::string::npos) return absl::OkStatus();
  return absl::InvalidArgumentError("the name holds a zero byte");
}

absl::StatusOr<FilePlace> FindPlace(const std::string& path) {
  RETURN_IF_ERROR(RequireName(path));
  std::string resolved = path;
  struct stat status;
  if (::lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode)) {
    const std::unique_ptr<char, void (*)(void*)> real(
        ::realpath(path.c_str(), nullptr), ::free);
    if (real == nullptr) return SystemError("follow symbolic link");
    resolved = real.get();
  }
  const size_t slash = resolved.rfind('/');
  FilePlace place;
  place.folder = slash == std::string::npos ? "."
                 : slash == 0               ? "/"
                                            : resolved.substr(0, slash);
  place.name =
      slash == std::string::npos ? resolved : resolved.substr(slash + 1);
  if (place.name.empty()) {
    return absl::InvalidArgumentError("the name of a file is missing");
  }
  return place;
}

}  // namespace espalier
