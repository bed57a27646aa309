// Makes archives of arrays for the tests of readers.
#ifndef ESPALIER_TESTS_SERIALIZATION_PACKED_NPZ_H_
#define ESPALIER_TESTS_SERIALIZATION_PACKED_NPZ_H_

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "serialization/bytes.h"
#include "serialization/zip.h"

namespace espalier {

inline std::string Join(const FilePieces& pieces) {
  std::string bytes;
  for (const absl::string_view piece : pieces) absl::StrAppend(&bytes, piece);
  return bytes;
}

// `value` in place of what is there.
template <typename T>
std::string With(std::string bytes, size_t place, T value) {
  std::memcpy(&bytes[place], &value, sizeof(value));
  return bytes;
}

// An NPY file of this header, `elements` in it.
inline std::string NpyFile(absl::string_view descr, absl::string_view shape,
                           absl::string_view elements) {
  const std::string header =
      absl::StrCat("{'descr': '", descr,
                   "', 'fortran_order': False, 'shape': ", shape, ", }\n");
  std::string bytes("\x93NUMPY\x01\x00", 8);
  AppendLittle(&bytes, static_cast<uint16_t>(header.size()));
  return absl::StrCat(bytes, header, elements);
}

inline uint32_t Crc32Of(absl::string_view bytes) {
  return static_cast<uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()),
              static_cast<uInt>(bytes.size())));
}

// An archive of one deflated member a.npy that claims `unpacked` bytes.
inline std::string PackedNpz(const std::string& packed, uint32_t unpacked,
                             uint32_t crc) {
  const std::string name = "a.npy";
  ZipWriter writer;
  writer.Add(name, packed, "");
  std::string bytes = Join(writer.Finish());
  const size_t directory = 30 + name.size() + packed.size();
  for (const size_t header : {size_t{4}, directory + 6}) {
    bytes = With(bytes, header + 4, uint16_t{8});
    bytes = With(bytes, header + 10, crc);
    bytes = With(bytes, header + 18, unpacked);
  }
  return bytes;
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_PACKED_NPZ_H_
