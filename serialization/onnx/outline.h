// An ONNX file without the elements of its larger tensors, so that its graph
// can be read while they stay on the disk.
#ifndef ESPALIER_SERIALIZATION_ONNX_OUTLINE_H_
#define ESPALIER_SERIALIZATION_ONNX_OUTLINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "serialization/byte_source.h"

namespace espalier {

struct OnnxOutline {
  // raw_data of an initializer, which is missing in `bytes`.
  struct LeftOut {
    int initializer;  // its number
    int64_t place;    // in the file
    int64_t size;     // bytes
  };

  std::string bytes;
  std::vector<LeftOut> left_out;  // at most one of each initializer
};

// Reads the file once, and passes over what it leaves out: of `least` bytes and
// more. Holds the outline three times at most. InvalidArgument where the fields
// do not add up; nothing else is checked.
absl::StatusOr<OnnxOutline> ReadOnnxOutline(ByteSource* file, int64_t least);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_ONNX_OUTLINE_H_
