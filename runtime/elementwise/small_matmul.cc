#include "runtime/elementwise/small_matmul.h"

#include "runtime/elementwise/kernels.h"

namespace espalier {

bool SmallMatmulPays(const SmallMatmulOptions& options) {
  // In floating point, so that no size overflows.
  const double flops = 2.0 * static_cast<double>(options.m) *
                       static_cast<double>(options.n) *
                       static_cast<double>(options.k);
  return flops <= (options.n < 16 ? 0.25e6 : 0.5e6) && options.k <= 2048;
}

void SmallMatmul(Isa isa, const SmallMatmulOptions& options, const float* a,
                 const float* b, const float* bias, float* c) {
  KernelsFor(isa).multiply_small(options, a, b, bias, c);
}

}  // namespace espalier
