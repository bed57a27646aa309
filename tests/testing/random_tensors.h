// Random values for tests, the same in every run.
#ifndef ESPALIER_TESTS_TESTING_RANDOM_TENSORS_H_
#define ESPALIER_TESTS_TESTING_RANDOM_TENSORS_H_

#include <cstdint>

#include "graph/double_tensor.h"
#include "graph/philox.h"
#include "graph/tensor.h"

namespace espalier {

// A stream of numbers, each drawn once.
class TestRandom {
 public:
  explicit TestRandom(uint64_t seed)
      : stream_(seed, RandomPurpose::kData, /*index=*/0) {}

  // In [low, high); a float.
  double Uniform(double low, double high);
  // In [0, bound).
  int64_t Below(int64_t bound);

  DoubleTensor Tensor(const Shape& shape, double low, double high);
  DoubleTensor Integers(const Shape& shape, int64_t bound);

 private:
  RandomStream stream_;
  uint64_t position_ = 0;
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_TESTING_RANDOM_TENSORS_H_
