#include "serialization/unpacker.h"

#include <algorithm>
#include <cstring>

#include "graph/status_macros.h"

namespace espalier {
namespace {

constexpr int64_t kPiece = int64_t{256} << 10;

absl::Status NoMemory() {
  return absl::ResourceExhaustedError("no memory to unpack");
}

}  // namespace

absl::Status Unpacker::Fill(size_t size) {
  const auto held = static_cast<int64_t>(rest_.size());
  if (rest_.size() >= size || held == packed_left()) return absl::OkStatus();
  // A small stream takes little memory: an archive may have very many.
  if (piece_.empty()) {
    piece_.resize(static_cast<size_t>(std::min(kPiece, packed_left())));
  }
  if (held > 0) std::memmove(piece_.data(), rest_.data(), rest_.size());
  const auto more = static_cast<size_t>(
      std::min(static_cast<int64_t>(piece_.size()), packed_left()) - held);
  RETURN_IF_ERROR(
      source_->ReadAt(place_ + held, piece_.data() + rest_.size(), more));
  rest_ = absl::string_view(piece_.data(), rest_.size() + more);
  return absl::OkStatus();
}

absl::StatusOr<absl::string_view> Unpacker::Peek(size_t size) {
  RETURN_IF_ERROR(Fill(size));
  return rest_.substr(0, size);
}

absl::StatusOr<size_t> Unpacker::Read(absl::Span<char> buffer, bool* ended) {
  *ended = false;
  size_t filled = 0;
  while (filled < buffer.size()) {
    RETURN_IF_ERROR(Fill(1));
    const size_t before = rest_.size();
    size_t made = 0;
    const int code = inflater_.Step(&rest_, buffer.subspan(filled), &made);
    const size_t used = before - rest_.size();
    place_ += static_cast<int64_t>(used);
    filled += made;
    if (code == Z_STREAM_END) {
      *ended = true;
      break;
    }
    if (code == Z_MEM_ERROR) return NoMemory();
    if (code != Z_OK && code != Z_BUF_ERROR) {
      return absl::DataLossError("damaged data");
    }
    if (used == 0 && made == 0) {
      return absl::DataLossError("it ends too early");
    }
  }
  return filled;
}

absl::Status Unpacker::Restart() {
  return inflater_.Restart() ? absl::OkStatus() : NoMemory();
}

}  // namespace espalier
