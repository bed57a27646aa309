// The check that keeps NaN and infinities out of runs.
#ifndef ESPALIER_RUNTIME_FINITE_H_
#define ESPALIER_RUNTIME_FINITE_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "graph/tensor.h"

namespace espalier {

// Index of the first element that is NaN or infinite (of i32 none is).
absl::optional<int64_t> FirstNonFinite(const TensorView& values);

// Whether every element is a finite number (i32 elements are); the error gives
// the first that is not and its index.
absl::Status CheckFinite(const TensorView& values);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_FINITE_H_
