#include "serialization/gzip.h"

#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"

namespace espalier {

ByteStream::Left GzipStream::left() const {
  // What zlib took of the packed bytes and has not given out yet is less than
  // what can be made of these.
  constexpr int64_t kTaken = 64;
  return {0, MostUnpacked(unpacker_.packed_left() + kTaken)};
}

absl::Status GzipStream::BeginMember() {
  ASSIGN_OR_RETURN(const absl::string_view magic,
                   unpacker_.Peek(kGzipMagic.size()));
  if (magic != kGzipMagic) {
    return absl::DataLossError(
        absl::StrCat("byte ", unpacker_.place(), " of the gzip file: found ",
                     Quoted(magic), ": expected a gzip member"));
  }
  if (at_ == At::kBetween) RETURN_IF_ERROR(unpacker_.Restart());
  at_ = At::kInside;
  return absl::OkStatus();
}

absl::StatusOr<size_t> GzipStream::Read(absl::Span<char> buffer) {
  size_t filled = 0;
  while (filled < buffer.size() && at_ != At::kEnd) {
    if (at_ != At::kInside) RETURN_IF_ERROR(BeginMember());
    bool ended = false;
    const absl::StatusOr<size_t> got =
        unpacker_.Read(buffer.subspan(filled), &ended);
    if (!got.ok()) {
      return Annotate(got.status(), absl::StrCat("byte ", unpacker_.place(),
                                                 " of the gzip file"));
    }
    filled += *got;
    made_ += static_cast<int64_t>(*got);
    if (made_ > max_bytes_ && !PlantedBug(19)) {
      return absl::ResourceExhaustedError(
          absl::StrCat("unpacks to more than ", max_bytes_, " bytes"));
    }
    if (ended) at_ = unpacker_.packed_left() == 0 ? At::kEnd : At::kBetween;
  }
  return filled;
}

absl::StatusOr<std::string> Gunzip(absl::string_view compressed,
                                   int64_t max_bytes) {
  MemorySource source(compressed);
  GzipStream stream(&source, max_bytes);
  return ReadToEnd(&stream);
}

}  // namespace espalier
