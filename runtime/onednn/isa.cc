#include "runtime/onednn/isa.h"

#include <oneapi/dnnl/dnnl.hpp>

namespace espalier {
namespace onednn {

Isa MaxIsa() {
  // Each name stands for the bits of what it includes.
  const dnnl_cpu_isa_t effective = dnnl_get_effective_cpu_isa();
  const auto includes = [effective](dnnl_cpu_isa_t isa) {
    return (effective & isa) == isa;
  };
  const Isa cap = includes(dnnl_cpu_isa_avx512_core) ? Isa::kAvx512
                  : includes(dnnl_cpu_isa_avx2)      ? Isa::kAvx2
                                                     : Isa::kBaseline;
  return DetectIsa(cap);
}

}  // namespace onednn
}  // namespace espalier
