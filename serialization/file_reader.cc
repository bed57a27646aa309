#include "serialization/file_reader.h"

#include <fcntl.h>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {

absl::StatusOr<FileReader> FileReader::Open(const std::string& path,
                                            int64_t max_bytes,
                                            FileSystem& files) {
  std::string context = absl::StrCat("read ", Quoted(path));
  absl::StatusOr<FileReader> reader = OpenAs(path, context, max_bytes, files);
  if (reader.ok()) return reader;
  return Annotate(reader.status(), context);
}

absl::StatusOr<FileReader> FileReader::OpenUnnamed(const std::string& path,
                                                   int64_t max_bytes,
                                                   FileSystem& files) {
  return OpenAs(path, "", max_bytes, files);
}

// Errors are not in the context.
absl::StatusOr<FileReader> FileReader::OpenAs(const std::string& path,
                                              std::string context,
                                              int64_t max_bytes,
                                              FileSystem& files) {
  RETURN_IF_ERROR(RequireName(path));
  // Without O_NONBLOCK the open of a FIFO waits for a writer.
  ASSIGN_OR_RETURN(OpenFile file,
                   OpenAt(files, AT_FDCWD, path, O_RDONLY | O_NONBLOCK));
  return Make(std::move(file), std::move(context), max_bytes, files);
}

absl::StatusOr<FileReader> FileReader::Of(OpenFile file,
                                          const std::string& name,
                                          int64_t max_bytes,
                                          FileSystem& files) {
  const std::string context = absl::StrCat("read ", Quoted(name));
  absl::StatusOr<FileReader> reader =
      Make(std::move(file), context, max_bytes, files);
  if (reader.ok()) return reader;
  return Annotate(reader.status(), context);
}

absl::StatusOr<FileReader> FileReader::Make(OpenFile file, std::string context,
                                            int64_t max_bytes,
                                            FileSystem& files) {
  FileReader reader(files, std::move(file), std::move(context));
  struct stat status;
  if (files.Stat(reader.file_.get(), &status) != 0) return SystemError("stat");
  RETURN_IF_ERROR(RequireRegular(status));
  if (status.st_size > max_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "has ", status.st_size, " bytes: expected at most ", max_bytes));
  }
  reader.size_ = status.st_size;
  reader.links_ = static_cast<int64_t>(status.st_nlink);
  return reader;
}

absl::Status FileReader::Error(const absl::Status& status) const {
  return context_.empty() ? status : Annotate(status, context_);
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
