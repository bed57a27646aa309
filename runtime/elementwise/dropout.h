// Dropout: an array times a random mask, which is made on the way and never
// stored. Vectorised and threaded; the same mask on every instruction set and
// for any number of threads.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_DROPOUT_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_DROPOUT_H_

#include <cstdint>

#include "runtime/elementwise/isa.h"

namespace espalier {

// The mask of one step. Element i is dropped if its 32 random bits, at
// ArrayPosition(i) of the stream (graph/philox.h), are below the threshold.
struct DropoutMask {
  uint32_t key[2];
  uint32_t stream[2];
  uint32_t threshold;
  float scale;  // of what is kept
};

// Drops where RandomStream(seed, kDropout, step) is uniformly below `rate`, and
// scales the rest by 1 / (1 - rate). REQUIRES: 0 <= rate < 1.
DropoutMask MakeDropoutMask(float rate, uint64_t seed, uint32_t step);

// y[i] = x[i] * (0 or the scale) for i < n: NaN stays. y may be x.
void Dropout(Isa isa, int threads, int64_t n, const DropoutMask& mask,
             const float* x, float* y);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_DROPOUT_H_
