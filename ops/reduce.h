// Reductions over axes, and the broadcast that is their gradient.
#ifndef ESPALIER_OPS_REDUCE_H_
#define ESPALIER_OPS_REDUCE_H_

#include <cstdint>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// The sum or mean over `axes` (negative ones count from the end; all of them
// if empty). Reduced axes are left out, or kept with size 1.
Value Sum(Value x, absl::Span<const int64_t> axes = {}, bool keep_axes = false,
          absl::string_view name = "");
Value Mean(Value x, absl::Span<const int64_t> axes = {}, bool keep_axes = false,
           absl::string_view name = "");

// The largest or smallest over `axes`, which are as above; NaN if an element is
// NaN. There must be an element: an axis of size 0 is refused; of a batch that
// is empty in a run the largest is -infinity, the smallest infinity. Equal
// extremes share the gradient evenly (as of PyTorch's amax).
Value ReduceMax(Value x, absl::Span<const int64_t> axes = {},
                bool keep_axes = false, absl::string_view name = "");
Value ReduceMin(Value x, absl::Span<const int64_t> axes = {},
                bool keep_axes = false, absl::string_view name = "");

// x stretched to `shape` (BroadcastShapes(x, shape) must be `shape`); a leading
// kBatch takes the run's batch size. The shape of x itself gives x.
Value BroadcastTo(Value x, const Shape& shape, absl::string_view name = "");

// The sum of x over the axes along which `shape` was stretched to x's shape:
// the reverse of BroadcastTo.
Value SumTo(Value x, const Shape& shape);

absl::Span<const OpTable::Entry> ReduceEntries();
absl::Span<const OpTable::Entry> ReduceExtremeEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_REDUCE_H_
