#include "runtime/kernels.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/algorithm/container.h"
#include "graph/check.h"
#include "graph/status_macros.h"
#include "runtime/elementwise/compiled_elementwise.h"
#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/reductions.h"
#include "runtime/elementwise/small_matmul.h"
#include "runtime/elementwise/softmax.h"
#include "runtime/elementwise_emitter.h"

namespace espalier {
namespace {

// A size that MakeKernel's caller has checked.
int64_t SizeAt(Extent extent, int64_t batch) {
  const absl::optional<int64_t> size = extent.At(batch);
  ESPALIER_CHECK(size.has_value());
  return *size;
}

// Whether a kernel over rows may use several threads. Limits on what it takes
// for one element with AVX-512, above those that it decides by itself.
constexpr double kReduceNanoseconds = 0.2;
constexpr double kSoftmaxNanoseconds = 1;

bool MayFork(int64_t elements, double nanoseconds_per_element, Isa isa,
             int threads) {
  const double microseconds = static_cast<double>(elements) *
                              nanoseconds_per_element * IsaCost(isa) * 1e-3;
  return ForkWidth(microseconds, /*parts=*/2, threads) > 1;
}

// Kernels of our own are functions of pointers.
class PointerKernel : public Kernel {
 public:
  using Kernel::Kernel;

  virtual void Compute(absl::Span<void* const> operands,
                       void* scratch) const = 0;

  absl::StatusOr<std::unique_ptr<BoundKernel>> Bind(
      absl::Span<void* const> operands, void* scratch) const override {
    return std::unique_ptr<BoundKernel>(
        std::make_unique<Bound>(*this, operands, scratch));
  }

