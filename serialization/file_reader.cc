#include "serialization/file_reader.h"

#include <fcntl.h>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {

absl::StatusOr<FileReader> FileReader::Open(const std::string& path,
                                            int64_t max_bytes,
                                            FileSystem& files) {
  const std::string context = absl::StrCat("read ", Quoted(path));
  const absl::Status named = RequireName(path);
  if (!named.ok()) return Annotate(named, context);
  // Without O_NONBLOCK the open of a FIFO waits for a writer.
  absl::StatusOr<OpenFile> file =
      OpenAt(files, AT_FDCWD, path, O_RDONLY | O_NONBLOCK);
  if (!file.ok()) return Annotate(file.status(), context);
  return Of(*std::move(file), path, max_bytes, files);
}

absl::StatusOr<FileReader> FileReader::Of(OpenFile file,
                                          const std::string& name,
                                          int64_t max_bytes,
                                          FileSystem& files) {
  FileReader reader(files, std::move(file),
                    absl::StrCat("read ", Quoted(name)));
  struct stat status;
  if (files.Stat(reader.file_.get(), &status) != 0) {
    return reader.Error(SystemError("stat"));
  }
  const absl::Status regular = RequireRegular(status);
  if (!regular.ok()) return reader.Error(regular);
  if (status.st_size > max_bytes) {
    return reader.Error(absl::ResourceExhaustedError(absl::StrCat(
        "has ", status.st_size, " bytes: expected at most ", max_bytes)));
  }
  reader.size_ = status.st_size;
  reader.links_ = static_cast<int64_t>(status.st_nlink);
  return reader;
}

absl::Status FileReader::Error(const absl::Status& status) const {
  return Annotate(status, context_);
}

template <typename Call>
absl::Status FileReader::Fill(char* buffer, size_t size, Call read) {
  size_t done = 0;
  while (done < size) {
    const ssize_t got = Uninterrupted([&] { return read(buffer, size, done); });
    if (got < 0) return Error(SystemError("read"));
    if (got == 0)
      return Error(absl::DataLossError("changed while it was read"));
    done += static_cast<size_t>(got);
  }
  return absl::OkStatus();
}

absl::Status FileReader::Read(char* buffer, size_t size) {
  return Fill(buffer, size, [&](char* to, size_t wanted, size_t done) {
    return files_->Read(file_.get(), to + done, wanted - done);
  });
}

absl::Status FileReader::ReadAt(int64_t place, char* buffer, size_t size) {
  return Fill(buffer, size, [&](char* to, size_t wanted, size_t done) {
    return files_->ReadAt(file_.get(), to + done, wanted - done,
                          place + static_cast<int64_t>(done));
  });
}

absl::Status FileReader::Finish() {
  char extra;
  const ssize_t got =
      Uninterrupted([&] { return files_->Read(file_.get(), &extra, 1); });
  if (got < 0) return Error(SystemError("read"));
  if (got > 0) return Error(absl::DataLossError("changed while it was read"));
  return absl::OkStatus();
}

}  // namespace espalier
