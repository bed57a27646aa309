#include "training/metrics.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "graph/check.h"

namespace espalier {

int64_t ArgMax(absl::Span<const float> values) {
  size_t best = 0;
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isnan(values[i])) return -1;
    if (values[i] > values[best]) best = i;
  }
  return static_cast<int64_t>(best);
}

int64_t CountCorrect(absl::Span<const float> outputs,
                     absl::Span<const int32_t> labels) {
  if (labels.empty()) return 0;
  const size_t columns = outputs.size() / labels.size();
  ESPALIER_CHECK(columns > 0 && columns * labels.size() == outputs.size());
  int64_t correct = 0;
  for (size_t row = 0; row < labels.size(); ++row) {
    if (ArgMax(outputs.subspan(row * columns, columns)) == labels[row]) {
      ++correct;
    }
  }
  return correct;
}

double LogSumExp(absl::Span<const float> values) {
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (float value : values) sum += std::exp(value - largest);
  return largest + std::log(sum);
}

}  // namespace espalier
