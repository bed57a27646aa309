#include "serialization/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/file.h"

namespace espalier {
namespace {

bool IsGzip(absl::string_view bytes) {
  return absl::StartsWith(bytes, "\x1f\x8b");
}

// Owns zlib's memory.
class Inflater {
 public:
  Inflater() = default;
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  // 15: any window; 16: gzip around it, whose checksum and length zlib checks.
  bool Start() { return inflateInit2(&stream_, 15 + 16) == Z_OK; }
  bool NextMember() { return inflateReset(&stream_) == Z_OK; }

  // Takes from `input` and fills `buffer`; returns zlib's code.
  int Step(absl::string_view* input, absl::Span<unsigned char> buffer,
           size_t* produced) {
    constexpr size_t kMost = size_t{1} << 30;
    const size_t offered = std::min(input->size(), kMost);
    stream_.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(input->data()));
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = buffer.data();
    stream_.avail_out = static_cast<uInt>(buffer.size());
    const int code = inflate(&stream_, Z_NO_FLUSH);
    input->remove_prefix(offered - stream_.avail_in);
    *produced = buffer.size() - stream_.avail_out;
    return code;
  }

 private:
  z_stream stream_ = {};
};

}  // namespace

absl::StatusOr<std::string> Gunzip(absl::string_view compressed,
                                   int64_t max_bytes) {
  const size_t total = compressed.size();
  Inflater inflater;
  if (!inflater.Start()) {
    return absl::ResourceExhaustedError("no memory to unpack gzip");
  }
  std::string unpacked;
  unsigned char buffer[1 << 16];
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
      unpacked.append(reinterpret_cast<const char*>(buffer), produced);
    }
    if (code == Z_MEM_ERROR) {
      return absl::ResourceExhaustedError("no memory to unpack gzip");
    }
    if (code != Z_STREAM_END) {
      return absl::DataLossError(absl::StrCat(
          "byte ", total - compressed.size(), " of the gzip file: ",
          code == Z_BUF_ERROR ? "it ends too early" : "damaged data"));
    }
    if (compressed.empty()) return unpacked;
    if (!inflater.NextMember()) {
      return absl::ResourceExhaustedError("no memory to unpack gzip");
    }
  }
}

absl::StatusOr<std::string> ReadDataFile(const std::string& path) {
  ASSIGN_OR_RETURN(std::string bytes, ReadFile(path, kMaxDataBytes));
  if (!IsGzip(bytes) && !absl::EndsWith(path, ".gz")) return bytes;
  absl::StatusOr<std::string> unpacked = Gunzip(bytes, kMaxUnpackedBytes);
  if (unpacked.ok()) return unpacked;
  return Annotate(unpacked.status(), absl::StrCat("read ", Quoted(path)));
}

}  // namespace espalier
