#include "tests/testing/random_tensors.h"

#include <algorithm>

namespace espalier {

double TestRandom::Uniform(double low, double high) {
  const double x = low + (high - low) * stream_.Uniform(position_++);
  return std::min(std::max(static_cast<float>(x), static_cast<float>(low)),
                  static_cast<float>(high));
}

int64_t TestRandom::Below(int64_t bound) {
  return stream_.Below(position_++, static_cast<uint32_t>(bound));
}

DoubleTensor TestRandom::Tensor(const Shape& shape, double low, double high) {
  DoubleTensor tensor(shape);
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    tensor[i] = Uniform(low, high);
  }
  return tensor;
}

DoubleTensor TestRandom::Integers(const Shape& shape, int64_t bound) {
  DoubleTensor tensor(shape);
  for (int64_t i = 0; i < tensor.num_elements(); ++i) {
    tensor[i] = static_cast<double>(Below(bound));
  }
  return tensor;
}

}  // namespace espalier
