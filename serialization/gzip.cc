#include "serialization/gzip.h"

#include <zlib.h>

#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/file.h"
#include "serialization/inflater.h"

namespace espalier {
namespace {

bool IsGzip(absl::string_view bytes) {
  return absl::StartsWith(bytes, "\x1f\x8b");
}

absl::Status NoMemory() {
  return absl::ResourceExhaustedError("no memory to unpack gzip");
}

// Unpacks until there is more than `size_of` says of the beginning.
absl::StatusOr<std::string> Unpack(absl::string_view compressed,
                                   int64_t max_bytes, SizeOfData size_of) {
  const size_t total = compressed.size();
  Inflater inflater(Inflater::kGzip);
  std::string unpacked;
  absl::optional<int64_t> size;
  std::vector<char> buffer(size_t{64} << 10);
  while (true) {
    if (!IsGzip(compressed)) {
      return absl::DataLossError(
          absl::StrCat("byte ", total - compressed.size(),
                       " of the gzip file: expected a gzip member"));
    }
    int code = Z_OK;
    while (code == Z_OK) {
      size_t produced = 0;
      code = inflater.Step(&compressed, absl::MakeSpan(buffer), &produced);
      if (static_cast<int64_t>(unpacked.size() + produced) > max_bytes &&
          !PlantedBug(19)) {
        return absl::ResourceExhaustedError(
            absl::StrCat("unpacks to more than ", max_bytes, " bytes"));
      }
      unpacked.append(buffer.data(), produced);
      if (!size.has_value() && unpacked.size() >= kHeaderBytes) {
        ASSIGN_OR_RETURN(size, size_of(unpacked));
      }
      if (static_cast<int64_t>(unpacked.size()) > size.value_or(max_bytes)) {
        return unpacked;
      }
    }
    if (code == Z_MEM_ERROR) return NoMemory();
    if (code != Z_STREAM_END) {
      return absl::DataLossError(absl::StrCat(
          "byte ", total - compressed.size(), " of the gzip file: ",
          code == Z_BUF_ERROR ? "it ends too early" : "damaged data"));
    }
    if (compressed.empty()) return unpacked;
    if (!inflater.Restart()) return NoMemory();
  }
}

}  // namespace

absl::StatusOr<std::string> Gunzip(absl::string_view compressed,
                                   int64_t max_bytes) {
  return Unpack(compressed, max_bytes,
                [max_bytes](absl::string_view /*begin*/) { return max_bytes; });
}

absl::StatusOr<std::string> ReadDataFile(const std::string& path) {
  return ReadDataFile(
      path, [](absl::string_view /*begin*/) { return kMaxUnpackedBytes; });
}

absl::StatusOr<std::string> ReadDataFile(const std::string& path,
                                         SizeOfData size_of) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kMaxDataBytes));
  if (!IsGzip(bytes) && !absl::EndsWith(path, ".gz")) return bytes;
  absl::StatusOr<std::string> unpacked =
      Unpack(bytes, kMaxUnpackedBytes, size_of);
  if (unpacked.ok()) return unpacked;
  return Annotate(unpacked.status(), absl::StrCat("read ", Quoted(path)));
}

}  // namespace espalier
