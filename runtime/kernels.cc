#include "runtime/kernels.h"

#include "absl/types/variant.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {

absl::StatusOr<std::unique_ptr<const Kernel>> MakeKernel(
    const Plan& plan, const Step& step, const KernelOptions& options) {
  return absl::visit(
      [&](const auto& work) { return MakeStepKernel(plan, work, options); },
      step.work);
}

}  // namespace espalier
