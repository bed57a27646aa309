// Ops of i32 values: class indices and counters. No gradient flows through
// them.
#ifndef ESPALIER_OPS_INTEGERS_H_
#define ESPALIER_OPS_INTEGERS_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// x in the other type; x itself if it has that type already. i32 to f32 rounds
// to nearest. f32 to i32 rounds toward zero and saturates; NaN, for which i32
// has no value, gives 0.
Value Cast(Value x, DataType dtype, absl::string_view name = "");

// What Add (ops/binary.h) makes for two i32 operands: a + b with broadcasting,
// modulo 2^32.
Value AddI32(Value a, Value b, absl::string_view name = "");
bool IsAddI32(const Node& node);

absl::Span<const OpTable::Entry> IntegerEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_INTEGERS_H_
