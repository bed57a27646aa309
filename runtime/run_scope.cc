#include "runtime/run_scope.h"

#include <immintrin.h>
#include <omp.h>

namespace espalier {
namespace {

// Flush to zero and denormals are zero.
constexpr unsigned kFlushDenormals = 0x8040;

}  // namespace

int ResolveThreads(int threads) {
  return threads > 0 ? threads : omp_get_max_threads();
}

RunScope::RunScope(int threads, bool workers)
    : threads_(threads),
      previous_threads_(omp_get_max_threads()),
      workers_(workers && threads > 1),
      previous_control_(_mm_getcsr()) {
  if (previous_threads_ != threads_) omp_set_num_threads(threads_);
  if (workers_) {
#pragma omp parallel num_threads(threads_)
    _mm_setcsr(previous_control_ | kFlushDenormals);
  } else {
    _mm_setcsr(previous_control_ | kFlushDenormals);
  }
}

RunScope::~RunScope() {
  if (workers_) {
#pragma omp parallel num_threads(threads_)
    _mm_setcsr(previous_control_);
  } else {
    _mm_setcsr(previous_control_);
  }
  if (previous_threads_ != threads_) omp_set_num_threads(previous_threads_);
}

}  // namespace espalier
