// One function a kind of step: what MakeKernel (runtime/kernels.h) calls, with
// its contract. A new kind of step gets a line here and a file of its own.
#ifndef ESPALIER_RUNTIME_KERNELS_STEP_KERNELS_H_
#define ESPALIER_RUNTIME_KERNELS_STEP_KERNELS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/kernels.h"
#include "runtime/plan.h"

namespace espalier {

using KernelOr = absl::StatusOr<std::unique_ptr<const Kernel>>;

// matmul.cc
KernelOr MakeStepKernel(const Plan& plan, const MatMulStep& step,
                        const KernelOptions& options);
// elementwise.cc
KernelOr MakeStepKernel(const Plan& plan, const ElementwiseStep& step,
                        const KernelOptions& options);
// reduce.cc
KernelOr MakeStepKernel(const Plan& plan, const ReduceStep& step,
                        const KernelOptions& options);
// softmax.cc
KernelOr MakeStepKernel(const Plan& plan, const SoftmaxStep& step,
                        const KernelOptions& options);
KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyStep& step,
                        const KernelOptions& options);
KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyGradientStep& step,
                        const KernelOptions& options);
// dropout.cc
KernelOr MakeStepKernel(const Plan& plan, const DropoutStep& step,
                        const KernelOptions& options);
// copy.cc
KernelOr MakeStepKernel(const Plan& plan, const CopyStep& step,
                        const KernelOptions& options);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_KERNELS_STEP_KERNELS_H_
