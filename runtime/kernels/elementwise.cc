#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/algorithm/container.h"
#include "graph/status_macros.h"
#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise_emitter.h"
#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

std::vector<BufferId> ArraysOf(const ElementwiseStep& step) {
  std::vector<BufferId> arrays;
  for (const ElementwiseStep::Segment& segment : step.segments) {
    arrays.insert(arrays.end(), segment.arrays.begin(), segment.arrays.end());
  }
  return arrays;
}

class ElementwiseKernel : public PointerKernel {
 public:
  ElementwiseKernel(const ElementwiseStep& step, CompiledElementwise compiled)
      : PointerKernel(ArraysOf(step)), compiled_(std::move(compiled)) {}

  int64_t scratch_bytes() const override { return compiled_.scratch_bytes(); }
  bool uses_workers() const override { return compiled_.threads() > 1; }
  void Compute(absl::Span<void* const> operands, void* scratch) const override {
    compiled_.Run(
        {reinterpret_cast<float* const*>(operands.data()), operands.size()},
        scratch);
  }

 private:
  const CompiledElementwise compiled_;
};

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const ElementwiseStep& step,
                        const KernelOptions& options) {
  const auto memory = [&](const ElementwiseStep::Segment& segment, int array) {
    return plan.buffers[plan.Root(segment.arrays[array])].memory;
  };
  const ElementwiseProgram program =
      EmitProgram(step.code, options.batch, [&](int i, int j) {
        return absl::c_any_of(step.segments, [&](const auto& segment) {
          return memory(segment, i) == memory(segment, j);
        });
      });
  std::vector<Segment> segments;
  for (const ElementwiseStep::Segment& segment : step.segments) {
    segments.push_back({SizeAt(segment.elements, options.batch),
                        std::max<int64_t>(segment.columns, 1)});
  }
  ASSIGN_OR_RETURN(CompiledElementwise compiled,
                   CompiledElementwise::Compile(program, segments, options.isa,
                                                options.threads));
  return std::make_unique<ElementwiseKernel>(step, std::move(compiled));
}

}  // namespace espalier
