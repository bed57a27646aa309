#include "runtime/elementwise/scan.h"

#include <cmath>

#include "runtime/elementwise/kernels.h"

namespace espalier {

absl::optional<int64_t> FirstNonFinite(Isa isa,
                                       absl::Span<const float> values) {
  const int64_t n = static_cast<int64_t>(values.size());
  int64_t i = KernelsFor(isa).find_non_finite(values.data(), n);
  while (i < n && std::isfinite(values[i])) ++i;
  return i < n ? absl::optional<int64_t>(i) : absl::nullopt;
}

absl::optional<int64_t> FirstInvalidLabel(Isa isa,
                                          absl::Span<const int32_t> labels,
                                          int32_t classes) {
  const int64_t n = static_cast<int64_t>(labels.size());
  const int64_t i = KernelsFor(isa).find_outside(labels.data(), n, classes);
  return i < n ? absl::optional<int64_t>(i) : absl::nullopt;
}

}  // namespace espalier
