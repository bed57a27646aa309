// The vectorised loops of one instruction set, as tables of functions. What is
// here is private to this folder.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_KERNELS_H_

#include <cstdint>

#include "runtime/elementwise/dropout.h"
#include "runtime/elementwise/isa.h"
#include "runtime/elementwise/opcode.h"
#include "runtime/elementwise/small_matmul.h"

namespace espalier {

// destination[i] = f(a[i], b[i], c[i], d[i]) for i < n. Each source is a
// vector of n or one float, as the form says: bit s is set if source s is a
// vector. destination may be one of the vectors.
// A reduction adds to destination[i % kReductionLanes] instead.
using ElementwiseKernel = void (*)(float* destination, const float* a,
                                   const float* b, const float* c,
                                   const float* d, int64_t n);
inline constexpr int kNumForms = 1 << kMaxSources;
inline constexpr int kReductionLanes = 32;

// What a block of a row or column array is filled with may run over by this.
inline constexpr int kExpandSlack = 16;

// y[j] = what the rows of x are folded to in column j, for j < width: the sum,
// largest or smallest of x[r * stride + j], or the sum of the squares of x[r *
// stride + j] - centers[j]. The centers are not read otherwise.
using RowFold = void (*)(const float* x, int64_t rows, int64_t stride,
                         int64_t width, const float* centers, float* y);

// y[r] = scale times the sum over the columns of x[r, j], or of the squares of
// x[r, j] - centers[r].
using ColumnSum = void (*)(const float* x, int64_t rows, int64_t columns,
                           float scale, const float* centers, float* y);

// Row r of n floats at from + r * from_stride goes to to + r * to_stride; or
// zeros, where `from` is null.
struct RowsCopy {
  int64_t rows, n;
  const float* from;
  int64_t from_stride;
  float* to;
  int64_t to_stride;
};

struct KernelTable {
  // Null for forms that no compiled program uses: no vector among the sources
  // (but for kCopy), or bits of sources that the opcode does not have.
  ElementwiseKernel elementwise[kNumOpcodes][kNumForms];
  // The same on one float of each source, n not read; null for reductions.
  ElementwiseKernel uniform[kNumOpcodes];

  // destination[r * columns + j] = source[j] for r < rows; writes up to
  // kExpandSlack floats more.
  void (*expand_row)(float* destination, const float* source, int64_t rows,
                     int64_t columns);
  // destination[j] = source[row_of[j]] for j < n, and up to kExpandSlack floats
  // more, for which row_of must be there too. REQUIRES: row_of[j] =
  // min(j / columns, rows - 1) for some columns > 1.
  void (*expand_column)(float* destination, const float* source, int64_t rows,
                        const int32_t* row_of, int64_t n);

  // See small_matmul.h.
  void (*multiply_small)(const SmallMatmulOptions& options, const float* a,
                         const float* b, const float* bias, float* c);

  RowFold sum_rows, deviation_rows, max_rows, min_rows;
  // y[j] = scale * sum over c < count of partials[c * stride + j] for
  // j < width, in order and in double precision.
  void (*add_partials)(const float* partials, int64_t count, int64_t stride,
                       int64_t width, float scale, float* y);
  // See reductions.h and softmax.h; on the calling thread.
  ColumnSum sum_columns, deviation_columns;
  void (*max_columns)(const float* x, int64_t rows, int64_t columns, float* y);
  void (*min_columns)(const float* x, int64_t rows, int64_t columns, float* y);
  void (*softmax)(const float* x, int64_t rows, int64_t columns, float* y);
  void (*log_softmax)(const float* x, int64_t rows, int64_t columns, float* y);
  void (*softmax_backward)(const float* y, const float* dy, int64_t rows,
                           int64_t columns, float* dx);
  void (*log_softmax_backward)(const float* y, const float* dy, int64_t rows,
                               int64_t columns, float* dx);
  void (*cross_entropy)(const float* x, const int32_t* labels, int64_t rows,
                        int64_t columns, float* loss);
  void (*cross_entropy_backward)(const float* x, const int32_t* labels,
                                 const float* dy, int64_t dy_stride,
                                 int64_t rows, int64_t columns, float* dx);

  // See layer_norm.h; on the calling thread.
  void (*layer_norm)(const float* x, int64_t rows, int64_t columns,
                     float epsilon, const float* scale, const float* shift,
                     float* y);
  void (*layer_norm_backward)(const float* x, const float* dy, int64_t rows,
                              int64_t columns, float epsilon,
                              const float* scale, float* dx);

  // Elements begin to end - 1 of dropout.h's; begin is a multiple of 64.
  void (*dropout)(const DropoutMask& mask, int64_t begin, int64_t end,
                  const float* x, float* y);

  // The first row of every part, then the second and so on; all have the same
  // number. Bits unchanged.
  void (*copy_rows)(const RowsCopy* parts, int64_t count);
  // to[i * to_stride + j] = from[j * from_stride + i] for i < rows and j < n;
  // bits unchanged.
  void (*transpose)(int64_t rows, int64_t n, const float* from,
                    int64_t from_stride, float* to, int64_t to_stride);

  // An index at or less than one vector before the first NaN or infinity; n
  // if there is none.
  int64_t (*find_non_finite)(const float* x, int64_t n);
  // The index of the first label outside [0, classes); n if there is none.
  int64_t (*find_outside)(const int32_t* labels, int64_t n, int32_t classes);
};

// The lanes of a reduction added up, in a fixed order.
double SumOfLanes(const float* lanes);

const KernelTable& BaselineKernels();
const KernelTable& Avx2Kernels();
const KernelTable& Avx512Kernels();

// REQUIRES: this machine supports the set.
const KernelTable& KernelsFor(Isa isa);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_KERNELS_H_
