// What is measured on the outputs of a model.
#ifndef ESPALIER_TRAINING_METRICS_H_
#define ESPALIER_TRAINING_METRICS_H_

#include <cstdint>

#include "absl/types/span.h"

namespace espalier {

// The index of the largest value, the first of equals; -1 if there is a NaN.
// REQUIRES: at least one value.
int64_t ArgMax(absl::Span<const float> values);

// How many rows of `outputs`, one per label, have their largest value at the
// label. REQUIRES: as many values in each row.
int64_t CountCorrect(absl::Span<const float> outputs,
                     absl::Span<const int32_t> labels);

// log of the sum of exp of the values, without overflow.
double LogSumExp(absl::Span<const float> values);

}  // namespace espalier

#endif  // ESPALIER_TRAINING_METRICS_H_
