// What ops over axes share: which axes are meant, and what is left of a shape.
#ifndef ESPALIER_OPS_AXES_H_
#define ESPALIER_OPS_AXES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/shape.h"

namespace espalier {

// Ascending, from 0 (negative ones count from the end); all axes if `axes` is
// empty. Errors: an axis that x does not have, or one named twice.
absl::StatusOr<std::vector<int64_t>> NormalizedAxes(
    const std::vector<int64_t>& axes, int rank);

// Of what follows, `axes` are normalized.
bool IsReduced(const std::vector<int64_t>& axes, int64_t axis);

// x without the axes, or with 1 in their place.
Shape ReducedShape(const Shape& x, const std::vector<int64_t>& axes,
                   bool keep_axes);

// Elements of x that make one of the result; the symbolic batch left out.
int64_t StaticCount(const Shape& x, const std::vector<int64_t>& axes);

// For each element of x the index of the one that it is reduced into.
std::vector<int64_t> ReductionTargets(const Shape& x,
                                      const std::vector<int64_t>& axes);

}  // namespace espalier

#endif  // ESPALIER_OPS_AXES_H_
