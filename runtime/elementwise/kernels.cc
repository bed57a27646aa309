#include "runtime/elementwise/kernels.h"

#include "graph/check.h"

namespace espalier {

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
