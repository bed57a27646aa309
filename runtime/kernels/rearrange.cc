// Kernels that copy bits: boxes, and one array stretched to another's shape.
#include <memory>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "graph/check.h"
#include "runtime/elementwise/rearrangement.h"
#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

// Operands: the array of each box, then the result; likewise for the next
// result.
class RearrangeKernel : public PointerKernel {
 public:
  RearrangeKernel(std::vector<BufferId> operands,
                  std::vector<Rearrangement> rearrangements)
      : PointerKernel(std::move(operands)),
        rearrangements_(std::move(rearrangements)) {}

  bool uses_workers() const override {
    return absl::c_any_of(rearrangements_, [](const Rearrangement& r) {
      return r.threads() > 1;
    });
  }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    RunTogether(rearrangements_, operands);
  }

 private:
  const std::vector<Rearrangement> rearrangements_;
};

// Where the box of the whole result lies in `from`, which broadcasts to it.
Box StretchedBox(const Shape& from, const Shape& to) {
  Box box;
  box.axes.resize(static_cast<size_t>(to.rank()));
  int64_t stride = 1;
  for (int i = to.rank() - 1; i >= 0; --i) {
    const int at = i - (to.rank() - from.rank());
    const int64_t size = at < 0 ? 1 : from.dim(at);
    box.axes[static_cast<size_t>(i)] = {to.dim(i), size == 1 ? 0 : stride};
    stride *= size;
  }
  return box;
}

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const RearrangeStep& step,
                        const KernelOptions& options) {
  std::vector<BufferId> operands;
  std::vector<Rearrangement> rearrangements;
  for (const RearrangeStep::Result& result : step.results) {
    std::vector<Box> boxes;
    for (const BoxCopy& copy : result.boxes) {
      operands.push_back(copy.from);
      boxes.push_back({copy.from_offset, copy.axes});
      for (BoxAxis& axis : boxes.back().axes) {
        if (axis.size == kBatch) axis.size = options.batch;
      }
    }
    operands.push_back(result.y);
    rearrangements.emplace_back(plan.shape(result.y).Bind(options.batch),
                                std::move(boxes), result.zeros, options.isa,
                                options.threads);
  }
  return std::make_unique<RearrangeKernel>(std::move(operands),
                                           std::move(rearrangements));
}

KernelOr MakeStepKernel(const Plan& plan, const CopyStep& step,
                        const KernelOptions& options) {
  const Shape to = plan.shape(step.y).Bind(options.batch);
  std::vector<Box> boxes = {
      StretchedBox(plan.shape(step.x).Bind(options.batch), to)};
  std::vector<Rearrangement> rearrangements;
  rearrangements.emplace_back(to, std::move(boxes), /*zeros=*/false,
                              options.isa, options.threads);
  return std::make_unique<RearrangeKernel>(
      std::vector<BufferId>{step.x, step.y}, std::move(rearrangements));
}

}  // namespace espalier
