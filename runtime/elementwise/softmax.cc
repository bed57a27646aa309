#include "runtime/elementwise/softmax.h"

#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

// Per element, with AVX-512.
constexpr double kForwardNanoseconds = 0.6;
constexpr double kBackwardNanoseconds = 0.2;

}  // namespace

void Softmax(Isa isa, int threads, MatrixSize size, const float* x, float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kForwardNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 const int64_t at = first * size.columns;
                 kernels.softmax(x + at, rows, size.columns, y + at);
               });
}

void LogSoftmax(Isa isa, int threads, MatrixSize size, const float* x,
                float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kForwardNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 const int64_t at = first * size.columns;
                 kernels.log_softmax(x + at, rows, size.columns, y + at);
               });
}

void SoftmaxBackward(Isa isa, int threads, MatrixSize size, const float* y,
                     const float* dy, float* dx) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kBackwardNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 const int64_t at = first * size.columns;
                 kernels.softmax_backward(y + at, dy + at, rows, size.columns,
                                          dx + at);
               });
}

void LogSoftmaxBackward(Isa isa, int threads, MatrixSize size, const float* y,
                        const float* dy, float* dx) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kForwardNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 const int64_t at = first * size.columns;
                 kernels.log_softmax_backward(y + at, dy + at, rows,
                                              size.columns, dx + at);
               });
}

void SoftmaxCrossEntropy(Isa isa, int threads, MatrixSize size, const float* x,
                         const int32_t* labels, float* loss) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kForwardNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 kernels.cross_entropy(x + first * size.columns, labels + first,
                                       rows, size.columns, loss + first);
               });
}

void SoftmaxCrossEntropyBackward(Isa isa, int threads, MatrixSize size,
                                 const float* x, const int32_t* labels,
                                 const float* dy, int dy_stride, float* dx) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kForwardNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 const int64_t at = first * size.columns;
                 kernels.cross_entropy_backward(
                     x + at, labels + first, dy + first * dy_stride, dy_stride,
                     rows, size.columns, dx + at);
               });
}

}  // namespace espalier
