// Bytes that come one after another and are not all there at once: those of a
// file, or what is unpacked of one on the way.
#ifndef ESPALIER_SERIALIZATION_BYTE_STREAM_H_
#define ESPALIER_SERIALIZATION_BYTE_STREAM_H_

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "serialization/byte_source.h"

namespace espalier {

class ByteStream {
 public:
  // How many bytes are to come. What is packed is known by its bounds alone,
  // which follow from the bytes that are there, not from what they say.
  struct Left {
    int64_t least;
    int64_t most;
  };

  ByteStream() = default;
  ByteStream(const ByteStream&) = delete;
  ByteStream& operator=(const ByteStream&) = delete;
  virtual ~ByteStream() = default;

  virtual Left left() const = 0;
  // Fills the buffer and returns its size, or less where the stream ends: what
  // checks it has, of its size and sum, are made before that is said.
  virtual absl::StatusOr<size_t> Read(absl::Span<char> buffer) = 0;
};

// The next bytes of a source.
class SourceStream : public ByteStream {
 public:
  // REQUIRES: the source has so many, and outlives this.
  SourceStream(ByteSource* source, int64_t bytes)
      : source_(source), left_(bytes) {}

  Left left() const override { return {left_, left_}; }
  absl::StatusOr<size_t> Read(absl::Span<char> buffer) override;

 private:
  ByteSource* source_;
  int64_t left_;
};

// Fills the buffer. DataLoss if there are fewer bytes: "ends inside `what`".
absl::Status ReadExactly(ByteStream* stream, absl::Span<char> buffer,
                         absl::string_view what);

// All of a stream. Memory follows what came so far.
absl::StatusOr<std::string> ReadToEnd(ByteStream* stream);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_BYTE_STREAM_H_
