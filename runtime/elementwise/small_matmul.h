// Matrix products too small for a call into a kernel library: plain loops
// over register tiles, on the calling thread.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_SMALL_MATMUL_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_SMALL_MATMUL_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"
#include "runtime/elementwise/matmul_activation.h"

namespace espalier {

// C[m, n] = activation(op(A) op(B) + bias[n]), all dense and row by row.
struct SmallMatmulOptions {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false;  // A is stored [k, m], else [m, k]
  bool transpose_b = false;  // B is stored [n, k], else [k, n]
  MatMulActivation activation = MatMulActivation::kNone;
  float slope = 0;  // of kLeakyRelu, for negative values
};

// Whether these loops beat a library's call on one thread: measured up to
// 0.5 Mflop, half of that for few columns, and as long as the chain of
// additions behind one element stays short.
bool SmallMatmulPays(const SmallMatmulOptions& options);

// Each element is summed in the order of k, with fused multiply-adds where
// the ISA has them, starting from 0; the bias is added last. So the bits are
// the same for every transposition and ISA but kBaseline. A NaN propagates,
// also through relu. `bias` may be null. c overlaps none of the others.
// Allocates nothing. REQUIRES: isa is supported by this machine.
void SmallMatmul(Isa isa, const SmallMatmulOptions& options, const float* a,
                 const float* b, const float* bias, float* c);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_SMALL_MATMUL_H_
