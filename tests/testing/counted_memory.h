// Counts what a test program allocates: linking espalier_counted_memory to it
// replaces operator new, and aligned_alloc and free in what is linked
// statically. What libraries take from malloc itself is not seen.
#ifndef ESPALIER_TESTS_TESTING_COUNTED_MEMORY_H_
#define ESPALIER_TESTS_TESTING_COUNTED_MEMORY_H_

#include <cstdint>

namespace espalier {

// Calls so far, of all threads, and the bytes that they gave out.
int64_t Allocations();
int64_t AllocatedBytes();

// Bytes that were given out and not taken back: now, and the most there were at
// one time since the last ResetPeakBytes().
int64_t LiveBytes();
int64_t PeakBytes();
void ResetPeakBytes();

// By how much the live bytes grew at most while `work` ran.
template <typename Work>
int64_t PeakOf(Work work) {
  ResetPeakBytes();
  const int64_t before = LiveBytes();
  work();
  return PeakBytes() - before;
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_TESTING_COUNTED_MEMORY_H_
