// Parts of a value, and a value as part of a larger one: each the reverse of
// the other.
#ifndef ESPALIER_OPS_SLICE_PAD_H_
#define ESPALIER_OPS_SLICE_PAD_H_

#include <cstdint>
#include <limits>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// As an end of a slice: where x ends.
inline constexpr int64_t kToEnd = std::numeric_limits<int64_t>::max();

// Along axes[i] the elements at starts[i], starts[i] + steps[i], ... before
// ends[i]; all along the other axes. Negative axes, starts and ends count from
// the end; steps are at least 1, all of them if `steps` is empty. A start or
// end outside x is an error, and so is a symbolic batch among the axes.
Value Slice(Value x, absl::Span<const int64_t> axes,
            absl::Span<const int64_t> starts, absl::Span<const int64_t> ends,
            absl::Span<const int64_t> steps = {}, absl::string_view name = "");

// x with zeros around it: along axis i before[i] of them in front, after[i]
// behind, and interior[i] between any two neighbours (none if `interior` is
// empty). A symbolic batch gets none.
Value Pad(Value x, absl::Span<const int64_t> before,
          absl::Span<const int64_t> after,
          absl::Span<const int64_t> interior = {}, absl::string_view name = "");

absl::Span<const OpTable::Entry> SlicePadEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_SLICE_PAD_H_
