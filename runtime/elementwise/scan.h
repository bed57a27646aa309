// Searches for values that must not reach a kernel.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_SCAN_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_SCAN_H_

#include <cstdint>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "runtime/elementwise/isa.h"

namespace espalier {

// Index of the first NaN or infinity.
absl::optional<int64_t> FirstNonFinite(Isa isa, absl::Span<const float> values);

// Index of the first label outside [0, classes). REQUIRES: classes >= 0.
absl::optional<int64_t> FirstInvalidLabel(Isa isa,
                                          absl::Span<const int32_t> labels,
                                          int32_t classes);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_SCAN_H_
