// Softmax, its logarithm, and the cross-entropy of class indices.
#ifndef ESPALIER_OPS_SOFTMAX_H_
#define ESPALIER_OPS_SOFTMAX_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// Over the last axis, of size at least 1: exp(x_i - max) / sum of the same.
Value Softmax(Value x, absl::string_view name = "");
Value LogSoftmax(Value x, absl::string_view name = "");

// Per row, -log softmax(logits)[label], from the logits by a stable
// log-sum-exp; never negative. logits is f32 [N, C], labels is i32 [N] with
// values in [0, C) (others fail the run); the result is [N]. No gradient flows
// to the labels.
Value SoftmaxCrossEntropy(Value logits, Value labels,
                          absl::string_view name = "");

bool IsSoftmax(const Node& node);
bool IsLogSoftmax(const Node& node);

absl::Span<const OpTable::Entry> SoftmaxEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_SOFTMAX_H_
