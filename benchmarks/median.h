#ifndef ESPALIER_BENCHMARKS_MEDIAN_H_
#define ESPALIER_BENCHMARKS_MEDIAN_H_

#include <algorithm>
#include <cstddef>
#include <vector>

namespace espalier {

// The middle one, of an even number the upper. REQUIRES: there is one.
inline double Median(std::vector<double> values) {
  const auto middle =
      values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_MEDIAN_H_
