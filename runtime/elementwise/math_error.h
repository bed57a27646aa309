// What the functions of elementwise programs guarantee, on every instruction
// set and for all floats. Interval bounds rely on it; the test tries it.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_MATH_ERROR_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_MATH_ERROR_H_

#include "runtime/elementwise/opcode.h"

namespace espalier {

// Largest distance of a result from the exact function of the float source,
// in units in the last place: for exact = m * 2^e with 1 <= |m| < 2, a unit is
// 2^max(e - 23, -149), at most 2^-23 * |exact| for normal results. Under
// flush-to-zero, a result below 2^-126 may be 0. 0 for all other opcodes:
// they are correctly rounded, or composed of such as opcode.h says.
//
// Always, besides: exp >= 0; expm1 >= -1; |tanh| <= 1; 0 <= sigmoid <= 1;
// softplus >= 0; 0 <= normal_cdf <= 1; the sign of expm1, log, log1p and tanh
// is right; exp(0) = 1, log(1) = 0, tanh(-x) = -tanh(x); limits at infinities
// are exact.
constexpr double MaxUlps(Opcode opcode) {
  switch (opcode) {
    case Opcode::kExp:
    case Opcode::kLog:
      return 1.5;
    case Opcode::kExpm1:
    case Opcode::kLog1p:
    case Opcode::kSoftplus:
      return 2;
    case Opcode::kTanh:
    case Opcode::kSigmoid:
      return 3;
    case Opcode::kNormalCdf:
      return 7;
    default:
      return 0;
  }
}

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_MATH_ERROR_H_
