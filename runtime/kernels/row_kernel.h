// Kernels over the rows of the last axis.
#ifndef ESPALIER_RUNTIME_KERNELS_ROW_KERNEL_H_
#define ESPALIER_RUNTIME_KERNELS_ROW_KERNEL_H_

#include <cstdint>
#include <utility>
#include <vector>

#include "runtime/elementwise/reductions.h"
#include "runtime/kernels/pointer_kernel.h"

namespace espalier {

inline constexpr double kRowNanoseconds = 1;  // see MayFork

// The shape as rows of its last axis.
inline MatrixSize RowsOf(const Shape& shape) {
  const int64_t columns = shape.dim(shape.rank() - 1);
  return {columns == 0 ? 0 : shape.num_elements() / columns, columns};
}

// Nothing is computed where there are no elements.
class RowKernel : public PointerKernel {
 public:
  RowKernel(std::vector<BufferId> operands, const Shape& shape,
            const KernelOptions& options)
      : PointerKernel(std::move(operands)),
        size_(RowsOf(shape.Bind(options.batch))),
        isa_(options.isa),
        threads_(options.threads) {}

  bool uses_workers() const final {
    return MayFork(size_.rows * size_.columns, kRowNanoseconds, isa_, threads_);
  }
  void Compute(absl::Span<void* const> operands,
               void* /*scratch*/) const final {
    if (size_.rows > 0) ComputeRows(isa_, threads_, size_, operands);
  }

 private:
  virtual void ComputeRows(Isa isa, int threads, MatrixSize size,
                           absl::Span<void* const> operands) const = 0;

  const MatrixSize size_;
  const Isa isa_;
  const int threads_;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_KERNELS_ROW_KERNEL_H_
