// Values one behind the other.
#ifndef ESPALIER_OPS_CONCAT_H_
#define ESPALIER_OPS_CONCAT_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// Of one element type, and of shapes that are equal but along `axis` (negative
// ones count from the end), which must not be a symbolic batch.
Value Concat(absl::Span<const Value> values, int64_t axis,
             absl::string_view name = "");

absl::Span<const OpTable::Entry> ConcatEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_CONCAT_H_
