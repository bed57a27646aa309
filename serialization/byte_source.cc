#include "serialization/byte_source.h"

#include <algorithm>
#include <cstring>

#include "graph/status_macros.h"
#include "serialization/crc32c.h"

namespace espalier {

absl::Status MemorySource::ReadAt(int64_t place, char* buffer, size_t size) {
  const auto from = static_cast<size_t>(place);
  if (from > bytes_.size() || size > bytes_.size() - from) {
    return absl::DataLossError("the bytes end too early");
  }
  if (size > 0) std::memcpy(buffer, bytes_.data() + from, size);
  return absl::OkStatus();
}

absl::Status MemorySource::Read(char* buffer, size_t size) {
  RETURN_IF_ERROR(ReadAt(static_cast<int64_t>(at_), buffer, size));
  at_ += size;
  return absl::OkStatus();
}

absl::Status ChecksumReader::Read(char* buffer, size_t size) {
  while (size > 0) {
    const size_t piece = std::min(size, kPiece);
    RETURN_IF_ERROR(source_->Read(buffer, piece));
    checksum_ = ExtendCrc32c(checksum_, {buffer, piece});
    place_ += static_cast<int64_t>(piece);
    buffer += piece;
    size -= piece;
  }
  return absl::OkStatus();
}

absl::Status ChecksumReader::Skip(int64_t size) {
  if (size > static_cast<int64_t>(skipped_.size())) {
    skipped_.resize(
        static_cast<size_t>(std::min(size, static_cast<int64_t>(kPiece))));
  }
  while (size > 0) {
    const auto piece =
        static_cast<size_t>(std::min(size, static_cast<int64_t>(kPiece)));
    RETURN_IF_ERROR(Read(skipped_.data(), piece));
    size -= static_cast<int64_t>(piece);
  }
  return absl::OkStatus();
}

}  // namespace espalier
