// Which buffers are computed in the memory of others.
#ifndef ESPALIER_RUNTIME_PLACEMENT_H_
#define ESPALIER_RUNTIME_PLACEMENT_H_

#include "runtime/plan.h"

namespace espalier {

// Every read of a leaf sees the value from before the run. A new value is
// computed straight into the leaf's memory where every reader of the old value
// comes before, or is the same elementwise step at the same element; otherwise
// a copy ends the plan. An output that is a leaf, which the next run or its
// caller may overwrite, is copied too.
void PlaceUpdates(Plan& plan);

// Lets elementwise and softmax steps write over an operand that nobody needs
// afterwards.
void ShareMemory(Plan& plan);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_PLACEMENT_H_
