// Batch normalization (S. Ioffe, C. Szegedy, Batch Normalization: Accelerating
// Deep Network Training by Reducing Internal Covariate Shift, ICML 2015,
// Algorithms 1 and 2), in parts of which the planner and the inference form
// make what they need. The layer is layers::BatchNorm.
//
// x is [N, C] or [N, C, ...]; what is said of a channel, an index of axis 1, is
// in vectors of C elements. Statistics are taken over all other axes.
#ifndef ESPALIER_OPS_NORMALIZATION_H_
#define ESPALIER_OPS_NORMALIZATION_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// The mean of each channel. `running_mean` is not read and has no gradient: it
// stands for the result in the inference form. NaN for an empty batch.
Value BatchMean(Value x, Value running_mean, absl::string_view name = "");

// The mean of (x - mean)^2 over each channel: with BatchMean's result the
// biased variance, in two passes. `running_variance` is as `running_mean`
// above.
Value BatchVariance(Value x, Value mean, Value running_variance,
                    absl::string_view name = "");

// (x - mean) / sqrt(variance + epsilon) * scale + shift. epsilon is at least
// 2^-126, the smallest normal number. NaN where variance + epsilon is negative.
Value BatchNormalize(Value x, Value mean, Value variance, Value scale,
                     Value shift, float epsilon, absl::string_view name = "");

// The inputs of a BatchNormalize, and its epsilon.
struct BatchNormalizeView {
  NodeId x, mean, variance, scale, shift;
  float epsilon;
};
// Nothing for nodes of other kinds.
absl::optional<BatchNormalizeView> AsBatchNormalize(const Node& node);

absl::Span<const OpTable::Entry> NormalizationEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_NORMALIZATION_H_
