// When to use more than one thread, and how to split the work.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_FORK_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_FORK_H_

#include <omp.h>

#include <algorithm>
#include <cstdint>

#include "runtime/elementwise/divide.h"
#include "runtime/elementwise/isa.h"

namespace espalier {

// How much slower a set is than AVX-512 on work in cache, roughly.
inline double IsaCost(Isa isa) {
  switch (isa) {
    case Isa::kBaseline:
      return 4;
    case Isa::kAvx2:
      return 1.7;
    case Isa::kAvx512:
      break;
  }
  return 1;
}

// Threads for work of `microseconds` on one thread that falls into `parts`:
// one, or all. A fork of two threads pays from 4 us on, a larger one later.
// Nothing between: the OpenMP runtime ends threads when a team gets smaller,
// and starting them again for the next one costs more than any step.
inline int ForkWidth(double microseconds, int64_t parts, int threads) {
  const bool pays = parts > 1 && microseconds > 3 + 0.5 * threads;
  return pays ? std::max(1, threads) : 1;
}

// Calls f(begin, end) on ranges that make up [0, parts).
template <class F>
void ForkOver(int64_t parts, int width, const F& f) {
  if (width == 1) {
    f(0, parts);
    return;
  }
#pragma omp parallel num_threads(width)
  {
    const int64_t team = omp_get_num_threads();
    const int64_t thread = omp_get_thread_num();
    f(parts * thread / team, parts * (thread + 1) / team);
  }
}

// Calls f(first, count) on ranges of rows that start at multiples of 16, so
// that no thread cuts a vector of rows.
template <class F>
void ForkOverRows(int64_t rows, int64_t columns, double nanoseconds_per_element,
                  Isa isa, int threads, const F& f) {
  constexpr int64_t kGroup = 16;
  const int64_t groups = DivideRoundingUp(rows, kGroup);
  const double microseconds = static_cast<double>(rows) *
                              static_cast<double>(columns) *
                              nanoseconds_per_element * IsaCost(isa) * 1e-3;
  ForkOver(groups, ForkWidth(microseconds, groups, threads),
           [&](int64_t begin, int64_t end) {
             const int64_t first = begin * kGroup;
             f(first, std::min(end * kGroup, rows) - first);
           });
}

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_FORK_H_
