// Ops that choose: one value or another, element by element.
#ifndef ESPALIER_OPS_GATES_H_
#define ESPALIER_OPS_GATES_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// a > b ? greater : otherwise, all four broadcast together (BroadcastShapes);
// NaN where a or b is NaN. Linear in what is chosen; the gradient with respect
// to a and b is 0. Gradients of piecewise functions are made of it.
Value SelectGreater(Value a, Value b, Value greater, Value otherwise,
                    absl::string_view name = "");

// max(x, 0); the gradient at 0 is 0.
Value Relu(Value x, absl::string_view name = "");
// x > 0 ? x : slope * x; the gradient at 0 is `slope`. slope is finite.
Value LeakyRelu(Value x, float slope = 0.01f, absl::string_view name = "");
// The same with a slope that is learned: of a shape that broadcasts to x's.
Value Prelu(Value x, Value slope, absl::string_view name = "");

// x, but `lower` below it and `upper` above it. lower <= upper; -infinity and
// infinity mean no limit. The gradient is 1 from `lower` to `upper`, both of
// them included (as of PyTorch's clamp), and 0 outside.
Value Clip(Value x, float lower, float upper, absl::string_view name = "");
// Clip(x, 0, 6): unlike Relu's, its gradient at 0 is 1.
Value Relu6(Value x, absl::string_view name = "");

bool IsRelu(const Node& node);

// The kinds of this file with their factories.
absl::Span<const OpTable::Entry> GateEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_GATES_H_
