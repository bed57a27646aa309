#include <algorithm>
#include <limits>
#include <memory>
#include <vector>

#include "runtime/elementwise/reductions.h"
#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

constexpr double kReduceNanoseconds = 0.2;  // see MayFork

std::vector<BufferId> OperandsOf(const ReduceStep& step) {
  std::vector<BufferId> operands = {step.x, step.y};
  if (step.centers != kNoBuffer) operands.push_back(step.centers);
  return operands;
}

class ReduceKernel : public PointerKernel {
 public:
  ReduceKernel(const Plan& plan, const ReduceStep& step,
               const KernelOptions& options)
      : PointerKernel(OperandsOf(step)),
        fold_(step.fold),
        outer_(SizeAt(step.outer, options.batch)),
        reduced_(SizeAt(step.reduced, options.batch)),
        inner_(step.inner),
        centers_(step.centers == kNoBuffer
                     ? 1
                     : plan.shape(step.centers).num_elements()),
        scale_(step.scale.At(options.batch)),
        isa_(options.isa),
        threads_(options.threads) {}

  int64_t scratch_bytes() const override {
    return FoldOverRowsScratchBytes({reduced_, inner_});
  }
  bool uses_workers() const override {
    return MayFork(reduced_ * std::max(outer_, inner_), kReduceNanoseconds,
                   isa_, threads_);
  }
  void Compute(absl::Span<void* const> operands, void* scratch) const override {
    const float* const x = Floats(operands[0]);
    float* const y = Floats(operands[1]);
    if (reduced_ == 0) {
      std::fill_n(y, outer_ * inner_, OfNothing());
    } else if (inner_ == 1 && fold_ == Fold::kSquaredDeviations) {
      for (int64_t o = 0; o < outer_; o += centers_) {
        SquaredDeviationsOverColumns(isa_, threads_, {centers_, reduced_},
                                     scale_, x + o * reduced_,
                                     Floats(operands[2]), y + o);
      }
    } else if (inner_ == 1) {
      OverColumns(x, y);
    } else if (inner_ > 0) {
      for (int64_t o = 0; o < outer_; ++o) {
        OverRows(operands, x + o * reduced_ * inner_, y + o * inner_, scratch);
      }
    }
  }

 private:
  using Fold = ReduceStep::Fold;

  float OfNothing() const {
    constexpr float kInfinity = std::numeric_limits<float>::infinity();
    if (fold_ == Fold::kMax) return -kInfinity;
    return fold_ == Fold::kMin ? kInfinity : 0 * scale_;
  }

  Extreme extreme() const {
    return fold_ == Fold::kMax ? Extreme::kMax : Extreme::kMin;
  }

  void OverColumns(const float* x, float* y) const {
    if (fold_ == Fold::kSum) {
      SumOverColumns(isa_, threads_, {outer_, reduced_}, scale_, x, y);
    } else {
      ExtremeOverColumns(isa_, threads_, {outer_, reduced_}, extreme(), x, y);
    }
  }

  void OverRows(absl::Span<void* const> operands, const float* x, float* y,
                void* scratch) const {
    const MatrixSize size = {reduced_, inner_};
    if (fold_ == Fold::kSum) {
      SumOverRows(isa_, threads_, size, scale_, x, y, scratch);
    } else if (fold_ == Fold::kSquaredDeviations) {
      SquaredDeviationsOverRows(isa_, threads_, size, scale_, x,
                                Floats(operands[2]), y, scratch);
    } else {
      ExtremeOverRows(isa_, threads_, size, extreme(), x, y, scratch);
    }
  }

  const Fold fold_;
  const int64_t outer_, reduced_, inner_, centers_;
  const float scale_;
  const Isa isa_;
  const int threads_;
};

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const ReduceStep& step,
                        const KernelOptions& options) {
  return std::make_unique<ReduceKernel>(plan, step, options);
}

}  // namespace espalier
