// One stream of zlib's, taken apart piece by piece.
#ifndef ESPALIER_SERIALIZATION_INFLATER_H_
#define ESPALIER_SERIALIZATION_INFLATER_H_

#include <zlib.h>

#include <algorithm>
#include <cstddef>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"

namespace espalier {

// Owns zlib's memory.
class Inflater {
 public:
  // As inflateInit2 takes them: of any window, bare or with gzip around it,
  // whose checksum and length zlib checks.
  enum Format { kDeflate = -MAX_WBITS, kGzip = MAX_WBITS + 16 };

  explicit Inflater(Format format)
      : ready_(::inflateInit2(&stream_, format) == Z_OK) {}
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  ~Inflater() {
    if (ready_) ::inflateEnd(&stream_);
  }

  // Begins another stream.
  bool Restart() { return ready_ && ::inflateReset(&stream_) == Z_OK; }

  // Takes from `input` and fills `buffer`; returns zlib's code, Z_MEM_ERROR
  // where it could not start.
  int Step(absl::string_view* input, absl::Span<char> buffer,
           size_t* produced) {
    *produced = 0;
    if (!ready_) return Z_MEM_ERROR;
    constexpr size_t kMost = size_t{1} << 30;
    const size_t offered = std::min(input->size(), kMost);
    stream_.next_in =
        reinterpret_cast<Bytef*>(const_cast<char*>(input->data()));
    stream_.avail_in = static_cast<uInt>(offered);
    stream_.next_out = reinterpret_cast<Bytef*>(buffer.data());
    stream_.avail_out = static_cast<uInt>(buffer.size());
    const int code = ::inflate(&stream_, Z_NO_FLUSH);
    input->remove_prefix(offered - stream_.avail_in);
    *produced = buffer.size() - stream_.avail_out;
    return code;
  }

 private:
  z_stream stream_ = {};
  const bool ready_;
};

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_INFLATER_H_
