#include "serialization/byte_stream.h"

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"

namespace espalier {

absl::StatusOr<size_t> SourceStream::Read(absl::Span<char> buffer) {
  const auto size =
      static_cast<size_t>(std::min(left_, static_cast<int64_t>(buffer.size())));
  RETURN_IF_ERROR(source_->Read(buffer.data(), size));
  left_ -= static_cast<int64_t>(size);
  return size;
}

absl::Status ReadExactly(ByteStream* stream, absl::Span<char> buffer,
                         absl::string_view what) {
  ASSIGN_OR_RETURN(const size_t got, stream->Read(buffer));
  if (got == buffer.size()) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat("ends inside ", what));
}

absl::StatusOr<std::string> ReadToEnd(ByteStream* stream) {
  std::string bytes;
  // So that nothing is copied where the size is known.
  bytes.reserve(static_cast<size_t>(stream->left().least));
  std::vector<char> piece(size_t{64} << 10);
  while (true) {
    ASSIGN_OR_RETURN(const size_t got, stream->Read(absl::MakeSpan(piece)));
    bytes.append(piece.data(), got);
    if (got < piece.size()) return bytes;
  }
}

}  // namespace espalier
