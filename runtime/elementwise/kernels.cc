#include "runtime/elementwise/kernels.h"

#include "graph/check.h"

namespace espalier {

double SumOfLanes(const float* lanes) {
  double sums[8];
  for (int i = 0; i < 8; ++i) {
    sums[i] = (static_cast<double>(lanes[i]) + lanes[i + 8]) +
              (static_cast<double>(lanes[i + 16]) + lanes[i + 24]);
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) +
         ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

const KernelTable& KernelsFor(Isa isa) {
  ESPALIER_CHECK(DetectIsa(isa) == isa);
  switch (isa) {
    case Isa::kAvx512:
      return Avx512Kernels();
    case Isa::kAvx2:
      return Avx2Kernels();
    case Isa::kBaseline:
      break;
  }
  return BaselineKernels();
}

}  // namespace espalier
