#include "runtime/elementwise/dropout.h"

#include <memory>

#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

constexpr double kDropoutNanoseconds = 0.6;  // see MayFork

class DropoutKernel : public PointerKernel {
 public:
  DropoutKernel(const Plan& plan, const DropoutStep& step,
                const KernelOptions& options)
      : PointerKernel({step.x, step.step, step.y}),
        elements_(plan.shape(step.x).Bind(options.batch).num_elements()),
        rate_(step.rate),
        seed_(step.seed),
        isa_(options.isa),
        threads_(options.threads) {}

  bool uses_workers() const override {
    return MayFork(elements_, kDropoutNanoseconds, isa_, threads_);
  }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    const auto step = static_cast<const uint32_t*>(operands[1]);
    Dropout(isa_, threads_, elements_, MakeDropoutMask(rate_, seed_, *step),
            Floats(operands[0]), Floats(operands[2]));
  }

 private:
  const int64_t elements_;
  const float rate_;
  const uint64_t seed_;
  const Isa isa_;
  const int threads_;
};

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const DropoutStep& step,
                        const KernelOptions& options) {
  return std::make_unique<DropoutKernel>(plan, step, options);
}

}  // namespace espalier
