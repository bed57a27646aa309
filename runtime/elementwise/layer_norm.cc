#include "runtime/elementwise/layer_norm.h"

#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr double kNanoseconds = 0.3;  // per element, with AVX-512

}  // namespace

void LayerNorm(Isa isa, int threads, MatrixSize size, float epsilon,
               const float* x, const float* scale, const float* shift,
               float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 const int64_t at = first * size.columns;
                 kernels.layer_norm(x + at, rows, size.columns, epsilon, scale,
                                    shift, y + at);
               });
}

void LayerNormBackward(Isa isa, int threads, MatrixSize size, float epsilon,
                       const float* x, const float* dy, const float* scale,
                       float* dx) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 const int64_t at = first * size.columns;
                 kernels.layer_norm_backward(x + at, dy + at, rows,
                                             size.columns, epsilon, scale,
                                             dx + at);
               });
}

}  // namespace espalier
