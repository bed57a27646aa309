// Where NaN may be in a plan although nothing overflows.
#ifndef ESPALIER_RUNTIME_NAN_FLOW_H_
#define ESPALIER_RUNTIME_NAN_FLOW_H_

#include <vector>

#include "runtime/plan.h"

namespace espalier {

// Per root: whether an element may be NaN, or an infinity that becomes one,
// without a number having overflowed. That is what div, log, sqrt and means
// over the batch (which may be empty) give, what is computed from that, and
// leaves that no run looks at (PlanBuffer::finite).
std::vector<bool> MayBeNan(const Plan& plan);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_NAN_FLOW_H_
