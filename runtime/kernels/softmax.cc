// Kernels over the rows of the last axis: softmax and the losses made of it.
#include "runtime/elementwise/softmax.h"

#include <memory>
#include <utility>
#include <vector>

#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

constexpr double kSoftmaxNanoseconds = 1;  // see MayFork

// The shape as rows of its last axis.
MatrixSize RowsOf(const Shape& shape) {
  const int64_t columns = shape.dim(shape.rank() - 1);
  return {columns == 0 ? 0 : shape.num_elements() / columns, columns};
}

// Nothing is computed where there are no elements.
class RowKernel : public PointerKernel {
 public:
  RowKernel(std::vector<BufferId> operands, const Shape& shape,
            const KernelOptions& options)
      : PointerKernel(std::move(operands)),
        size_(RowsOf(shape.Bind(options.batch))),
        isa_(options.isa),
        threads_(options.threads) {}

  bool uses_workers() const final {
    return MayFork(size_.rows * size_.columns, kSoftmaxNanoseconds, isa_,
                   threads_);
  }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const final {
    if (size_.rows > 0) ComputeRows(isa_, threads_, size_, operands);
  }

 private:
  virtual void ComputeRows(Isa isa, int threads, MatrixSize size,
                           absl::Span<void* const> operands) const = 0;

  const MatrixSize size_;
  const Isa isa_;
  const int threads_;
};

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

KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyStep& step,
                        const KernelOptions& options) {
  return std::make_unique<CrossEntropyKernel>(plan, step, options);
}

KernelOr MakeStepKernel(const Plan& plan, const CrossEntropyGradientStep& step,
                        const KernelOptions& options) {
  return std::make_unique<CrossEntropyGradientKernel>(plan, step, options);
}

}  // namespace espalier
