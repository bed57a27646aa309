// Bytes that are read from their beginning to their end, from a file or from
// memory, and their checksum on the way.
#ifndef ESPALIER_SERIALIZATION_BYTE_SOURCE_H_
#define ESPALIER_SERIALIZATION_BYTE_SOURCE_H_

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {

class ByteSource {
 public:
  virtual ~ByteSource() = default;

  virtual int64_t size() const = 0;
  // The next `size` bytes. DataLoss if there are fewer.
  virtual absl::Status Read(char* buffer, size_t size) = 0;
  // From any place; leaves the next Read where it was.
  virtual absl::Status ReadAt(int64_t place, char* buffer, size_t size) = 0;
  // REQUIRES: size() bytes were read. DataLoss if there are more by now.
  virtual absl::Status Finish() = 0;
};

class MemorySource : public ByteSource {
 public:
  // The bytes must outlive this.
  explicit MemorySource(absl::string_view bytes) : bytes_(bytes) {}

  int64_t size() const override { return static_cast<int64_t>(bytes_.size()); }
  absl::Status Read(char* buffer, size_t size) override;
  absl::Status ReadAt(int64_t place, char* buffer, size_t size) override;
  absl::Status Finish() override { return absl::OkStatus(); }

 private:
  absl::string_view bytes_;
  size_t at_ = 0;
};

// Reads a source and keeps the CRC-32C of what it has read, piece by piece
// while that is in the cache.
class ChecksumReader {
 public:
  static constexpr size_t kPiece = size_t{256} << 10;

  // The source must outlive this.
  explicit ChecksumReader(ByteSource* source) : source_(source) {}

  uint32_t checksum() const { return checksum_; }
  int64_t place() const { return place_; }

  absl::Status Read(char* buffer, size_t size);
  // Reads and forgets them.
  absl::Status Skip(int64_t size);

 private:
  ByteSource* source_;
  std::vector<char> skipped_;
  uint32_t checksum_ = 0;
  int64_t place_ = 0;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_BYTE_SOURCE_H_
