#include "runtime/elementwise/dropout.h"

#include <algorithm>
#include <cmath>

#include "graph/philox.h"
#include "runtime/elementwise/fork.h"
#include "runtime/elementwise/kernels.h"

namespace espalier {
namespace {

constexpr double kNanoseconds = 0.5;  // per element, with AVX-512
// What a thread takes: whole groups of ArrayPosition.
constexpr int64_t kPart = 64 * 16;

}  // namespace

DropoutMask MakeDropoutMask(float rate, uint64_t seed, uint32_t step) {
  const RandomStream random(seed, RandomPurpose::kDropout, step);
  // A uniform number is k 2^-24, where k are the upper 24 bits.
  const double least_kept = std::ceil(static_cast<double>(rate) * 0x1p24);
  return {{random.key()[0], random.key()[1]},
          {random.stream()[0], random.stream()[1]},
          static_cast<uint32_t>(least_kept) << 8,
          static_cast<float>(1 / (1 - static_cast<double>(rate)))};
}

void Dropout(Isa isa, int threads, int64_t n, const DropoutMask& mask,
             const float* x, float* y) {
  const KernelTable& kernels = KernelsFor(isa);
  const int64_t parts = (n + kPart - 1) / kPart;
  const double microseconds =
      static_cast<double>(n) * kNanoseconds * IsaCost(isa) * 1e-3;
  ForkOver(parts, ForkWidth(microseconds, parts, threads),
           [&](int64_t begin, int64_t end) {
             kernels.dropout(mask, begin * kPart, std::min(end * kPart, n), x,
                             y);
           });
}

}  // namespace espalier
