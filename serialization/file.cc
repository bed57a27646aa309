#include "serialization/file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {
namespace {

// What errno says, after the name of the call where that helps.
absl::Status SystemError(absl::string_view call) {
  absl::Status status = absl::ErrnoToStatus(errno, call);
  if (!absl::IsUnknown(status)) return status;
  return absl::FailedPreconditionError(status.message());
}
absl::Status SystemError() {
  const absl::Status status = SystemError("");
  return absl::Status(status.code(), absl::StripPrefix(status.message(), ": "));
}

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

absl::StatusOr<OpenFile> Open(FileSystem& files, int folder,
                              const std::string& name, int flags,
                              mode_t mode = 0) {
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

// A path with a zero byte in it would silently name another file.
absl::Status RequireName(const std::string& path) {
  if (path.find('\0') == std::string::npos) return absl::OkStatus();
  return absl::InvalidArgumentError("the name holds a zero byte");
}

// Fills `buffer` as far as the file goes; returns how far that is.
absl::StatusOr<size_t> ReadUpTo(FileSystem& files, int file, char* buffer,
                                size_t size) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = Uninterrupted(
        [&] { return files.Read(file, buffer + done, size - done); });
    if (got < 0) return SystemError("read");
    if (got == 0) break;
    done += static_cast<size_t>(got);
  }
  return done;
}

absl::StatusOr<std::string> Read(const std::string& path, int64_t max_bytes,
                                 FileSystem& files) {
  RETURN_IF_ERROR(RequireName(path));
  // Without O_NONBLOCK the open of a FIFO waits for a writer.
  ASSIGN_OR_RETURN(OpenFile file,
                   Open(files, AT_FDCWD, path, O_RDONLY | O_NONBLOCK));
  struct stat status;
  if (files.Stat(file.get(), &status) != 0) return SystemError("stat");
  RETURN_IF_ERROR(RequireRegular(status));
  if (status.st_size > max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "has ", status.st_size, " bytes: expected at most ", max_bytes));
  }
  std::string contents(static_cast<size_t>(status.st_size), '\0');
  ASSIGN_OR_RETURN(const size_t got,
                   ReadUpTo(files, file.get(), &contents[0], contents.size()));
  char extra;
  ASSIGN_OR_RETURN(const size_t more, ReadUpTo(files, file.get(), &extra, 1));
  if (got < contents.size() || more > 0) {
    return absl::DataLossError("changed while it was read");
  }
  return contents;
}

struct Target {
  std::string folder;
  std::string name;
};

// Splits a path after following the symbolic link that it may be.
absl::StatusOr<Target> ResolveTarget(const std::string& path) {
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
  Target target;
  target.folder = slash == std::string::npos ? "."
                  : slash == 0               ? "/"
                                             : resolved.substr(0, slash);
  target.name =
      slash == std::string::npos ? resolved : resolved.substr(slash + 1);
  if (target.name.empty()) {
    return absl::InvalidArgumentError("the name of a file is missing");
  }
  return target;
}

// What all temporaries of one file begin with; cut so that the pid and the
// random part fit in a file name (255 bytes) whatever the file is called.
std::string TemporaryPrefix(const std::string& name) {
  return absl::StrCat(".", name.substr(0, 200), ".tmp.");
}

constexpr size_t kRandomDigits = 16;

absl::StatusOr<std::string> TemporaryName(const std::string& name) {
  uint64_t random;
  if (::getrandom(&random, sizeof(random), 0) != sizeof(random)) {
    return SystemError("get random bytes");
  }
  return absl::StrCat(TemporaryPrefix(name), ::getpid(), ".",
                      absl::Hex(random, absl::kZeroPad16));
}

bool IsTemporaryOf(const std::string& name, absl::string_view candidate) {
  if (!absl::ConsumePrefix(&candidate, TemporaryPrefix(name))) return false;
  const size_t dot = candidate.find('.');
  const auto all_of = [](absl::string_view text, bool (*is)(unsigned char)) {
    return !text.empty() && std::all_of(text.begin(), text.end(), is);
  };
  return dot != absl::string_view::npos &&
         candidate.size() - dot - 1 == kRandomDigits &&
         all_of(candidate.substr(0, dot), absl::ascii_isdigit) &&
         all_of(candidate.substr(dot + 1), absl::ascii_isxdigit);
}

