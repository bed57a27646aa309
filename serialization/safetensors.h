// Files of the safetensors format: the length of a header in eight bytes, the
// header as JSON, then the tensors, without a gap, to the end.
#ifndef ESPALIER_SERIALIZATION_SAFETENSORS_H_
#define ESPALIER_SERIALIZATION_SAFETENSORS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "serialization/byte_source.h"
#include "serialization/tensor_file.h"

namespace espalier {

// What comes before the tensors, which follow in the order of their names.
absl::StatusOr<std::string> SafetensorsHeader(const NamedTensors& tensors);

// As LoadTensors. Refused besides what breaks the format's own rules (a header
// over 100,000,000 bytes, a name twice, bytes of no tensor or of two, sizes
// that do not fit shapes, a last tensor that does not end the file): more than
// kMaxSafetensors tensors.
inline constexpr size_t kMaxSafetensors = 100000;
absl::StatusOr<NamedTensors> ReadSafetensors(ByteSource* source,
                                             CheckTypes check);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_SAFETENSORS_H_
