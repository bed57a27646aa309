#include "ops/axes.h"

#include <algorithm>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "graph/double_tensor.h"
#include "graph/status_macros.h"

namespace espalier {

absl::StatusOr<int64_t> NormalizedAxis(int64_t axis, int rank) {
  if (axis < -rank || axis >= rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " is not one of the ", rank, " axes of x"));
  }
  return axis < 0 ? axis + rank : axis;
}

absl::StatusOr<std::vector<int64_t>> NormalizedAxes(
    absl::Span<const int64_t> axes, int rank) {
  std::vector<int64_t> result;
  for (int64_t axis : axes) {
    ASSIGN_OR_RETURN(const int64_t normalized, NormalizedAxis(axis, rank));
    result.push_back(normalized);
  }
  std::sort(result.begin(), result.end());
  const auto twice = std::adjacent_find(result.begin(), result.end());
  if (twice != result.end()) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", *twice, " is named twice"));
  }
  if (axes.empty()) {
    for (int axis = 0; axis < rank; ++axis) result.push_back(axis);
  }
  return result;
}

bool IsReduced(const std::vector<int64_t>& axes, int64_t axis) {
  return std::binary_search(axes.begin(), axes.end(), axis);
}

Shape ReducedShape(const Shape& x, const std::vector<int64_t>& axes,
                   bool keep_axes) {
  std::vector<int64_t> dims;
  for (int i = 0; i < x.rank(); ++i) {
    if (!IsReduced(axes, i)) {
      dims.push_back(x.dim(i));
    } else if (keep_axes) {
      dims.push_back(1);
    }
  }
  return Shape(dims);
}

int64_t StaticCount(const Shape& x, const std::vector<int64_t>& axes) {
  int64_t count = 1;
  for (int64_t axis : axes) {
    const int64_t dim = x.dim(static_cast<int>(axis));
    if (dim != kBatch) count *= dim;
  }
  return count;
}

std::vector<int64_t> ReductionTargets(const Shape& x,
                                      const std::vector<int64_t>& axes) {
  return BroadcastIndices(ReducedShape(x, axes, /*keep_axes=*/true), x);
}

std::vector<int64_t> RowMajorStrides(const Shape& shape) {
  std::vector<int64_t> strides(static_cast<size_t>(shape.rank()), 1);
  for (size_t i = strides.size(); i-- > 1;) {
    strides[i - 1] = strides[i] * shape.dim(static_cast<int>(i));
  }
  return strides;
}

}  // namespace espalier
