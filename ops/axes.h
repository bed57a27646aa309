// What ops over axes share: which axes are meant (negative ones count from the
// end), and what is left of a shape.
#ifndef ESPALIER_OPS_AXES_H_
#define ESPALIER_OPS_AXES_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "graph/shape.h"

namespace espalier {

// From 0. "axis 3 is not one of the 2 axes of x".
absl::StatusOr<int64_t> NormalizedAxis(int64_t axis, int rank);

// Ascending, from 0, none twice; all axes if `axes` is empty.
absl::StatusOr<std::vector<int64_t>> NormalizedAxes(
    absl::Span<const int64_t> axes, int rank);

// How far apart neighbours along each axis are in row-major order: whatever
// the leading dimension is, so it may be the batch N.
std::vector<int64_t> RowMajorStrides(const Shape& shape);

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
