// The instruction sets that the elementwise engine has kernels for.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_ISA_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_ISA_H_

#include <vector>

#include "absl/strings/string_view.h"

namespace espalier {

// In rising order: each includes the ones before it.
enum class Isa {
  kBaseline,  // x86-64 (SSE2); no fused multiply-add, so other bits
  kAvx2,      // AVX2 and FMA
  kAvx512,    // AVX-512 F, BW, DQ, VL: the same bits as kAvx2
};

// "baseline", "avx2", "avx512".
absl::string_view IsaName(Isa isa);

// The highest that this processor and operating system run, but at most `cap`.
Isa DetectIsa(Isa cap = Isa::kAvx512);

// All that this machine runs, lowest first (for tests).
std::vector<Isa> SupportedIsas();

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_ISA_H_
