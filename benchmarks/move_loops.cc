#include "benchmarks/move_loops.h"

#include <cstddef>

namespace espalier {
namespace {

using Loop = void (*)(const uint32_t* const*, uint32_t* const*, int64_t);

// A vector of GCC and Clang, of whatever registers there are.
using Line = uint32_t __attribute__((vector_size(64)));

template <size_t kReads, size_t kWrites>
void Move(const uint32_t* const* from, uint32_t* const* to, int64_t n) {
  const Line* x[kReads + 1] = {};
  Line* y[kWrites + 1] = {};
  for (size_t r = 0; r < kReads; ++r) {
    x[r] = reinterpret_cast<const Line*>(from[r]);
  }
  for (size_t w = 0; w < kWrites; ++w) y[w] = reinterpret_cast<Line*>(to[w]);
  constexpr int64_t kLine = sizeof(Line) / sizeof(uint32_t);
  Line all = {};
  for (int64_t i = 0; i < n / kLine; ++i) {
    Line folded = {};
    for (size_t r = 0; r < kReads; ++r) folded |= x[r][i];
    if constexpr (kWrites == 0) all |= folded;
    for (size_t w = 0; w < kWrites; ++w) y[w][i] = folded;
  }
  // Written where it may be seen, so that the reading is not left out.
  if constexpr (kWrites == 0) *reinterpret_cast<Line*>(to[0]) = all;
}

constexpr Loop kLoops[5][4] = {
    {nullptr, Move<0, 1>, nullptr, nullptr},
    {Move<1, 0>, Move<1, 1>, Move<1, 2>, nullptr},
    {Move<2, 0>, Move<2, 1>, Move<2, 2>, nullptr},
    {Move<3, 0>, Move<3, 1>, Move<3, 2>, Move<3, 3>},
    {Move<4, 0>, Move<4, 1>, Move<4, 2>, Move<4, 3>},
};

}  // namespace

bool HasMoveLoop(int reads, int writes) {
  return reads >= 0 && reads < 5 && writes >= 0 && writes < 4 &&
         kLoops[reads][writes] != nullptr;
}

void MoveLoop(int reads, int writes, const uint32_t* const* from,
              uint32_t* const* to, int64_t n) {
  kLoops[reads][writes](from, to, n);
}

void SpreadColumn(const uint32_t* column, int64_t rows, int64_t columns,
                  uint32_t* to) {
  for (int64_t r = 0; r < rows; ++r) {
    auto* const row = reinterpret_cast<Line*>(to + r * columns);
    const Line line = column[r] - Line{};
    for (int64_t i = 0; i < columns / 16; ++i) row[i] = line;
  }
}

}  // namespace espalier
