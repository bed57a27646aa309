// A stream of zlib's that lies in part of a source, unpacked piece by piece.
#ifndef ESPALIER_SERIALIZATION_UNPACKER_H_
#define ESPALIER_SERIALIZATION_UNPACKER_H_

#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "serialization/byte_source.h"
#include "serialization/inflater.h"

namespace espalier {

// No more bytes than these can be made of so many: of two bits, the shortest
// codes of a length and of a distance, 258 (RFC 1951, section 3.2.5).
inline constexpr int64_t kMaxPackedBytes = int64_t{1} << 50;
constexpr int64_t MostUnpacked(int64_t packed) {
  constexpr int64_t kMostOfOne = 8 / 2 * 258;
  return kMostOfOne * (packed < kMaxPackedBytes ? packed : kMaxPackedBytes);
}

class Unpacker {
 public:
  // REQUIRES: the source has the bytes from `begin` to `end`, and outlives
  // this.
  Unpacker(ByteSource* source, int64_t begin, int64_t end,
           Inflater::Format format)
      : source_(source), place_(begin), end_(end), inflater_(format) {}

  // Fills the buffer, or takes what the stream has left; sets `ended` at its
  // end, behind which there is nothing to read without Restart. DataLoss where
  // it is damaged or cut.
  absl::StatusOr<size_t> Read(absl::Span<char> buffer, bool* ended);
  // Begins another stream.
  absl::Status Restart();

  // The next packed bytes, so many, or those that there are.
  absl::StatusOr<absl::string_view> Peek(size_t size);
  // Where they begin, and how many there are.
  int64_t place() const { return place_; }
  int64_t packed_left() const { return end_ - place_; }

 private:
  // Brings at least so many packed bytes, if there are so many.
  absl::Status Fill(size_t size);

  ByteSource* source_;
  int64_t place_;
  const int64_t end_;
  Inflater inflater_;
  std::vector<char> piece_;
  absl::string_view rest_;  // of the piece
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_UNPACKER_H_
