// Floating-point numbers of 16 bits, which float32 holds exactly.
#ifndef ESPALIER_SERIALIZATION_HALF_H_
#define ESPALIER_SERIALIZATION_HALF_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

namespace espalier {

// IEEE 754 binary16: 5 bits of exponent, 10 of fraction.
inline float HalfToFloat(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  if (exponent == 0) {
    return sign * std::ldexp(static_cast<float>(fraction), -24);
  }
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
}

// bfloat16: the upper half of a float32.
inline float Bfloat16ToFloat(uint16_t bits) {
  const uint32_t wide = static_cast<uint32_t>(bits) << 16;
  float value;
  std::memcpy(&value, &wide, sizeof(value));
  return value;
}

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_HALF_H_