 private:
  class Bound : public BoundKernel {
   public:
    Bound(const PointerKernel& kernel, absl::Span<void* const> operands,
          void* scratch)
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
};

float* Floats(void* pointer) { return static_cast<float*>(pointer); }

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
  switch (step.activation) {
    case MatMulStep::Activation::kNone:
      break;
    case MatMulStep::Activation::kRelu:
      options.activation = SmallMatmulOptions::Activation::kRelu;
      break;
    case MatMulStep::Activation::kLeakyRelu:
      options.activation = SmallMatmulOptions::Activation::kLeakyRelu;
      break;
  }
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
  switch (step.activation) {
    case MatMulStep::Activation::kNone:
      break;
    case MatMulStep::Activation::kRelu:
      options.activation = onednn::MatMulOptions::Activation::kRelu;
      break;
    case MatMulStep::Activation::kLeakyRelu:
      options.activation = onednn::MatMulOptions::Activation::kLeakyRelu;
      break;
  }
  options.slope = step.slope;
  return options;
}

absl::StatusOr<std::unique_ptr<const Kernel>> Make(
    const Plan& plan, const MatMulStep& step, const KernelOptions& options) {
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

absl::StatusOr<std::unique_ptr<const Kernel>> Make(
    const Plan& plan, const ElementwiseStep& step,
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

absl::StatusOr<std::unique_ptr<const Kernel>> Make(
    const Plan& /*plan*/, const ReduceStep& step,
    const KernelOptions& options) {
  return std::make_unique<ReduceKernel>(step, options);
}

// The shape as rows of its last axis.
MatrixSize RowsOf(const Shape& shape) {
  const int64_t columns = shape.dim(shape.rank() - 1);
  return {columns == 0 ? 0 : shape.num_elements() / columns, columns};
}

class SoftmaxKernel : public PointerKernel {
 public:
  SoftmaxKernel(const Plan& plan, const SoftmaxStep& step,
                const KernelOptions& options)
      : PointerKernel({step.x, step.y}),
        log_(step.log),
        size_(RowsOf(plan.shape(step.x).Bind(options.batch))),
        isa_(options.isa),
        threads_(options.threads) {}

  bool uses_workers() const override {
    return MayFork(size_.rows * size_.columns, kSoftmaxNanoseconds, isa_,
                   threads_);
  }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    if (size_.rows == 0) return;
    (log_ ? LogSoftmax : Softmax)(isa_, threads_, size_, Floats(operands[0]),
                                  Floats(operands[1]));
  }

 private:
  const bool log_;
  const MatrixSize size_;
  const Isa isa_;
  const int threads_;
};

absl::StatusOr<std::unique_ptr<const Kernel>> Make(
    const Plan& plan, const SoftmaxStep& step, const KernelOptions& options) {
  return std::make_unique<SoftmaxKernel>(plan, step, options);
}

class CrossEntropyKernel : public PointerKernel {
 public:
  CrossEntropyKernel(const Plan& plan, const CrossEntropyStep& step,
                     const KernelOptions& options)
      : PointerKernel({step.logits, step.labels, step.loss}),
        size_(RowsOf(plan.shape(step.logits).Bind(options.batch))),
        isa_(options.isa),
        threads_(options.threads) {}

  bool uses_workers() const override {
    return MayFork(size_.rows * size_.columns, kSoftmaxNanoseconds, isa_,
                   threads_);
  }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    if (size_.rows == 0) return;
    SoftmaxCrossEntropy(isa_, threads_, size_, Floats(operands[0]),
                        static_cast<const int32_t*>(operands[1]),
                        Floats(operands[2]));
  }

 private:
  const MatrixSize size_;
  const Isa isa_;
  const int threads_;
};

absl::StatusOr<std::unique_ptr<const Kernel>> Make(
    const Plan& plan, const CrossEntropyStep& step,
    const KernelOptions& options) {
  return std::make_unique<CrossEntropyKernel>(plan, step, options);
}

std::vector<BufferId> CrossEntropyGradientOperands(
    const CrossEntropyGradientStep& step) {
  std::vector<BufferId> operands = {step.logits, step.labels, step.dx};
  if (step.dy != kNoBuffer) operands.push_back(step.dy);
  return operands;
}

class CrossEntropyGradientKernel : public PointerKernel {
 public:
  CrossEntropyGradientKernel(const Plan& plan,
                             const CrossEntropyGradientStep& step,
                             const KernelOptions& options)
      : PointerKernel(CrossEntropyGradientOperands(step)),
        size_(RowsOf(plan.shape(step.logits).Bind(options.batch))),
        dy_number_(step.dy_number.At(options.batch)),
        dy_stride_(step.dy == kNoBuffer ||
                           ExtentOf(plan.shape(step.dy)) == Extent{1, false}
                       ? 0
                       : 1),
        isa_(options.isa),
        threads_(options.threads) {}

  bool uses_workers() const override {
    return MayFork(size_.rows * size_.columns, kSoftmaxNanoseconds, isa_,
                   threads_);
  }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const override {
    if (size_.rows == 0) return;
    const float* dy = operands.size() > 3 ? Floats(operands[3]) : &dy_number_;
    SoftmaxCrossEntropyBackward(isa_, threads_, size_, Floats(operands[0]),
                                static_cast<const int32_t*>(operands[1]), dy,
                                dy_stride_, Floats(operands[2]));
  }

 private:
  const MatrixSize size_;
  const float dy_number_;
  const int dy_stride_;
  const Isa isa_;
  const int threads_;
};

absl::StatusOr<std::unique_ptr<const Kernel>> Make(
    const Plan& plan, const CrossEntropyGradientStep& step,
    const KernelOptions& options) {
  return std::make_unique<CrossEntropyGradientKernel>(plan, step, options);
}

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

absl::StatusOr<std::unique_ptr<const Kernel>> Make(
    const Plan& plan, const CopyStep& step, const KernelOptions& options) {
  return std::make_unique<CopyKernel>(plan, step, options);
}

}  // namespace

absl::StatusOr<std::unique_ptr<const Kernel>> MakeKernel(
    const Plan& plan, const Step& step, const KernelOptions& options) {
  return absl::visit(
      [&](const auto& work) -> absl::StatusOr<std::unique_ptr<const Kernel>> {
        return Make(plan, work, options);
      },
      step.work);
}

}  // namespace espalier
