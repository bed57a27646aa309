#include "runtime/elementwise/reductions.h"

#include <algorithm>

#include "runtime/elementwise/divide.h"
#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr double kNanoseconds = 0.1;    // per element, with AVX-512
constexpr int64_t kRowChunk = 256;      // rows folded in single precision
constexpr int64_t kColumnChunk = 4096;  // columns, likewise
constexpr int64_t kPanel = 256;         // columns of a thread's part
constexpr int64_t kLongRow = 64;  // columns that narrow rows are joined to

// How rows are folded: `fold` rows of a narrow matrix are joined to one long
// row, so that vectors are full; each chunk of kRowChunk long rows gives `fold`
// rows of partial results, and the rows that did not make a long one give one
// more.
struct Partials {
  explicit Partials(MatrixSize size)
      : fold(std::max<int64_t>(1,
                               kLongRow / std::max<int64_t>(1, size.columns))),
        long_rows(size.rows / fold),
        chunks(DivideRoundingUp(long_rows, kRowChunk)),
        left_over(size.rows % fold),
        count(chunks * fold + (left_over > 0 ? 1 : 0)) {}

  int64_t fold;
  int64_t long_rows;
  int64_t chunks;
  int64_t left_over;
  int64_t count;
};

// `centers` may be null.
void FoldToPartials(Isa isa, int threads, MatrixSize size, RowFold fold_rows,
                    const float* x, const float* centers, float* results) {
  const Partials partials(size);
  const int64_t stride = partials.fold * size.columns;
  float repeated[kLongRow];
  const float* long_centers = centers;
  if (centers != nullptr && partials.fold > 1) {
    for (int64_t j = 0; j < stride; ++j)
      repeated[j] = centers[j % size.columns];
    long_centers = repeated;
  }
  const int64_t panels = DivideRoundingUp(stride, kPanel);
  const int64_t parts = partials.chunks * panels;
  const double microseconds = static_cast<double>(size.rows) *
                              static_cast<double>(size.columns) * kNanoseconds *
                              IsaCost(isa) * 1e-3;
  ForkOver(parts, ForkWidth(microseconds, parts, threads),
           [&](int64_t begin, int64_t end) {
             for (int64_t part = begin; part < end; ++part) {
               const int64_t chunk = part / panels;
               const int64_t row = chunk * kRowChunk;
               const int64_t column = part % panels * kPanel;
               fold_rows(x + row * stride + column,
                         std::min(kRowChunk, partials.long_rows - row), stride,
                         std::min(kPanel, stride - column),
                         centers == nullptr ? nullptr : long_centers + column,
                         results + chunk * stride + column);
             }
           });
  if (partials.left_over > 0) {
    fold_rows(x + partials.long_rows * stride, partials.left_over, size.columns,
              size.columns, centers, results + partials.chunks * stride);
  }
}

// One row that may be too long to be folded in single precision.
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

float SquaredDeviationsOfRow(const KernelTable& kernels, int64_t columns,
                             float scale, const float* x, float center) {
  double total = 0;
  for (int64_t j = 0; j < columns; j += kColumnChunk) {
    float part;
    kernels.deviation_columns(x + j, 1, std::min(kColumnChunk, columns - j), 1,
                              &center, &part);
    total += static_cast<double>(part);
  }
  return static_cast<float>(scale * total);
}

}  // namespace

int64_t FoldOverRowsScratchBytes(MatrixSize size) {
  return Partials(size).count * size.columns *
         static_cast<int64_t>(sizeof(float));
}

void SumOverRows(Isa isa, int threads, MatrixSize size, float scale,
                 const float* x, float* y, void* scratch) {
  const KernelTable& kernels = KernelsFor(isa);
  if (size.columns == 1) {
    *y = SumOfRow(kernels, size.rows, scale, x);
    return;
  }
  auto* const partials = static_cast<float*>(scratch);
  FoldToPartials(isa, threads, size, kernels.sum_rows, x, nullptr, partials);
  kernels.add_partials(partials, Partials(size).count, size.columns,
                       size.columns, scale, y);
}

void SumOverColumns(Isa isa, int threads, MatrixSize size, float scale,
                    const float* x, float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 if (size.columns <= kColumnChunk) {
                   kernels.sum_columns(x + first * size.columns, rows,
                                       size.columns, scale, nullptr, y + first);
                   return;
                 }
                 for (int64_t r = first; r < first + rows; ++r) {
                   y[r] = SumOfRow(kernels, size.columns, scale,
                                   x + r * size.columns);
                 }
               });
}

void SquaredDeviationsOverRows(Isa isa, int threads, MatrixSize size,
                               float scale, const float* x,
                               const float* centers, float* y, void* scratch) {
  const KernelTable& kernels = KernelsFor(isa);
  if (size.columns == 1) {
    *y = SquaredDeviationsOfRow(kernels, size.rows, scale, x, *centers);
    return;
  }
  auto* const partials = static_cast<float*>(scratch);
  FoldToPartials(isa, threads, size, kernels.deviation_rows, x, centers,
                 partials);
  kernels.add_partials(partials, Partials(size).count, size.columns,
                       size.columns, scale, y);
}

void SquaredDeviationsOverColumns(Isa isa, int threads, MatrixSize size,
                                  float scale, const float* x,
                                  const float* centers, float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  ForkOverRows(size.rows, size.columns, kNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 if (size.columns <= kColumnChunk) {
                   kernels.deviation_columns(x + first * size.columns, rows,
                                             size.columns, scale,
                                             centers + first, y + first);
                   return;
                 }
                 for (int64_t r = first; r < first + rows; ++r) {
                   y[r] =
                       SquaredDeviationsOfRow(kernels, size.columns, scale,
                                              x + r * size.columns, centers[r]);
                 }
               });
}

void ExtremeOverRows(Isa isa, int threads, MatrixSize size, Extreme extreme,
                     const float* x, float* y, void* scratch) {
  const KernelTable& kernels = KernelsFor(isa);
  if (size.columns == 1) {
    ExtremeOverColumns(isa, threads, {1, size.rows}, extreme, x, y);
    return;
  }
  const RowFold fold =
      extreme == Extreme::kMax ? kernels.max_rows : kernels.min_rows;
  auto* const partials = static_cast<float*>(scratch);
  FoldToPartials(isa, threads, size, fold, x, nullptr, partials);
  fold(partials, Partials(size).count, size.columns, size.columns, nullptr, y);
}

void ExtremeOverColumns(Isa isa, int threads, MatrixSize size, Extreme extreme,
                        const float* x, float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  const auto fold =
      extreme == Extreme::kMax ? kernels.max_columns : kernels.min_columns;
  ForkOverRows(size.rows, size.columns, kNanoseconds, isa, threads,
               [&](int64_t first, int64_t rows) {
                 fold(x + first * size.columns, rows, size.columns, y + first);
               });
}

}  // namespace espalier
