// Layer normalization (J. L. Ba, J. R. Kiros, G. E. Hinton, Layer
// Normalization, arXiv:1607.06450, 2016) over the last axis.
#ifndef ESPALIER_OPS_LAYER_NORM_H_
#define ESPALIER_OPS_LAYER_NORM_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// (x - mean) / sqrt(variance + epsilon) * scale + shift, with mean and biased
// variance of each row of the last axis. x is [..., C] with C > 0, scale and
// shift are [C]. epsilon is at least 2^-126. Finite rows of any size give
// finite normalized values; a row with a NaN or an infinity in it is NaN.
Value LayerNorm(Value x, Value scale, Value shift, float epsilon = 1e-5f,
                absl::string_view name = "");

absl::Span<const OpTable::Entry> LayerNormEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_LAYER_NORM_H_
