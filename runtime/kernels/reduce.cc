#include <algorithm>
#include <memory>

#include "runtime/elementwise/reductions.h"
#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

constexpr double kReduceNanoseconds = 0.2;  // see MayFork

class ReduceKernel : public PointerKernel {
 public:
  ReduceKernel(const ReduceStep& step, const KernelOptions& options)
      : PointerKernel({step.x, step.y}),
        outer_(SizeAt(step.outer, options.batch)),
        reduced_(SizeAt(step.reduced, options.batch)),
        inner_(step.inner),
        scale_(step.scale.At(options.batch)),
        isa_(options.isa),
        threads_(options.threads) {}

  int64_t scratch_bytes() const override {
    return SumOverRowsScratchBytes({reduced_, inner_});
  }
  bool uses_workers() const override {
    return MayFork(reduced_ * std::max(outer_, inner_), kReduceNanoseconds,
                   isa_, threads_);
  }
  void Compute(absl::Span<void* const> operands, void* scratch) const override {
    const float* x = Floats(operands[0]);
    float* y = Floats(operands[1]);
    if (reduced_ == 0) {
      std::fill_n(y, outer_ * inner_, 0 * scale_);
    } else if (inner_ == 1) {
      SumOverColumns(isa_, threads_, {outer_, reduced_}, scale_, x, y);
    } else if (inner_ > 0) {
      for (int64_t o = 0; o < outer_; ++o) {
        SumOverRows(isa_, threads_, {reduced_, inner_}, scale_,
                    x + o * reduced_ * inner_, y + o * inner_, scratch);
      }
    }
  }

 private:
  const int64_t outer_, reduced_, inner_;
  const float scale_;
  const Isa isa_;
  const int threads_;
};

}  // namespace

KernelOr MakeStepKernel(const Plan& /*plan*/, const ReduceStep& step,
                        const KernelOptions& options) {
  return std::make_unique<ReduceKernel>(step, options);
}

}  // namespace espalier
