// Kernels of our own: functions of pointers, and what they share.
#ifndef ESPALIER_RUNTIME_KERNELS_POINTER_KERNEL_H_
#define ESPALIER_RUNTIME_KERNELS_POINTER_KERNEL_H_

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "runtime/elementwise/isa.h"
#include "runtime/kernels.h"

namespace espalier {

class PointerKernel : public Kernel {
 public:
  using Kernel::Kernel;

  virtual void Compute(absl::Span<void* const> operands,
                       void* scratch) const = 0;

  std::string implementation() const override { return "espalier"; }
  absl::StatusOr<std::unique_ptr<BoundKernel>> Bind(
      absl::Span<void* const> operands, void* scratch) const override;
};

inline float* Floats(void* pointer) { return static_cast<float*>(pointer); }

// REQUIRES: it fits, which the caller of MakeKernel has seen to.
int64_t SizeAt(Extent extent, int64_t batch);

// Whether a kernel that decides by itself how many threads it takes may take
// more than one. `nanoseconds_per_element` is a limit on what it takes for one
// element on one thread with AVX-512, above the one that it decides by.
bool MayFork(int64_t elements, double nanoseconds_per_element, Isa isa,
             int threads);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_KERNELS_POINTER_KERNEL_H_
