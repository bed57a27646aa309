// Losses: functions over ops that give a scalar. Every one is a mean over all
// elements or rows, so it does not depend on the batch size.
#ifndef ESPALIER_OPS_LOSSES_H_
#define ESPALIER_OPS_LOSSES_H_

#include "absl/types/span.h"
#include "graph/builder.h"

namespace espalier {

// mean (y - target)^2; both of one shape.
Value MeanSquaredError(Value y, Value target);

// Mean over rows of SoftmaxCrossEntropy (ops/softmax.h): logits [N, C] and i32
// class indices [N].
Value MeanSoftmaxCrossEntropy(Value logits, Value labels);

// scale * sum |w| and scale * sum w^2 over all elements of all parameters; a
// scalar to be added to a loss. REQUIRES: at least one parameter.
Value L1Penalty(absl::Span<const Value> parameters, float scale);
Value L2Penalty(absl::Span<const Value> parameters, float scale);

}  // namespace espalier

#endif  // ESPALIER_OPS_LOSSES_H_
