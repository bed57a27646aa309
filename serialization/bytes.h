// Numbers as bytes of a stated order, at any alignment.
#ifndef ESPALIER_SERIALIZATION_BYTES_H_
#define ESPALIER_SERIALIZATION_BYTES_H_

#include <algorithm>
#include <cstring>
#include <string>

namespace espalier {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__,
              "tensors are written to files as they lie in memory");

// REQUIRES: sizeof(T) bytes at `bytes`.
template <typename T>
T LoadLittle(const char* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof(T));
  return value;
}

template <typename T>
T LoadBig(const char* bytes) {
  char reversed[sizeof(T)];
  std::reverse_copy(bytes, bytes + sizeof(T), reversed);
  return LoadLittle<T>(reversed);
}

template <typename T>
void AppendLittle(std::string* bytes, T value) {
  bytes->append(reinterpret_cast<const char*>(&value), sizeof(T));
}

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_BYTES_H_
