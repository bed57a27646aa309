#include "runtime/elementwise/layer_norm.h"

#include <memory>

#include "runtime/kernels/row_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

class LayerNormKernel : public RowKernel {
 public:
  LayerNormKernel(const Plan& plan, const LayerNormStep& step,
                  const KernelOptions& options)
      : RowKernel({step.x, step.scale, step.shift, step.y}, plan.shape(step.x),
                  options),
        epsilon_(step.epsilon) {}

 private:
  void ComputeRows(Isa isa, int threads, MatrixSize size,
                   absl::Span<void* const> operands) const override {
    LayerNorm(isa, threads, size, epsilon_, Floats(operands[0]),
              Floats(operands[1]), Floats(operands[2]), Floats(operands[3]));
  }

  const float epsilon_;
};

class LayerNormGradientKernel : public RowKernel {
 public:
  LayerNormGradientKernel(const Plan& plan, const LayerNormGradientStep& step,
                          const KernelOptions& options)
      : RowKernel(OperandsOf(step), plan.shape(step.x), options),
        epsilon_(step.epsilon) {}

 private:
  void ComputeRows(Isa isa, int threads, MatrixSize size,
                   absl::Span<void* const> operands) const override {
    LayerNormBackward(isa, threads, size, epsilon_, Floats(operands[0]),
                      Floats(operands[1]),
                      operands.size() > 3 ? Floats(operands[3]) : nullptr,
                      Floats(operands[2]));
  }

  static std::vector<BufferId> OperandsOf(const LayerNormGradientStep& step) {
    std::vector<BufferId> operands = {step.x, step.g, step.dx};
    if (step.scale != kNoBuffer) operands.push_back(step.scale);
    return operands;
  }

  const float epsilon_;
};

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const LayerNormStep& step,
                        const KernelOptions& options) {
  return std::make_unique<LayerNormKernel>(plan, step, options);
}

KernelOr MakeStepKernel(const Plan& plan, const LayerNormGradientStep& step,
                        const KernelOptions& options) {
  return std::make_unique<LayerNormGradientKernel>(plan, step, options);
}

}  // namespace espalier
