#include "serialization/file.h"

#include <fcntl.h>
#include <sys/random.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/file_reader.h"

namespace espalier {
namespace {

// What all temporaries of one owner begin with; cut so that the pid and the
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
        OpenAt(files, folder, entry, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
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
                                          const std::string& owner,
                                          mode_t mode) {
    // A name may be taken only by chance, or when a cleaner of another process
    // took the lock in the moment before we did.
    for (int attempt = 0; attempt < 8; ++attempt) {
      ASSIGN_OR_RETURN(std::string name, TemporaryName(owner));
      absl::StatusOr<OpenFile> file = OpenAt(
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

// The permissions of a regular file; nothing if there is none.
absl::StatusOr<absl::optional<mode_t>> ModeOf(FileSystem& files, int folder,
                                              const std::string& name) {
  absl::StatusOr<OpenFile> file =
      OpenAt(files, folder, name, O_PATH | O_NOFOLLOW);
  if (absl::IsNotFound(file.status())) return {absl::nullopt};
  if (!file.ok()) return file.status();
  struct stat status;
  if (files.Stat(file->get(), &status) != 0) return SystemError("stat");
  RETURN_IF_ERROR(RequireRegular(status));
  return {status.st_mode & 07777};
}

absl::Status Write(const FilePlace& target, const FilePieces& contents,
                   FileSystem& files, const std::string& owner) {
  absl::StatusOr<OpenFile> folder =
      OpenAt(files, AT_FDCWD, target.folder, O_RDONLY | O_DIRECTORY);
  if (!folder.ok()) {
    return Annotate(folder.status(),
                    absl::StrCat("folder ", Quoted(target.folder)));
  }
  ASSIGN_OR_RETURN(absl::optional<mode_t> mode,
                   ModeOf(files, folder->get(), target.name));
  if (!mode.has_value() && owner != target.name) {
    ASSIGN_OR_RETURN(mode, ModeOf(files, folder->get(), owner));
  }

  RemoveStaleTemporaries(files, folder->get(), owner);
  // What nobody could read before nobody shall read in the temporary.
  ASSIGN_OR_RETURN(Temporary temporary,
                   Temporary::Create(files, folder->get(), owner,
                                     mode.has_value() ? 0600 : 0666));
  for (const absl::string_view piece : contents) {
    RETURN_IF_ERROR(temporary.Fill(piece));
  }
  if (mode.has_value()) RETURN_IF_ERROR(temporary.ChangeMode(*mode));
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
  ASSIGN_OR_RETURN(FileReader reader, FileReader::Open(path, max_bytes, files));
  std::string contents(static_cast<size_t>(reader.size()), '\0');
  RETURN_IF_ERROR(reader.Read(&contents[0], contents.size()));
  RETURN_IF_ERROR(reader.Finish());
  return contents;
}

absl::Status WriteFile(const std::string& path, const FilePieces& contents,
                       FileSystem& files) {
  const absl::StatusOr<FilePlace> place = FindPlace(path);
  return Annotate(
      place.ok() ? Write(*place, contents, files, place->name) : place.status(),
      absl::StrCat("write ", Quoted(path)));
}

absl::Status WriteFile(const std::string& path, absl::string_view contents,
                       FileSystem& files) {
  return WriteFile(path, FilePieces{contents}, files);
}

absl::Status WriteFileAt(const FilePlace& place, const FilePieces& contents,
                         const std::string& owner, FileSystem& files) {
  return Annotate(Write(place, contents, files, owner),
                  absl::StrCat("write ", Quoted(absl::StrCat(place.folder, "/",
                                                             place.name))));
}

}  // namespace espalier
