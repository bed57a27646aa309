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
constexpr int64_t kRowBlock = 16;  // rows of a table that one thread makes
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
  // A part is some rows of one table, to which one thread adds in order. (Were
  // it some columns, each thread would fetch the other's, which lie next.)
  const int64_t blocks = (size.rows + kRowBlock - 1) / kRowBlock;
  const int64_t parts = size.outer * blocks;
  const auto run = [&](int64_t o, int64_t first, int64_t past) {
    float* const to = table + o * size.rows * size.inner;
    const float* from = picked + o * size.indices * size.inner;
    std::fill(to + first * size.inner, to + past * size.inner, 0.0f);
    for (int64_t k = 0; k < size.indices; ++k, from += size.inner) {
      if (indices[k] < first || indices[k] >= past) continue;
      float* const row = to + indices[k] * size.inner;
      if (size.inner == 1) {
        *row += *from;
      } else {
        add(row, row, from, nullptr, nullptr, size.inner);
      }
    }
  };
  if (size.inner == 0) return;
  ForkOver(parts, ForkWidth(Microseconds(size), parts, threads),
           [&](int64_t begin, int64_t end) {
             while (begin < end) {
               const int64_t o = begin / blocks;
               const int64_t past = std::min(end, (o + 1) * blocks);
               run(o, (begin - o * blocks) * kRowBlock,
                   std::min((past - o * blocks) * kRowBlock, size.rows));
               begin = past;
             }
           });
}

}  // namespace espalier
