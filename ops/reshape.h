// The same elements in the same order under another shape.
#ifndef ESPALIER_OPS_RESHAPE_H_
#define ESPALIER_OPS_RESHAPE_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// `shape` has as many elements as x; a symbolic batch stays in front.
Value Reshape(Value x, const Shape& shape, absl::string_view name = "");

// [N, ...] to [N, product of the rest].
Value Flatten(Value x, absl::string_view name = "");

bool IsReshape(const Node& node);

absl::Span<const OpTable::Entry> ReshapeEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_RESHAPE_H_
