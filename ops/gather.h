// Slices of a value picked by index, such as rows of an embedding's table.
#ifndef ESPALIER_OPS_GATHER_H_
#define ESPALIER_OPS_GATHER_H_

#include <cstdint>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// x [A..., R, B...] around `axis` (negative ones count from the end), f32 or
// i32, and i32 indices of shape [K...] give [A..., K..., B...]: at [a, k, b]
// x[a, indices[k], b]. Along axis 0 the indices may lead with the batch N, x
// may not; along others x may, the indices may not. A run with an index that
// is not in [0, R) fails.
Value Gather(Value x, Value indices, int64_t axis = 0,
             absl::string_view name = "");

// The reverse of Gather: values [A..., K..., B...] and indices [K...] give
// [A..., R, B...], R being `rows`: at [a, r, b] the sum of values[a, k, b] over
// all k with indices[k] == r, added in the order of k. Along axis 0 the batch
// N may lead both values and indices, and is summed over. The same error.
Value ScatterAdd(Value values, Value indices, int64_t rows, int64_t axis = 0,
                 absl::string_view name = "");

absl::Span<const OpTable::Entry> GatherEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_GATHER_H_
