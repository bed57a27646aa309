// What each opcode means, one element at a time, for the tests of kernels.
#ifndef ESPALIER_TESTS_RUNTIME_ELEMENTWISE_REFERENCE_H_
#define ESPALIER_TESTS_RUNTIME_ELEMENTWISE_REFERENCE_H_

#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "runtime/elementwise/isa.h"
#include "runtime/elementwise/opcode.h"

namespace espalier {

inline int32_t BitsOf(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
inline float FloatOf(int32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// Equal bits, or both NaN.
inline bool SameFloat(float x, float y) {
  return BitsOf(x) == BitsOf(y) || (std::isnan(x) && std::isnan(y));
}

// The functions, in double precision.
inline double ReferenceFunction(Opcode opcode, double x) {
  switch (opcode) {
    case Opcode::kExp:
      return std::exp(x);
    case Opcode::kExpm1:
      return std::expm1(x);
    case Opcode::kLog:
      return std::log(x);
    case Opcode::kLog1p:
      return std::log1p(x);
    case Opcode::kTanh:
      return std::tanh(x);
    case Opcode::kSigmoid:
      return x > 0 ? 1 / (1 + std::exp(-x)) : std::exp(x) / (1 + std::exp(x));
    case Opcode::kSoftplus:
      return x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    case Opcode::kNormalCdf:
      return 0.5 * std::erfc(-x / std::sqrt(2.0));
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

// All other opcodes, to the bit.
inline float ReferenceFloat(Opcode opcode, Isa isa, const float* s) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const auto fma = [isa](float a, float b, float c) {
    return isa == Isa::kBaseline ? a * b + c : std::fma(a, b, c);
  };
  const auto max = [nan](float a, float b) {
    return std::isnan(a) || std::isnan(b) ? nan : a > b ? a : b;
  };
  const auto min = [nan](float a, float b) {
    return std::isnan(a) || std::isnan(b) ? nan : a < b ? a : b;
  };
  const auto select = [nan](float a, float b, float c, float d) {
    return std::isnan(a) || std::isnan(b) ? nan : a > b ? c : d;
  };
  switch (opcode) {
    case Opcode::kCopy:
      return s[0];
    case Opcode::kAdd:
      return s[0] + s[1];
    case Opcode::kSub:
      return s[0] - s[1];
    case Opcode::kMul:
      return s[0] * s[1];
    case Opcode::kDiv:
      return s[0] / s[1];
    case Opcode::kFma:
      return fma(s[0], s[1], s[2]);
    case Opcode::kSqrt:
      return std::sqrt(s[0]);
    case Opcode::kAbs:
      return std::fabs(s[0]);
    case Opcode::kNeg:
      return -s[0];
    case Opcode::kMax:
      return max(s[0], s[1]);
    case Opcode::kMin:
      return min(s[0], s[1]);
    case Opcode::kSign:
      return std::isnan(s[0]) ? nan : s[0] > 0 ? 1 : s[0] < 0 ? -1 : 0;
    case Opcode::kSelectGreater:
      return select(s[0], s[1], s[2], s[3]);
    case Opcode::kHardSwish:
      return max(s[0], std::numeric_limits<float>::lowest()) *
             min(max((s[0] + 3) * (1.0f / 6), 0), 1);
    case Opcode::kScaleAdd:
      return fma(s[0], s[1], s[2] * s[3]);
    case Opcode::kScaleAddSquare:
      return fma(s[0], s[1], s[2] * (s[3] * s[3]));
    case Opcode::kScaleSqrtAdd:
      return fma(s[0], std::sqrt(s[1]), s[2]);
    case Opcode::kScaleDivAdd:
      return s[0] * s[1] / s[2] + s[3];
    case Opcode::kClamp:
      return min(max(s[0], s[1]), s[2]);
    case Opcode::kClampedFma:
      return min(max(fma(s[0], s[1], s[2]), 0), 1);
    case Opcode::kSelectProduct:
      return select(s[0], s[1], s[2], s[2] * s[3]);
    case Opcode::kSelectWithin:
      return std::isnan(s[0]) || std::isnan(s[1]) || std::isnan(s[2]) ? nan
             : s[1] <= s[0] && s[0] <= s[2]                           ? s[3]
                                                                      : 0;
    case Opcode::kProductUnless:
      return select(s[0], s[1], 0, s[2] * s[3]);
    case Opcode::kSubMul:
      return (s[0] - s[1]) * s[2];
    case Opcode::kNormalize:
      return fma(fma(0.5f, s[0], -0.5f * s[1]), s[2], s[3]);
    case Opcode::kClampedFmaSlope: {
      const float line = fma(s[0], s[1], s[2]);
      return std::isnan(line) ? nan : line > 0 && line < 1 ? s[0] * s[3] : 0;
    }
    case Opcode::kHardSwishSlope:
      return std::isnan(s[0]) ? nan
             : s[0] > 3       ? s[1]
             : s[0] < -3      ? 0
                              : (s[0] / 3 + 0.5f) * s[1];
    case Opcode::kIntToFloat:
      return static_cast<float>(BitsOf(s[0]));
    case Opcode::kFloatToInt:
      return FloatOf(std::isnan(s[0])  ? 0
                     : s[0] >= 0x1p31f ? INT32_MAX
                     : s[0] < -0x1p31f ? INT32_MIN
                                       : static_cast<int32_t>(s[0]));
    case Opcode::kIntAdd:
      return FloatOf(static_cast<int32_t>(static_cast<uint32_t>(BitsOf(s[0])) +
                                          static_cast<uint32_t>(BitsOf(s[1]))));
    default:
      return nan;
  }
}

// Values around which functions change their ways.
inline std::vector<float> SpecialFloats() {
  const float inf = std::numeric_limits<float>::infinity();
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> values = {nan, -nan};
  for (const float x : {0.0f,
                        inf,
                        1e-45f,
                        1e-40f,
                        1.17549435e-38f,
                        3.40282347e+38f,
                        1.0f,
                        0.5f,
                        1.5f,
                        2.0f,
                        0x1p-13f,
                        0x1p-24f,
                        0x1p-30f,
                        9.0f,
                        14.5f,
                        17.0f,
                        20.0f,
                        87.3f,
                        88.7f,
                        88.7228317f,
                        88.7228394f,
                        89.0f,
                        103.9f,
                        103.98f,
                        104.0f,
                        1e10f,
                        0x1p31f,
                        2147483520.0f,
                        0.99999994f,
                        0.70710678f}) {
    values.push_back(x);
    values.push_back(-x);
  }
  return values;
}

// Of magnitudes that matter to the functions, either sign.
inline float RandomFloat(std::mt19937& random) {
  const float exponent = std::uniform_real_distribution<float>(-6, 6)(random);
  const float x = std::exp2(exponent);
  return random() % 2 == 0 ? x : -x;
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_RUNTIME_ELEMENTWISE_REFERENCE_H_
