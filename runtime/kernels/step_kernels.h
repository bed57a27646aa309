// One function a kind of step: what MakeKernel (runtime/kernels.h) calls, with
// its contract. A new kind of step gets a line here and a file of its own.
#ifndef ESPALIER_RUNTIME_KERNELS_STEP_KERNELS_H_
#define ESPALIER_RUNTIME_KERNELS_STEP_KERNELS_H_

#include <memory>

#include "absl/status/statusor.h"
#include "runtime/index_ranges.h"
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
KernelOr MakeStepKernel(const Plan& plan, const SoftmaxGradientStep& step,
                        const KernelOptions& options);
KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyStep& step,
                        const KernelOptions& options);
KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyGradientStep& step,
                        const KernelOptions& options);
// layer_norm.cc
KernelOr MakeStepKernel(const Plan& plan, const LayerNormStep& step,
                        const KernelOptions& options);
KernelOr MakeStepKernel(const Plan& plan, const LayerNormGradientStep& step,
                        const KernelOptions& options);
// dropout.cc
KernelOr MakeStepKernel(const Plan& plan, const DropoutStep& step,
                        const KernelOptions& options);
// rearrange.cc
KernelOr MakeStepKernel(const Plan& plan, const CopyStep& step,
                        const KernelOptions& options);
KernelOr MakeStepKernel(const Plan& plan, const RearrangeStep& step,
                        const KernelOptions& options);
// gather.cc
KernelOr MakeStepKernel(const Plan& plan, const GatherStep& step,
                        const KernelOptions& options);
KernelOr MakeStepKernel(const Plan& plan, const ScatterAddStep& step,
                        const KernelOptions& options);

// checked_indices.cc: the kernel of a step that reads these indices, which
// looks at them first and fails instead of running where one is outside.
std::unique_ptr<const Kernel> WithCheckedIndices(
    const Plan& plan, IndexRange range, std::unique_ptr<const Kernel> kernel,
    const KernelOptions& options);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_KERNELS_STEP_KERNELS_H_
