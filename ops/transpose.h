// The axes of a value in another order.
#ifndef ESPALIER_OPS_TRANSPOSE_H_
#define ESPALIER_OPS_TRANSPOSE_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// Axis i of the result is axis permutation[i] of x (negative ones count from
// the end); every axis of x is named once. A symbolic batch stays in front.
Value Transpose(Value x, absl::Span<const int64_t> permutation,
                absl::string_view name = "");

absl::Span<const OpTable::Entry> TransposeEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_TRANSPOSE_H_
