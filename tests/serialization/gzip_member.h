// Makes packed files for the tests of readers.
#ifndef ESPALIER_TESTS_SERIALIZATION_GZIP_MEMBER_H_
#define ESPALIER_TESTS_SERIALIZATION_GZIP_MEMBER_H_

#include <zlib.h>

#include <string>

#include "absl/strings/string_view.h"
#include "graph/check.h"

namespace espalier {

// `contents` as a stream of zlib's; `window` as deflateInit2 takes it.
inline std::string Deflated(absl::string_view contents, int window) {
  z_stream stream = {};
  ESPALIER_CHECK(deflateInit2(&stream, 9, Z_DEFLATED, window, 8,
                              Z_DEFAULT_STRATEGY) == Z_OK);
  std::string packed(deflateBound(&stream, contents.size()), '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(contents.data()));
  stream.avail_in = static_cast<uInt>(contents.size());
  stream.next_out = reinterpret_cast<Bytef*>(&packed[0]);
  stream.avail_out = static_cast<uInt>(packed.size());
  ESPALIER_CHECK(deflate(&stream, Z_FINISH) == Z_STREAM_END);
  packed.resize(stream.total_out);
  deflateEnd(&stream);
  return packed;
}

// As one member of a gzip file.
inline std::string GzipMember(absl::string_view contents) {
  return Deflated(contents, 15 + 16);
}

// As a member of a ZIP archive has it.
inline std::string BareDeflated(absl::string_view contents) {
  return Deflated(contents, -15);
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_GZIP_MEMBER_H_
