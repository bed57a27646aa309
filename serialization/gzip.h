// The members of a gzip file (RFC 1952), unpacked one after the other.
#ifndef ESPALIER_SERIALIZATION_GZIP_H_
#define ESPALIER_SERIALIZATION_GZIP_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "serialization/byte_source.h"
#include "serialization/byte_stream.h"
#include "serialization/unpacker.h"

namespace espalier {

// How gzip files begin.
inline constexpr absl::string_view kGzipMagic = "\x1f\x8b";

// Damage, a cut, and anything after the last member are DataLoss; more than
// `max_bytes` is ResourceExhausted.
class GzipStream : public ByteStream {
 public:
  // The source must outlive this.
  GzipStream(ByteSource* source, int64_t max_bytes)
      : max_bytes_(max_bytes),
        unpacker_(source, 0, source->size(), Inflater::kGzip) {}

  Left left() const override;
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;

 private:
  absl::Status BeginMember();

  const int64_t max_bytes_;
  int64_t made_ = 0;
  Unpacker unpacker_;
  enum class At { kFirst, kInside, kBetween, kEnd } at_ = At::kFirst;
};

// All that is unpacked. Memory follows what was unpacked so far, never a size
// that the file claims.
absl::StatusOr<std::string> Gunzip(absl::string_view compressed,
                                   int64_t max_bytes);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_GZIP_H_
