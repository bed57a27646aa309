// How an elementwise step addresses an operand that is stretched to the step's
// shape.
#ifndef ESPALIER_RUNTIME_BROADCAST_H_
#define ESPALIER_RUNTIME_BROADCAST_H_

#include <cstdint>

#include "absl/types/optional.h"
#include "graph/shape.h"
#include "runtime/elementwise/program.h"

namespace espalier {

struct BroadcastAccess {
  Access access;
  int64_t columns;  // of kRow and kColumn, otherwise 0
};

// Nothing if the operand is stretched along more than one stretch of
// neighbouring axes, such as [4, 1, 5] to [4, 3, 5]: it must be copied out
// first. REQUIRES: BroadcastShapes(operand, output) is `output`.
absl::optional<BroadcastAccess> ClassifyBroadcast(const Shape& operand,
                                                  const Shape& output);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_BROADCAST_H_
