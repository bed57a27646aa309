#include "graph/interval.h"

#include <cmath>
#include <limits>

#include "graph/double_tensor.h"

namespace espalier {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Half an ulp of relative error, and what flush-to-zero may take away.
constexpr double kFloatRelative = 0x1p-24 * (1 + 0x1p-20);
constexpr double kFloatAbsolute = 0x1p-126;

}  // namespace

IntervalTensor IntervalTensor::Everything(const Shape& shape) {
  const auto n = static_cast<size_t>(shape.num_elements());
  return {shape, std::vector<double>(n, -kInfinity),
          std::vector<double>(n, kInfinity)};
}

IntervalTensor IntervalTensor::Exactly(const TensorView& tensor) {
  const DoubleTensor values(tensor);
  IntervalTensor exact = {tensor.shape(), values.values(), values.values()};
  for (size_t i = 0; i < exact.lower.size(); ++i) {
    if (!std::isnan(exact.lower[i])) continue;
    exact.lower[i] = -kInfinity;
    exact.upper[i] = kInfinity;
  }
  return exact;
}

double RoundDown(double bound) {
  if (std::isnan(bound)) return -kInfinity;
  return std::nextafter(bound, -kInfinity);
}

double RoundUp(double bound) {
  if (std::isnan(bound)) return kInfinity;
  return std::nextafter(bound, kInfinity);
}

double FloatBelow(double bound) {
  if (bound < -std::numeric_limits<float>::max()) return -kInfinity;
  return RoundDown(bound - std::fabs(bound) * kFloatRelative - kFloatAbsolute);
}

double FloatAbove(double bound) {
  if (bound > std::numeric_limits<float>::max()) return kInfinity;
  return RoundUp(bound + std::fabs(bound) * kFloatRelative + kFloatAbsolute);
}

double SumError(int64_t terms, double sum_abs) {
  const double nu = static_cast<double>(terms + 1) * 0x1p-24;
  if (!(nu < 0.5)) return kInfinity;
  const double gamma = nu / (1 - nu);
  // The four roundings here are covered by a relative 1e-14.
  return (gamma * sum_abs + static_cast<double>(2 * terms + 2) * 0x1p-126) *
         (1 + 1e-14);
}

}  // namespace espalier
