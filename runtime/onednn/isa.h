// The instruction sets that a run may use.
#ifndef ESPALIER_RUNTIME_ONEDNN_ISA_H_
#define ESPALIER_RUNTIME_ONEDNN_ISA_H_

#include "runtime/elementwise/isa.h"

namespace espalier {
namespace onednn {

// The highest that this machine has and that oneDNN was not told to leave alone
// (the environment variable ONEDNN_MAX_CPU_ISA: "SSE41", "AVX2", "AVX512_CORE";
// oneDNN reads it once). Our own kernels keep to it too, so that one variable
// says what all steps of a run are made of.
Isa MaxIsa();

}  // namespace onednn
}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ONEDNN_ISA_H_
