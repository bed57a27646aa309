// Elementwise ops of two inputs with broadcasting (BroadcastShapes).
#ifndef ESPALIER_OPS_BINARY_H_
#define ESPALIER_OPS_BINARY_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// Of two i32 values: AddI32 (ops/integers.h). All else is for f32.
Value Add(Value a, Value b, absl::string_view name = "");
Value Sub(Value a, Value b, absl::string_view name = "");
Value Mul(Value a, Value b, absl::string_view name = "");
Value Div(Value a, Value b, absl::string_view name = "");
// Where a and b are equal, each gets half of the gradient.
Value Max(Value a, Value b, absl::string_view name = "");
Value Min(Value a, Value b, absl::string_view name = "");

enum class BinaryKind { kAdd, kSub, kMul, kDiv, kMax, kMin };
// Nothing for nodes of other kinds.
absl::optional<BinaryKind> AsBinary(const Node& node);

absl::Span<const OpTable::Entry> BinaryEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_BINARY_H_
