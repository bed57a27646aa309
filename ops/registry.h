// The table of all ops of the library.
#ifndef ESPALIER_OPS_REGISTRY_H_
#define ESPALIER_OPS_REGISTRY_H_

#include "graph/op.h"

namespace espalier {

// A user's program adds its own with StandardOps().Extended({...}).
const OpTable& StandardOps();

}  // namespace espalier

#endif  // ESPALIER_OPS_REGISTRY_H_
