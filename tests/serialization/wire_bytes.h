// Fields in protobuf's wire format, written by hand.
#ifndef ESPALIER_TESTS_SERIALIZATION_WIRE_BYTES_H_
#define ESPALIER_TESTS_SERIALIZATION_WIRE_BYTES_H_

#include <cstdint>
#include <string>

#include "serialization/wire.h"

namespace espalier {

inline std::string Varint(uint64_t value) {
  std::string bytes;
  AppendVarint(value, &bytes);
  return bytes;
}

// A field of wire type 2.
inline std::string Field(uint32_t number, const std::string& bytes) {
  return Varint(number << 3 | 2) + Varint(bytes.size()) + bytes;
}

// A field of wire type 0.
inline std::string Number(uint32_t number, uint64_t value) {
  return Varint(number << 3) + Varint(value);
}

// Magic and format version, with which a model file begins.
inline std::string BeginOfModel() {
  return Field(1, "ESPALIER") + Number(2, 1);
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_SERIALIZATION_WIRE_BYTES_H_
