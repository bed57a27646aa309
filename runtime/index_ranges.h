// Operands that hold indices, and the range in which each index must be.
#ifndef ESPALIER_RUNTIME_INDEX_RANGES_H_
#define ESPALIER_RUNTIME_INDEX_RANGES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "runtime/elementwise/isa.h"
#include "runtime/plan.h"

namespace espalier {

// Each index is in [0, size).
struct IndexRange {
  BufferId indices;
  int32_t size;
  bool labels;       // of a cross-entropy; else rows of a gather or scatter-add
  std::string node;  // that reads them
};

// Of the indices that the step reads, if it reads any.
absl::optional<IndexRange> IndexRangeOf(const Plan& plan, const Step& step);

// Of indices that are elements of leaves, under whatever shape: the narrowest
// range of each leaf. Sessions look at these before a run; at others the
// kernels look that read them.
std::vector<IndexRange> IndexRangesOfLeaves(const Plan& plan);

// An error that names the indices, as `name`, and the first one outside.
absl::Status CheckIndices(Isa isa, const IndexRange& range,
                          absl::string_view name,
                          absl::Span<const int32_t> indices);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_INDEX_RANGES_H_
