#include "runtime/onednn/matmul.h"

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "graph/check.h"
#include "graph/status_macros.h"
#include "runtime/elementwise/small_matmul.h"
#include "runtime/kernels/pointer_kernel.h"
#include "runtime/kernels/step_kernels.h"

namespace espalier {
namespace {

// Operands: a, b, y and, if there is one, bias.
std::vector<BufferId> MatMulOperands(const MatMulStep& step) {
  std::vector<BufferId> operands = {step.a, step.b, step.y};
  if (step.bias != kNoBuffer) operands.push_back(step.bias);
  return operands;
}

class SmallMatMulKernel : public PointerKernel {
 public:
  SmallMatMulKernel(const MatMulStep& step, const SmallMatmulOptions& options,
                    Isa isa)
      : PointerKernel(MatMulOperands(step)),
        options_(options),
        bias_(step.bias != kNoBuffer),
        isa_(isa) {}

  bool uses_workers() const override { return false; }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    SmallMatmul(isa_, options_, Floats(operands[0]), Floats(operands[1]),
                bias_ ? Floats(operands[3]) : nullptr, Floats(operands[2]));
  }

 private:
  const SmallMatmulOptions options_;
  const bool bias_;
  const Isa isa_;
};

class OnednnMatMulKernel : public Kernel {
 public:
  OnednnMatMulKernel(const MatMulStep& step,
                     std::shared_ptr<const onednn::MatMul> matmul, int threads)
      : Kernel(MatMulOperands(step)),
        matmul_(std::move(matmul)),
        threads_(threads) {}

  std::string implementation() const override {
    return "onednn " + matmul_->implementation();
  }
  int64_t scratch_bytes() const override { return matmul_->scratch_bytes(); }
  bool uses_workers() const override { return threads_ > 1; }
  std::shared_ptr<const onednn::MatMul> packs() const override {
    return matmul_->packs_b() ? matmul_ : nullptr;
  }

  absl::StatusOr<std::unique_ptr<BoundKernel>> Bind(
      absl::Span<void* const> operands, void* scratch) const override {
    onednn::MatMulPointers pointers;
    pointers.a = Floats(operands[0]);
    pointers.b = Floats(operands[1]);
    pointers.y = Floats(operands[2]);
    if (operands.size() > 3) pointers.bias = Floats(operands[3]);
    pointers.scratch = scratch;
    ASSIGN_OR_RETURN(std::unique_ptr<onednn::MatMulCall> call,
                     matmul_->Bind(pointers));
    return std::unique_ptr<BoundKernel>(
        std::make_unique<Bound>(std::move(call)));
  }

 private:
  class Bound : public BoundKernel {
   public:
    explicit Bound(std::unique_ptr<onednn::MatMulCall> call)
        : call_(std::move(call)) {}
    absl::Status Run() override { return call_->Run(); }
    void SetOperand(int i, void* pointer) override {
      switch (i) {
        case 0:
          call_->SetA(Floats(pointer));
          return;
        case 1:
          call_->SetB(Floats(pointer));
          return;
        case 3:
          call_->SetBias(Floats(pointer));
          return;
        default:
          ESPALIER_CHECK(false);  // results are no inputs
      }
    }

   private:
    const std::unique_ptr<onednn::MatMulCall> call_;
  };

  const std::shared_ptr<const onednn::MatMul> matmul_;
  const int threads_;
};

SmallMatmulOptions SmallOptions(const Plan& plan, const MatMulStep& step,
                                int64_t batch) {
  const Shape a = plan.shape(step.a).Bind(batch);
  const Shape b = plan.shape(step.b).Bind(batch);
  SmallMatmulOptions options;
  options.m = a.dim(step.transpose_a ? 1 : 0);
  options.k = a.dim(step.transpose_a ? 0 : 1);
  options.n = b.dim(step.transpose_b ? 0 : 1);
  options.transpose_a = step.transpose_a;
  options.transpose_b = step.transpose_b;
  options.activation = step.activation;
  options.slope = step.slope;
  return options;
}

onednn::MatMulOptions OnednnOptions(const MatMulStep& step,
                                    const SmallMatmulOptions& small) {
  onednn::MatMulOptions options;
  options.m = small.m;
  options.n = small.n;
  options.k = small.k;
  options.transpose_a = small.transpose_a;
  options.transpose_b = small.transpose_b;
  options.bias = step.bias != kNoBuffer;
  options.activation = step.activation;
  options.slope = step.slope;
  return options;
}

}  // namespace

KernelOr MakeStepKernel(const Plan& plan, const MatMulStep& step,
                        const KernelOptions& options) {
  const SmallMatmulOptions small = SmallOptions(plan, step, options.batch);
  // Empty products stay with our own loops: oneDNN 2.6 divides by zero.
  if (small.m == 0 || small.n == 0 || small.k == 0 || SmallMatmulPays(small)) {
    return std::make_unique<SmallMatMulKernel>(step, small, options.isa);
  }
  onednn::MatMulOptions large = OnednnOptions(step, small);
  const PlanBuffer& b = plan.buffers[plan.Root(step.b)];
  large.pack_b = options.pack_parameters && b.role == BufferRole::kParameter;
  ASSIGN_OR_RETURN(std::shared_ptr<const onednn::MatMul> matmul,
                   onednn::MatMul::Create(large));
  return std::make_unique<OnednnMatMulKernel>(step, std::move(matmul),
                                              options.threads);
}

}  // namespace espalier