// Removes temporaries whose writer is gone. Failing to is no reason not to
// write: nothing depends on it.
void RemoveStaleTemporaries(FileSystem& files, int folder,
                            const std::string& name) {
  std::vector<std::string> entries;
  if (files.List(folder, &entries) != 0) return;
  for (const std::string& entry : entries) {
    if (!IsTemporaryOf(name, entry)) continue;
    absl::StatusOr<OpenFile> file =
        Open(files, folder, entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
    if (file.ok() && files.TryLock(file->get()) == 0) {
      files.Unlink(folder, entry.c_str());
    }
  }
}

// A temporary file: locked while it is open, removed unless it was renamed.
class Temporary {
 public:
  Temporary(FileSystem& files, int folder, std::string name, OpenFile file)
      : files_(&files),
        folder_(folder),
        name_(std::move(name)),
        file_(std::move(file)) {}
  Temporary(Temporary&& other) noexcept
      : files_(other.files_),
        folder_(other.folder_),
        name_(std::exchange(other.name_, "")),
        file_(std::move(other.file_)) {}
  Temporary& operator=(Temporary&&) = delete;
  ~Temporary() {
    if (!name_.empty()) files_->Unlink(folder_, name_.c_str());
  }

  static absl::StatusOr<Temporary> Create(FileSystem& files, int folder,
                                          const std::string& target,
                                          mode_t mode) {
    // A name may be taken only by chance, or when a cleaner of another process
    // took the lock in the moment before we did.
    for (int attempt = 0; attempt < 8; ++attempt) {
      ASSIGN_OR_RETURN(std::string name, TemporaryName(target));
      absl::StatusOr<OpenFile> file = Open(
          files, folder, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode);
      if (!file.ok()) {
        if (absl::IsAlreadyExists(file.status())) continue;
        return Annotate(file.status(), "temporary file beside it");
      }
      Temporary temporary(files, folder, std::move(name), *std::move(file));
      // File systems without locks fail otherwise; there nobody cleans either.
      if (files.TryLock(temporary.file_.get()) != 0 && errno == EWOULDBLOCK) {
        continue;
      }
      struct stat status;
      if (files.Stat(temporary.file_.get(), &status) != 0) {
        return SystemError("stat temporary file");
      }
      if (status.st_nlink > 0) return temporary;
    }
    return absl::UnavailableError("no temporary file could be made beside it");
  }

  absl::Status Fill(absl::string_view contents) {
    while (!contents.empty()) {
      const ssize_t put = Uninterrupted([&] {
        return files_->Write(file_.get(), contents.data(), contents.size());
      });
      if (put < 0) return SystemError("write");
      if (put == 0) return absl::DataLossError("write: no byte was taken");
      contents.remove_prefix(static_cast<size_t>(put));
    }
    return absl::OkStatus();
  }

  // After a failed sync the kernel may have dropped what was written and say
  // yes the next time, so it is not repeated.
  absl::Status Sync() {
    if (Uninterrupted([&] { return files_->Sync(file_.get()); }) != 0) {
      return SystemError("sync");
    }
    return absl::OkStatus();
  }

  absl::Status ChangeMode(mode_t mode) {
    if (files_->ChangeMode(file_.get(), mode) != 0) {
      return SystemError("change mode");
    }
    return absl::OkStatus();
  }

  // The file stays open, so that no cleaner takes it for a dead writer's.
  absl::Status RenameTo(const std::string& name) {
    if (files_->Rename(folder_, name_.c_str(), name.c_str()) != 0) {
      return SystemError("rename");
    }
    name_.clear();
    return absl::OkStatus();
  }

 private:
  FileSystem* files_;
  int folder_;
  std::string name_;
  OpenFile file_;
};

absl::Status Write(const std::string& path, absl::string_view contents,
                   FileSystem& files) {
  ASSIGN_OR_RETURN(const Target target, ResolveTarget(path));
  absl::StatusOr<OpenFile> folder =
      Open(files, AT_FDCWD, target.folder, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) {
    return Annotate(folder.status(),
                    absl::StrCat("folder ", Quoted(target.folder)));
  }
  absl::StatusOr<OpenFile> old =
      Open(files, folder->get(), target.name, O_PATH | O_NOFOLLOW);
  struct stat old_status;
  const bool exists = old.ok();
  if (exists) {
    if (files.Stat(old->get(), &old_status) != 0) return SystemError("stat");
    RETURN_IF_ERROR(RequireRegular(old_status));
  } else if (!absl::IsNotFound(old.status())) {
    return old.status();
  }

  RemoveStaleTemporaries(files, folder->get(), target.name);
  // What nobody could read before nobody shall read in the temporary.
  ASSIGN_OR_RETURN(Temporary temporary,
                   Temporary::Create(files, folder->get(), target.name,
                                     exists ? 0600 : 0666));
  RETURN_IF_ERROR(temporary.Fill(contents));
  if (exists) {
    RETURN_IF_ERROR(temporary.ChangeMode(old_status.st_mode & 07777));
  }
  RETURN_IF_ERROR(temporary.Sync());
  RETURN_IF_ERROR(temporary.RenameTo(target.name));
  // Some file systems have no sync of folders and say EINVAL.
  if (Uninterrupted([&] { return files.Sync(folder->get()); }) != 0 &&
      errno != EINVAL) {
    return SystemError(
        "sync the folder, so a loss of power may undo the write");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::string> ReadFile(const std::string& path, int64_t max_bytes,
                                     FileSystem& files) {
  absl::StatusOr<std::string> contents = Read(path, max_bytes, files);
  if (contents.ok()) return contents;
  return Annotate(contents.status(), absl::StrCat("read ", Quoted(path)));
}

absl::Status WriteFile(const std::string& path, absl::string_view contents,
                       FileSystem& files) {
  return Annotate(Write(path, contents, files),
                  absl::StrCat("write ", Quoted(path)));
}

}  // namespace espalier
