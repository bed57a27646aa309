#include "runtime/kernels/pointer_kernel.h"

#include <vector>

#include "absl/status/status.h"
#include "graph/check.h"
#include "runtime/elementwise/fork.h"

namespace espalier {
namespace {

class BoundPointerKernel : public BoundKernel {
 public:
  BoundPointerKernel(const PointerKernel& kernel,
                     absl::Span<void* const> operands, void* scratch)
      : kernel_(kernel),
        operands_(operands.begin(), operands.end()),
        scratch_(scratch) {}

  absl::Status Run() override {
    kernel_.Compute(operands_, scratch_);
    return absl::OkStatus();
  }
  void SetOperand(int i, void* pointer) override { operands_[i] = pointer; }

 private:
  const PointerKernel& kernel_;
  std::vector<void*> operands_;
  void* const scratch_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<BoundKernel>> PointerKernel::Bind(
    absl::Span<void* const> operands, void* scratch) const {
  return std::unique_ptr<BoundKernel>(
      std::make_unique<BoundPointerKernel>(*this, operands, scratch));
}

int64_t SizeAt(Extent extent, int64_t batch) {
  const absl::optional<int64_t> size = extent.At(batch);
  ESPALIER_CHECK(size.has_value());
  return *size;
}

bool MayFork(int64_t elements, double nanoseconds_per_element, Isa isa,
             int threads) {
  const double microseconds = static_cast<double>(elements) *
                              nanoseconds_per_element * IsaCost(isa) * 1e-3;
  return ForkWidth(microseconds, /*parts=*/2, threads) > 1;
}

}  // namespace espalier
