// What reading and writing files share: an open file that closes itself, and
// errno as a status.
#ifndef ESPALIER_SERIALIZATION_OPEN_FILE_H_
#define ESPALIER_SERIALIZATION_OPEN_FILE_H_

#include <sys/stat.h>

#include <cerrno>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "serialization/file_system.h"

namespace espalier {

// What errno says, after the name of the call where that helps: a disk, a quota
// or a file that may grow no more is ResourceExhausted.
absl::Status SystemError(absl::string_view call);
absl::Status SystemError();

// Repeats a call for as long as a signal interrupts it.
template <typename Call>
auto Uninterrupted(Call call) {
  auto result = call();
  while (result < 0 && errno == EINTR) result = call();
  return result;
}

class OpenFile {
 public:
  OpenFile(FileSystem& files, int descriptor)
      : files_(&files), descriptor_(descriptor) {}
  OpenFile(OpenFile&& other) noexcept
      : files_(other.files_),
        descriptor_(std::exchange(other.descriptor_, -1)) {}
  OpenFile& operator=(OpenFile&&) = delete;
  ~OpenFile() {
    if (descriptor_ >= 0) files_->Close(descriptor_);
  }

  int get() const { return descriptor_; }

 private:
  FileSystem* files_;
  int descriptor_;
};

// As the call of FileSystem; the file closes when a program is run.
absl::StatusOr<OpenFile> OpenAt(FileSystem& files, int folder,
                                const std::string& name, int flags,
                                mode_t mode = 0);

absl::Status RequireRegular(const struct stat& status);

// A path with a zero byte in it would silently name another file.
absl::Status RequireName(const std::string& path);

// Where a file is, after the symbolic link that its path may be.
struct FilePlace {
  std::string folder;
  std::string name;
};
absl::StatusOr<FilePlace> FindPlace(const std::string& path);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_OPEN_FILE_H_
