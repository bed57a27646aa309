// A regular file read from its beginning to its end, a piece at a time.
#ifndef ESPALIER_SERIALIZATION_FILE_READER_H_
#define ESPALIER_SERIALIZATION_FILE_READER_H_

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "serialization/byte_source.h"
#include "serialization/file_system.h"
#include "serialization/open_file.h"

namespace espalier {

// Errors name the file; their codes are those of ReadFile (file.h).
class FileReader : public ByteSource {
 public:
  // Anything but a regular file (folder, FIFO, device) is an InvalidArgument
  // and never waited for, more than `max_bytes` a ResourceExhausted.
  static absl::StatusOr<FileReader> Open(const std::string& path,
                                         int64_t max_bytes,
                                         FileSystem& files = RealFileSystem());
  // The same, but errors leave it to the caller to name the file.
  static absl::StatusOr<FileReader> OpenUnnamed(
      const std::string& path, int64_t max_bytes,
      FileSystem& files = RealFileSystem());
  // Of a file that is open for reading already; errors call it `name`.
  static absl::StatusOr<FileReader> Of(OpenFile file, const std::string& name,
                                       int64_t max_bytes, FileSystem& files);

  // At the time of opening.
  int64_t size() const override { return size_; }
  int64_t links() const { return links_; }

  absl::Status Read(char* buffer, size_t size) override;
  absl::Status ReadAt(int64_t place, char* buffer, size_t size) override;
  absl::Status Finish() override;

 private:
  FileReader(FileSystem& files, OpenFile file, std::string context)
      : files_(&files), file_(std::move(file)), context_(std::move(context)) {}

  static absl::StatusOr<FileReader> OpenAs(const std::string& path,
                                           std::string context,
                                           int64_t max_bytes,
                                           FileSystem& files);
  static absl::StatusOr<FileReader> Make(OpenFile file, std::string context,
                                         int64_t max_bytes, FileSystem& files);
  absl::Status Error(const absl::Status& status) const;
  template <typename Call>
  absl::Status Fill(char* buffer, size_t size, Call read);

  FileSystem* files_;
  OpenFile file_;
  std::string context_;  // of errors, if there is any
  int64_t size_ = 0;
  int64_t links_ = 0;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_FILE_READER_H_
