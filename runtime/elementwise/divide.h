#ifndef ESPALIER_RUNTIME_ELEMENTWISE_DIVIDE_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_DIVIDE_H_

#include <cstdint>

namespace espalier {

// REQUIRES: a >= 0, b > 0, and their sum is an int64_t.
constexpr int64_t DivideRoundingUp(int64_t a, int64_t b) {
  return (a + b - 1) / b;
}

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_DIVIDE_H_
