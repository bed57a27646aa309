// Passes over memory with as little else as there can be, compiled for this
// machine.
#ifndef ESPALIER_BENCHMARKS_MOVE_LOOPS_H_
#define ESPALIER_BENCHMARKS_MOVE_LOOPS_H_

#include <cstdint>

namespace espalier {

// Each written element is made of those at its place in all arrays that are
// read. REQUIRES: HasMoveLoop(reads, writes); n is a multiple of 64.
void MoveLoop(int reads, int writes, const uint32_t* const* from,
              uint32_t* const* to, int64_t n);
bool HasMoveLoop(int reads, int writes);

// Each element of row r becomes column[r]. REQUIRES: columns is a multiple of
// 16.
void SpreadColumn(const uint32_t* column, int64_t rows, int64_t columns,
                  uint32_t* to);

}  // namespace espalier

#endif  // ESPALIER_BENCHMARKS_MOVE_LOOPS_H_
