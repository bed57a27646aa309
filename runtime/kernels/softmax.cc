// Kernels over the rows of the last axis: softmax and the losses made of it.
#include "runtime/elementwise/softmax.h"

#include <memory>
#include <vector>

#include "runtime/kernels/row_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

class SoftmaxKernel : public RowKernel {
 public:
  SoftmaxKernel(const Plan& plan, const SoftmaxStep& step,
                const KernelOptions& options)
      : RowKernel({step.x, step.y}, plan.shape(step.x), options),
        log_(step.log) {}

 private:
  void ComputeRows(Isa isa, int threads, MatrixSize size,
                   absl::Span<void* const> operands) const override {
    (log_ ? LogSoftmax : Softmax)(isa, threads, size, Floats(operands[0]),
                                  Floats(operands[1]));
  }

  const bool log_;
};

class SoftmaxGradientKernel : public RowKernel {
 public:
  SoftmaxGradientKernel(const Plan& plan, const SoftmaxGradientStep& step,
                        const KernelOptions& options)
      : RowKernel({step.y, step.dy, step.dx}, plan.shape(step.dx), options),
        log_(step.log) {}

 private:
  void ComputeRows(Isa isa, int threads, MatrixSize size,
                   absl::Span<void* const> operands) const override {
    (log_ ? LogSoftmaxBackward : SoftmaxBackward)(
        isa, threads, size, Floats(operands[0]), Floats(operands[1]),
        Floats(operands[2]));
  }

  const bool log_;
};

class CrossEntropyKernel : public RowKernel {
 public:
  CrossEntropyKernel(const Plan& plan, const CrossEntropyStep& step,
                     const KernelOptions& options)
      : RowKernel({step.logits, step.labels, step.loss},
                  plan.shape(step.logits), options) {}

 private:
  void ComputeRows(Isa isa, int threads, MatrixSize size,
                   absl::Span<void* const> operands) const override {
    SoftmaxCrossEntropy(isa, threads, size, Floats(operands[0]),
                        static_cast<const int32_t*>(operands[1]),
                        Floats(operands[2]));
  }
};

std::vector<BufferId> CrossEntropyGradientOperands(
    const CrossEntropyGradientStep& step) {
  std::vector<BufferId> operands = {step.logits, step.labels, step.dx};
  if (step.dy != kNoBuffer) operands.push_back(step.dy);
  return operands;
}

class CrossEntropyGradientKernel : public RowKernel {
 public:
  CrossEntropyGradientKernel(const Plan& plan,
                             const CrossEntropyGradientStep& step,
                             const KernelOptions& options)
      : RowKernel(CrossEntropyGradientOperands(step), plan.shape(step.logits),
                  options),
        dy_number_(step.dy_number.At(options.batch)),
        dy_stride_(step.dy == kNoBuffer ||
                           ExtentOf(plan.shape(step.dy)) == Extent{1, false}
                       ? 0
                       : 1) {}

 private:
  void ComputeRows(Isa isa, int threads, MatrixSize size,
                   absl::Span<void* const> operands) const override {
    const float* dy = operands.size() > 3 ? Floats(operands[3]) : &dy_number_;
    SoftmaxCrossEntropyBackward(isa, threads, size, Floats(operands[0]),
                                static_cast<const int32_t*>(operands[1]), dy,
                                dy_stride_, Floats(operands[2]));
  }

  const float dy_number_;
  const int dy_stride_;
};

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const SoftmaxStep& step,
                        const KernelOptions& options) {
  return std::make_unique<SoftmaxKernel>(plan, step, options);
}

KernelOr MakeStepKernel(const Plan& plan, const SoftmaxGradientStep& step,
                        const KernelOptions& options) {
  return std::make_unique<SoftmaxGradientKernel>(plan, step, options);
}

KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyStep& step,
                        const KernelOptions& options) {
  return std::make_unique<CrossEntropyKernel>(plan, step, options);
}

KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyGradientStep& step,
                        const KernelOptions& options) {
  return std::make_unique<CrossEntropyGradientKernel>(plan, step, options);
}

}  // namespace espalier
