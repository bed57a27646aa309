// Dropout (N. Srivastava et al., Dropout, JMLR 15, 2014) in its inverted form,
// which leaves the mean as it is: nothing is to be done in inference.
#ifndef ESPALIER_OPS_DROPOUT_H_
#define ESPALIER_OPS_DROPOUT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// x * m, where each element of m is 0 with probability `rate`, else
// 1 / (1 - rate). The mask depends on seed, step (i32[]) and the element's
// row-major position only: element i is dropped where
// RandomStream(seed, kDropout, step).Uniform(ArrayPosition(i)) < rate
// (graph/philox.h). 0 <= rate < 1. The inference form has x in its place.
Value Dropout(Value x, Value step, float rate, int64_t seed,
              absl::string_view name = "");

bool IsDropout(const Node& node);

absl::Span<const OpTable::Entry> DropoutEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_DROPOUT_H_
