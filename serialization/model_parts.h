// A binary model file taken apart while it streams past: its frame is checked,
// its tensors go to where they stay, the structure is left for protobuf.
#ifndef ESPALIER_SERIALIZATION_MODEL_PARTS_H_
#define ESPALIER_SERIALIZATION_MODEL_PARTS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "serialization/byte_source.h"
#include "serialization/model_codec.h"
#include "serialization/tensor_entries.h"

namespace espalier {

// A binary file:
//
//   0A 08 "ESPALIER"       field 1, magic
//   10 01                  field 2, format_version
//   fields 3 to 9          the structure
//   F2 7F length bytes     field 2046, tensor_data, once for each tensor
//   FD 7F crc              field 2047, checksum of all bytes before FD 7F
inline constexpr absl::string_view kModelBegin =
    "\x0A\x08"
    "ESPALIER";
inline constexpr absl::string_view kTensorTag = "\xF2\x7F";
inline constexpr absl::string_view kChecksumTag = "\xFD\x7F";
inline constexpr size_t kChecksumBytes = 6;  // with its tag

struct ModelParts {
  std::string structure;  // all fields but tensor_data and checksum
  TensorEntries tensors;
};

// Reads all of `source` once. Nothing is returned unless magic and checksum are
// right, and no more is held than the file has bytes; tensors that are not to
// be held are noted with their places.
absl::StatusOr<ModelParts> ReadModelParts(ByteSource* source, bool hold_tensors,
                                          const ModelLimits& limits);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MODEL_PARTS_H_
