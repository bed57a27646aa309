// Reverse-mode differentiation of a graph into more graph.
#ifndef ESPALIER_TRANSFORMS_AUTODIFF_H_
#define ESPALIER_TRANSFORMS_AUTODIFF_H_

#include <vector>

#include "absl/types/span.h"
#include "graph/builder.h"

namespace espalier {

// The gradients of the scalar `loss` with respect to each of `wrt`, as ordinary
// nodes of the same builder (so they can be differentiated again). A value that
// the loss does not depend on has a gradient of zeros. Errors go to the
// builder: a loss that is no f32 scalar, an op without a gradient on the way,
// an i32 value among `wrt`. The result has as many entries as `wrt`.
std::vector<Value> Gradients(Value loss, absl::Span<const Value> wrt);

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_AUTODIFF_H_
