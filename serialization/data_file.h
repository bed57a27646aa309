// Files of data, plain or packed with gzip, as a stream.
#ifndef ESPALIER_SERIALIZATION_DATA_FILE_H_
#define ESPALIER_SERIALIZATION_DATA_FILE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "serialization/byte_stream.h"
#include "serialization/file_reader.h"

namespace espalier {

// A data file is refused past so many bytes.
inline constexpr int64_t kMaxDataBytes = int64_t{1} << 31;
// So much is unpacked of a file, and so many bytes have the tensors that are
// made of it, or kMaxTensorBytesPerByte for each of its bytes if that is more,
// whatever it says. What is not packed is its own limit: no element takes more
// than four times the bytes that it has in a file.
inline constexpr int64_t kMaxUnpackedBytes = int64_t{1} << 30;
// Of pictures packed to a fourth, as f32: what large sets of data have.
inline constexpr int64_t kMaxTensorBytesPerByte = 16;

// Unpacked when it begins as gzip does; a name ending in .gz demands it.
class DataFile : public ByteStream {
 public:
  // Errors name the file.
  static absl::StatusOr<std::unique_ptr<DataFile>> Open(
      const std::string& path);

  Left left() const override { return stream_->left(); }
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;

  // ResourceExhausted if tensors made of it may not have so many bytes.
  absl::Status CheckTensorBytes(int64_t bytes) const;

  // Of this file: "read 'path': ...".
  absl::Status Error(const absl::Status& status) const;

 private:
  DataFile(std::string path, FileReader file)
      : path_(std::move(path)), file_(std::move(file)) {}

  const std::string path_;
  FileReader file_;
  bool packed_ = false;
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_DATA_FILE_H_
