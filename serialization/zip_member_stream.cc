#include <algorithm>

#include "graph/status_macros.h"
#include "serialization/zip.h"
#include "serialization/zip_records.h"

namespace espalier {

ZipMemberStream::ZipMemberStream(ByteSource* source, const ZipMember& member)
    : source_(source),
      begin_(member.begin),
      size_(member.unpacked),
      expected_crc_(member.crc) {
  if (!member.deflated) return;
  unpacker_.emplace(source, static_cast<int64_t>(member.begin),
                    static_cast<int64_t>(member.begin + member.packed),
                    Inflater::kDeflate);
}

ByteStream::Left ZipMemberStream::left() const {
  const auto left = static_cast<int64_t>(size_ - done_);
  return {left, left};
}

// Not more than the member has by its own account.
absl::StatusOr<size_t> ZipMemberStream::ReadPiece(absl::Span<char> buffer) {
  const absl::Span<char> piece = buffer.first(
      static_cast<size_t>(std::min<uint64_t>(buffer.size(), size_ - done_)));
  if (!unpacker_.has_value()) {
    RETURN_IF_ERROR(source_->ReadAt(static_cast<int64_t>(begin_ + done_),
                                    piece.data(), piece.size()));
    return piece.size();
  }
  if (unpacked_) return LostZip("it is shorter than it says");
  return unpacker_->Read(piece, &unpacked_);
}

absl::Status ZipMemberStream::CheckEnd() {
  if (unpacker_.has_value()) {
    if (!unpacked_) {
      char more;
      ASSIGN_OR_RETURN(const size_t got,
                       unpacker_->Read({&more, 1}, &unpacked_));
      if (got > 0) return LostZip("it is larger than it says");
    }
    if (unpacker_->packed_left() > 0) return LostZip("bytes follow its end");
  }
  if (crc_ == expected_crc_) return absl::OkStatus();
  return LostZip("it has another checksum");
}

absl::StatusOr<size_t> ZipMemberStream::Read(absl::Span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size() && done_ < size_) {
    ASSIGN_OR_RETURN(const size_t got, ReadPiece(buffer.subspan(filled)));
    crc_ = ExtendCrc32(crc_, {buffer.data() + filled, got});
    filled += got;
    done_ += got;
  }
  if (filled < buffer.size()) RETURN_IF_ERROR(CheckEnd());
  return filled;
}

}  // namespace espalier
