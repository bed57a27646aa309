#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/status_macros.h"
#include "runtime/index_ranges.h"
#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

std::vector<BufferId> WithIndices(std::vector<BufferId> operands,
                                  BufferId indices) {
  operands.push_back(indices);
  return operands;
}

// Another kernel, with the indices as one operand more.
class CheckedKernel : public Kernel {
 public:
  CheckedKernel(const Plan& plan, IndexRange range,
                std::unique_ptr<const Kernel> kernel,
                const KernelOptions& options)
      : Kernel(WithIndices(kernel->operands(), range.indices)),
        range_(std::move(range)),
        name_(plan.buffers[range_.indices].name),
        num_indices_(
            SizeAt(ExtentOf(plan.shape(range_.indices)), options.batch)),
        kernel_(std::move(kernel)),
        isa_(options.isa) {}

  std::string implementation() const override {
    return kernel_->implementation();
  }
  int64_t scratch_bytes() const override { return kernel_->scratch_bytes(); }
  bool uses_workers() const override { return kernel_->uses_workers(); }

  absl::StatusOr<std::unique_ptr<BoundKernel>> Bind(
      absl::Span<void* const> operands, void* scratch) const override {
    ASSIGN_OR_RETURN(
        std::unique_ptr<BoundKernel> bound,
        kernel_->Bind(operands.subspan(0, operands.size() - 1), scratch));
    return std::unique_ptr<BoundKernel>(
        std::make_unique<Bound>(*this, std::move(bound), operands.back()));
  }

 private:
  class Bound : public BoundKernel {
   public:
    Bound(const CheckedKernel& kernel, std::unique_ptr<BoundKernel> bound,
          void* indices)
        : kernel_(kernel), bound_(std::move(bound)), indices_(indices) {}

    absl::Status Run() override {
      const absl::Span<const int32_t> indices(
          static_cast<const int32_t*>(indices_),
          static_cast<size_t>(kernel_.num_indices_));
      RETURN_IF_ERROR(
          CheckIndices(kernel_.isa_, kernel_.range_, kernel_.name_, indices));
      return bound_->Run();
    }
    void SetOperand(int i, void* pointer) override {
      // The indices are made by another step: they stay where they are.
      bound_->SetOperand(i, pointer);
    }

   private:
    const CheckedKernel& kernel_;
    const std::unique_ptr<BoundKernel> bound_;
    void* const indices_;
  };

  const IndexRange range_;
  const std::string name_;
  const int64_t num_indices_;
  const std::unique_ptr<const Kernel> kernel_;
  const Isa isa_;
};

}  // namespace

std::unique_ptr<const Kernel> WithCheckedIndices(
    const Plan& plan, IndexRange range, std::unique_ptr<const Kernel> kernel,
    const KernelOptions& options) {
  return std::make_unique<CheckedKernel>(plan, std::move(range),
                                         std::move(kernel), options);
}

}  // namespace espalier
