#include "runtime/kernels.h"

#include <utility>

#include "absl/types/variant.h"
#include "runtime/index_ranges.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {

absl::StatusOr<std::unique_ptr<const Kernel>> MakeKernel(
    const Plan& plan, const Step& step, const KernelOptions& options) {
  KernelOr kernel = absl::visit(
      [&](const auto& work) { return MakeStepKernel(plan, work, options); },
      step.work);
  absl::optional<IndexRange> range = IndexRangeOf(plan, step);
  if (!kernel.ok() || !range.has_value() || plan.IsLeaf(range->indices)) {
    return kernel;
  }
  return WithCheckedIndices(plan, *std::move(range), *std::move(kernel),
                            options);
}

}  // namespace espalier
