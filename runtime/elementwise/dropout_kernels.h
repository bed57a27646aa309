// Philox4x32-10 in the lanes of a vector, whatever Vec is, and the mask made of
// it. For the kernel sources only.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_DROPOUT_KERNELS_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_DROPOUT_KERNELS_H_

#include "graph/philox_constants.h"
#include "runtime/elementwise/dropout.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

inline Int Unsigned(uint32_t x) {
  return IntBroadcast(static_cast<int32_t>(x));
}

// One block in each lane; the counters become the random words.
inline void PhiloxLanes(const uint32_t (&key)[2], Int (&c)[4]) {
  uint32_t k0 = key[0], k1 = key[1];
  const Int m0 = Unsigned(kPhiloxMultiplier0);
  const Int m1 = Unsigned(kPhiloxMultiplier1);
  ESPALIER_UNROLL
  for (int round = 0; round < kPhiloxRounds; ++round) {
    Int low0, high0, low1, high1;
    MultiplyWide(c[0], m0, &low0, &high0);
    MultiplyWide(c[2], m1, &low1, &high1);
    c[0] = Xor(Xor(high1, c[1]), Unsigned(k0));
    c[1] = low1;
    c[2] = Xor(Xor(high0, c[3]), Unsigned(k1));
    c[3] = low0;
    k0 += kPhiloxWeyl0;
    k1 += kPhiloxWeyl1;
  }
}

// Elements begin to end - 1. REQUIRES: begin is a multiple of 64.
void Dropout(const DropoutMask& mask, int64_t begin, int64_t end,
             const float* x, float* y) {
  constexpr int64_t kBlocks = 16;  // side by side
  alignas(64) int32_t lanes[kBlocks];
  for (int32_t i = 0; i < kBlocks; ++i) lanes[i] = i;
  const Vec zero = Broadcast(0), scale = Broadcast(mask.scale);
  const Int sign = Unsigned(0x80000000);  // compares as unsigned
  const Int threshold = Xor(Unsigned(mask.threshold), sign);
  for (int64_t group = begin; group < end; group += 4 * kBlocks) {
    const auto block = static_cast<uint64_t>(group) / 4;
    for (int64_t first = 0; first < kBlocks; first += kWidth) {
      // A multiple of 16 and less than 16 do not carry.
      Int words[4] = {
          Unsigned(static_cast<uint32_t>(block)) + LoadInt(lanes + first),
          Unsigned(static_cast<uint32_t>(block >> 32)),
          Unsigned(mask.stream[0]), Unsigned(mask.stream[1])};
      PhiloxLanes(mask.key, words);
      for (int64_t word = 0; word < 4; ++word) {
        const int64_t i = group + word * kBlocks + first;
        if (i >= end) break;
        const Mask dropped = Greater(threshold, Xor(words[word], sign));
        const Vec m = Select(dropped, zero, scale);
        StoreUpTo(y + i, LoadUpTo(x + i, end - i) * m, end - i);
      }
    }
  }
}

}  // namespace
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_DROPOUT_KERNELS_H_
