#include <algorithm>
#include <cstring>
#include <memory>
#include <vector>

#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

// Copies elements of 4 bytes, in runs that are contiguous or one element
// repeated.
class CopyKernel : public PointerKernel {
 public:
  CopyKernel(const Plan& plan, const CopyStep& step,
             const KernelOptions& options)
      : PointerKernel({step.x, step.y}) {
    const Shape from = plan.shape(step.x).Bind(options.batch);
    const Shape to = plan.shape(step.y).Bind(options.batch);
    num_elements_ = to.num_elements();
    int64_t stride = 1;
    for (int i = to.rank() - 1; i >= 0; --i) {
      const int at = i - (to.rank() - from.rank());
      const int64_t size = at < 0 ? 1 : from.dim(at);
      const int64_t step_of_axis = size == 1 ? 0 : stride;
      stride *= size;
      if (to.dim(i) == 1) continue;
      // Joined with the axis after it where the two are one run.
      if (!axes_.empty() &&
          step_of_axis == axes_.back().stride * axes_.back().size) {
        axes_.back().size *= to.dim(i);
      } else {
        axes_.push_back({to.dim(i), step_of_axis});
      }
    }
    if (axes_.empty()) axes_.push_back({1, 1});
  }

  bool uses_workers() const override { return false; }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    if (num_elements_ == 0) return;
    auto* y = static_cast<uint32_t*>(operands[1]);
    CopyAxis(static_cast<const uint32_t*>(operands[0]), axes_.size() - 1, y);
  }

 private:
  struct Axis {
    int64_t size;
    int64_t stride;  // of x
  };

  void CopyAxis(const uint32_t* x, size_t axis, uint32_t*& y) const {
    const Axis& a = axes_[axis];
    if (axis > 0) {
      for (int64_t i = 0; i < a.size; ++i) {
        CopyAxis(x + i * a.stride, axis - 1, y);
      }
      return;
    }
    if (a.stride == 0) {
      std::fill_n(y, a.size, *x);
    } else {
      std::memcpy(y, x, static_cast<size_t>(a.size) * sizeof(*x));
    }
    y += a.size;
  }

  int64_t num_elements_;
  std::vector<Axis> axes_;  // innermost first
};

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const CopyStep& step,
                        const KernelOptions& options) {
  return std::make_unique<CopyKernel>(plan, step, options);
}

}  // namespace espalier
