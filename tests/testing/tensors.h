// Float32 and integer tensors written as lists.
#ifndef ESPALIER_TESTS_TESTING_TENSORS_H_
#define ESPALIER_TESTS_TESTING_TENSORS_H_

#include <cstdint>
#include <vector>

#include "graph/tensor.h"

namespace espalier {

inline Tensor Floats(const Shape& shape, std::vector<float> values) {
  return Tensor(shape, values);
}

inline Tensor Ints(const Shape& shape, std::vector<int32_t> values) {
  return Tensor(shape, values);
}

// Of rank 1.
inline Tensor Ints(std::vector<int32_t> values) {
  return Tensor({static_cast<int64_t>(values.size())}, values);
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_TESTING_TENSORS_H_
