#include "runtime/elementwise/gather.h"

#include <memory>
#include <vector>

#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

constexpr double kGatherNanoseconds = 3;  // see MayFork

// Operands: what is read, indices, result.
class GatherKernel : public PointerKernel {
 public:
  template <typename AnyStep>
  GatherKernel(const Plan& plan, const AnyStep& step,
               std::vector<BufferId> operands, const KernelOptions& options)
      : PointerKernel(std::move(operands)),
        isa_(options.isa),
        threads_(options.threads) {
    size_.outer = SizeAt(step.outer, options.batch);
    size_.rows = step.rows;
    size_.indices = SizeAt(ExtentOf(plan.shape(step.indices)), options.batch);
    size_.inner = step.inner;
  }

  bool uses_workers() const override {
    return MayFork(size_.outer * size_.indices * (size_.inner + 1),
                   kGatherNanoseconds, isa_, threads_);
  }

 protected:
  GatherSize size_;
  const Isa isa_;
  const int threads_;
};

class PickKernel : public GatherKernel {
 public:
  using GatherKernel::GatherKernel;
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    Gather(threads_, size_, operands[0],
           static_cast<const int32_t*>(operands[1]), operands[2]);
  }
};

class ScatterAddKernel : public GatherKernel {
 public:
  using GatherKernel::GatherKernel;
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    ScatterAdd(isa_, threads_, size_, Floats(operands[0]),
               static_cast<const int32_t*>(operands[1]), Floats(operands[2]));
  }
};

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const GatherStep& step,
                        const KernelOptions& options) {
  return std::make_unique<PickKernel>(
      plan, step, std::vector<BufferId>{step.x, step.indices, step.y}, options);
}

KernelOr MakeStepKernel(const Plan& plan, const ScatterAddStep& step,
                        const KernelOptions& options) {
  return std::make_unique<ScatterAddKernel>(
      plan, step, std::vector<BufferId>{step.values, step.indices, step.y},
      options);
}

}  // namespace espalier
