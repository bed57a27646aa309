// Kernels: the steps of a plan made ready for one batch size.
#ifndef ESPALIER_RUNTIME_KERNELS_H_
#define ESPALIER_RUNTIME_KERNELS_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/elementwise/isa.h"
#include "runtime/onednn/matmul.h"
#include "runtime/plan.h"

namespace espalier {

// A kernel with its pointers: what a session runs.
class BoundKernel {
 public:
  virtual ~BoundKernel() = default;
  virtual absl::Status Run() = 0;
  // Makes operand number i point elsewhere.
  virtual void SetOperand(int i, void* pointer) = 0;
};

// Immutable and shared by sessions.
class Kernel {
 public:
  virtual ~Kernel() = default;

  // The buffers whose addresses Bind takes, in order.
  const std::vector<BufferId>& operands() const { return operands_; }
  // What computes it: "espalier" for our own loops, else "onednn" and what
  // oneDNN calls the code that it chose: "onednn brg:avx512_core".
  virtual std::string implementation() const = 0;
  virtual int64_t scratch_bytes() const { return 0; }
  // Whether threads other than the caller's may take part.
  virtual bool uses_workers() const = 0;
  // The product whose operand number 1 has to be packed by it; null if none.
  virtual std::shared_ptr<const onednn::MatMul> packs() const {
    return nullptr;
  }

  // `scratch` has scratch_bytes(), aligned to kTensorAlignment.
  virtual absl::StatusOr<std::unique_ptr<BoundKernel>> Bind(
      absl::Span<void* const> operands, void* scratch) const = 0;

 protected:
  explicit Kernel(std::vector<BufferId> operands)
      : operands_(std::move(operands)) {}

 private:
  const std::vector<BufferId> operands_;
};

struct KernelOptions {
  int64_t batch = 1;
  int threads = 1;
  Isa isa = Isa::kBaseline;
  // Whether weights stay as they are while sessions run, so that packed copies
  // of them can be used.
  bool pack_parameters = false;
};

// REQUIRES: every buffer of the step has a size that fits at this batch.
absl::StatusOr<std::unique_ptr<const Kernel>> MakeKernel(
    const Plan& plan, const Step& step, const KernelOptions& options);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_KERNELS_H_
