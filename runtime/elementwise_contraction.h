// Several operations of an elementwise step in one instruction.
#ifndef ESPALIER_RUNTIME_ELEMENTWISE_CONTRACTION_H_
#define ESPALIER_RUNTIME_ELEMENTWISE_CONTRACTION_H_

#include "runtime/elementwise_code.h"

namespace espalier {

// The code with what stands for one of the engine's fused opcodes written as
// that; what this leaves unread is still there (RemoveUnused).
ElementwiseCode Contract(const ElementwiseCode& code);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_ELEMENTWISE_CONTRACTION_H_
