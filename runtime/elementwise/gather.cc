#include "runtime/elementwise/gather.h"

#include <algorithm>
#include <cstring>

#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr double kGatherNanoseconds = 0.1;  // per element, and per index
constexpr double kIndexNanoseconds = 2;
constexpr int64_t kGroup = 256;    // indices that a thread takes at a time
constexpr int64_t kPanel = 16;     // columns that no two threads share
constexpr int64_t kAhead = 8;      // rows fetched before they are needed
constexpr int64_t kLine = 16;      // elements of a cache line
constexpr int64_t kFetched = 512;  // elements of each row

double Microseconds(const GatherSize& size) {
  const auto picked =
      static_cast<double>(size.outer) * static_cast<double>(size.indices);
  return picked * 1e-3 *
         (kIndexNanoseconds +
          static_cast<double>(size.inner) * kGatherNanoseconds);
}

// Rows of a size that the compiler knows, where n > 0.
template <int64_t n>
void PickRows(const uint32_t* table, int64_t inner, const int32_t* indices,
              int64_t count, uint32_t* picked) {
  const int64_t row = n > 0 ? n : inner;
  const auto bytes = static_cast<size_t>(row) * sizeof(uint32_t);
  for (int64_t k = 0; k < count; ++k) {
    if (n == 0 && k + kAhead < count) {
      const uint32_t* const ahead = table + indices[k + kAhead] * row;
      for (int64_t i = 0; i < std::min(row, kFetched); i += kLine) {
        __builtin_prefetch(ahead + i);
      }
    }
    std::memcpy(picked + k * row, table + indices[k] * row, bytes);
  }
}

void PickRows(const uint32_t* table, int64_t inner, const int32_t* indices,
              int64_t count, uint32_t* picked) {
  switch (inner) {
    case 1:
      return PickRows<1>(table, inner, indices, count, picked);
    case 2:
      return PickRows<2>(table, inner, indices, count, picked);
    case 4:
      return PickRows<4>(table, inner, indices, count, picked);
    default:
      return PickRows<0>(table, inner, indices, count, picked);
  }
}

}  // namespace

void Gather(int threads, const GatherSize& size, const void* table,
            const int32_t* indices, void* picked) {
  if (size.inner == 0) return;
  const int64_t groups = (size.indices + kGroup - 1) / kGroup;
  const int64_t parts = size.outer * groups;
  ForkOver(parts, ForkWidth(Microseconds(size), parts, threads),
           [&](int64_t begin, int64_t end) {
             for (int64_t part = begin; part < end; ++part) {
               const int64_t o = part / groups;
               const int64_t k = part % groups * kGroup;
               PickRows(static_cast<const uint32_t*>(table) +
                            o * size.rows * size.inner,
                        size.inner, indices + k,
                        std::min(kGroup, size.indices - k),
                        static_cast<uint32_t*>(picked) +
                            (o * size.indices + k) * size.inner);
             }
           });
}

void ScatterAdd(Isa isa, int threads, const GatherSize& size,
                const float* picked, const int32_t* indices, float* table) {
  const ElementwiseKernel add =
      KernelsFor(isa).elementwise[static_cast<int>(Opcode::kAdd)][3];
  // A part is some columns of one table: its rows are added in order.
  const int64_t panels = (size.inner + kPanel - 1) / kPanel;
  const int64_t parts = size.outer * panels;
  const auto run = [&](int64_t o, int64_t column, int64_t width) {
    float* const to = table + o * size.rows * size.inner + column;
    const float* from = picked + o * size.indices * size.inner + column;
    const auto bytes = static_cast<size_t>(width) * sizeof(float);
    const bool whole = width == size.inner;
    for (int64_t r = 0; r < (whole ? 1 : size.rows); ++r) {
      std::memset(to + r * size.inner, 0,
                  whole ? bytes * static_cast<size_t>(size.rows) : bytes);
    }
    for (int64_t k = 0; k < size.indices; ++k, from += size.inner) {
      float* const row = to + indices[k] * size.inner;
      if (width == 1) {
        *row += *from;
      } else {
        add(row, row, from, nullptr, nullptr, width);
      }
    }
  };
  ForkOver(parts, ForkWidth(Microseconds(size), parts, threads),
           [&](int64_t begin, int64_t end) {
             while (begin < end) {
               const int64_t o = begin / panels;
               const int64_t past = std::min(end, (o + 1) * panels);
               const int64_t column = (begin - o * panels) * kPanel;
               const int64_t last =
                   std::min((past - o * panels) * kPanel, size.inner);
               run(o, column, last - column);
               begin = past;
             }
           });
}

}  // namespace espalier
