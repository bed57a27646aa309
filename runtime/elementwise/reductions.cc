#include "runtime/elementwise/reductions.h"

#include <algorithm>

#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr double kNanoseconds = 0.1;    // per element, with AVX-512
constexpr int64_t kRowChunk = 256;      // rows summed in single precision
constexpr int64_t kColumnChunk = 4096;  // columns, likewise
constexpr int64_t kPanel = 256;         // columns of a thread's part

int64_t DivideRoundingUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

// How SumOverRows goes about it: `fold` rows of a narrow matrix are joined to
// one long row, so that vectors are full; each chunk of kRowChunk long rows
// gives `fold` rows of partial sums, and the rows that did not make a long one
// give one more. The partial sums are then added in double precision.
struct RowSums {
  explicit RowSums(MatrixSize size)
      : fold(std::max<int64_t>(1, 64 / std::max<int64_t>(1, size.columns))),
        long_rows(size.rows / fold),
        chunks(DivideRoundingUp(long_rows, kRowChunk)),
        left_over(size.rows % fold),
        partials(chunks * fold + (left_over > 0 ? 1 : 0)) {}

  int64_t fold;
  int64_t long_rows;
  int64_t chunks;
  int64_t left_over;
  int64_t partials;
};

// One row that may be too long to be summed in single precision.
float SumOfRow(const KernelTable& kernels, int64_t columns, float scale,
               const float* x) {
  double total = 0;
  for (int64_t j = 0; j < columns; j += kColumnChunk) {
    alignas(64) float lanes[kReductionLanes] = {};
    kernels.elementwise[static_cast<int>(Opcode::kSum)][1](
        lanes, x + j, nullptr, nullptr, nullptr,
        std::min(kColumnChunk, columns - j));
    total += SumOfLanes(lanes);
  }
  return static_cast<float>(scale * total);
}

}  // namespace

int64_t SumOverRowsScratchBytes(MatrixSize size) {
  return RowSums(size).partials * size.columns *
         static_cast<int64_t>(sizeof(float));
}

void SumOverRows(Isa isa, int threads, MatrixSize size, float scale,
                 const float* x, float* y, void* scratch) {
  const KernelTable& kernels = KernelsFor(isa);
  if (size.columns == 1) {
    *y = SumOfRow(kernels, size.rows, scale, x);
    return;
  }
  const RowSums sums(size);
  const int64_t stride = sums.fold * size.columns;
  const int64_t panels = DivideRoundingUp(stride, kPanel);
  const int64_t parts = sums.chunks * panels;
  float* const partials = static_cast<float*>(scratch);
  const double microseconds = static_cast<double>(size.rows) *
                              static_cast<double>(size.columns) * kNanoseconds *
                              IsaCost(isa) * 1e-3;
  ForkOver(parts, ForkWidth(microseconds, parts, threads),
           [&](int64_t begin, int64_t end) {
             for (int64_t part = begin; part < end; ++part) {
               const int64_t chunk = part / panels;
               const int64_t row = chunk * kRowChunk;
               const int64_t column = part % panels * kPanel;
               kernels.sum_rows(x + row * stride + column,
                                std::min(kRowChunk, sums.long_rows - row),
                                stride, std::min(kPanel, stride - column),
                                partials + chunk * stride + column);
             }
           });
  if (sums.left_over > 0) {
    kernels.sum_rows(x + sums.long_rows * stride, sums.left_over, size.columns,
                     size.columns, partials + sums.chunks * stride);
  }
  kernels.add_partials(partials, sums.partials, size.columns, size.columns,
                       scale, y);
}

void SumOverColumns(Isa isa, int threads, MatrixSize size, float scale,
                    const float* x, float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 if (size.columns <= kColumnChunk) {
                   kernels.sum_columns(x + first * size.columns, rows,
                                       size.columns, scale, y + first);
                   return;
                 }
                 for (int64_t r = first; r < first + rows; ++r) {
                   y[r] = SumOfRow(kernels, size.columns, scale,
                                   x + r * size.columns);
                 }
               });
}

void MaxOverColumns(Isa isa, int threads, MatrixSize size, const float* x,
                    float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 kernels.max_columns(x + first * size.columns, rows,
                                     size.columns, y + first);
               });
}

}  // namespace espalier
