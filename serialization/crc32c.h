// CRC-32C (Castagnoli), the checksum at the end of a model file: reflected
// polynomial 0x82F63B78, initial value and final inversion all ones.
#ifndef ESPALIER_SERIALIZATION_CRC32C_H_
#define ESPALIER_SERIALIZATION_CRC32C_H_

#include <cstdint>

#include "absl/strings/string_view.h"

namespace espalier {

// Crc32c("123456789") == 0xE3069283.
uint32_t Crc32c(absl::string_view bytes);

// Of bytes that come a piece at a time: ExtendCrc32c(Crc32c(a), b) is that of a
// and b together, and Crc32c(b) is ExtendCrc32c(0, b).
uint32_t ExtendCrc32c(uint32_t crc, absl::string_view bytes);

// The same without the processor's own instruction.
uint32_t Crc32cPortable(absl::string_view bytes);

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_CRC32C_H_
