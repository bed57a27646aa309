// The header of a safetensors file: as much of JSON as it may hold.
#ifndef ESPALIER_SERIALIZATION_SAFETENSORS_HEADER_H_
#define ESPALIER_SERIALIZATION_SAFETENSORS_HEADER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/shape.h"

namespace espalier {

struct SafetensorsEntry {
  std::string name;
  std::string dtype;  // "F32", ...
  Shape shape;
  uint64_t begin = 0;  // after the header
  uint64_t end = 0;
};

// The tensors of a header, in its order; its `__metadata__` must be text by
// text and is dropped. InvalidArgument, with the place, for anything else.
absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsHeader(
    absl::string_view text);

// `text` as JSON has it between quotes. REQUIRES: it is UTF-8.
std::string JsonString(absl::string_view text);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_SAFETENSORS_HEADER_H_
