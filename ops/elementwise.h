// Elementary functions of one input, element by element. The
// result has the input's shape.
#ifndef ESPALIER_OPS_ELEMENTWISE_H_
#define ESPALIER_OPS_ELEMENTWISE_H_

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

Value Identity(Value x, absl::string_view name = "");

Value Neg(Value x, absl::string_view name = "");
Value Square(Value x, absl::string_view name = "");
// NaN below 0; the gradient at 0 is infinite.
Value Sqrt(Value x, absl::string_view name = "");
Value Exp(Value x, absl::string_view name = "");
Value Log(Value x, absl::string_view name = "");
Value Abs(Value x, absl::string_view name = "");
// exp(x) - 1 and log(1 + x), accurate near 0; log1p is NaN below -1 and its
// gradient at -1 infinite.
Value Expm1(Value x, absl::string_view name = "");
Value Log1p(Value x, absl::string_view name = "");
// log(1 + exp(x)), which for large x is x.
Value Softplus(Value x, absl::string_view name = "");
// The probability that a standard normal variable is below x.
Value NormalCdf(Value x, absl::string_view name = "");
// x; no gradient flows back through it.
Value StopGradient(Value x, absl::string_view name = "");
// -1, 0 or 1; its gradient is 0, and the gradient of Abs at 0 is Sign(0) = 0.
Value Sign(Value x, absl::string_view name = "");

// factor * x, or factor * x / N with `over_batch`, where N is the batch size:
// x must then have the symbolic batch. factor is finite.
Value Scale(Value x, float factor, bool over_batch = false,
            absl::string_view name = "");

// A Scale with `over_batch`: its result depends on how many samples there are.
bool DividesByBatch(const Node& node);
// Elementwise ops of one input that map 0 to 0: what is true of a removed unit
// before them is true after them.
bool MapsZeroToZero(const Node& node);

// The kinds of this file with their factories.
absl::Span<const OpTable::Entry> ElementwiseEntries();

}  // namespace espalier

#endif  // ESPALIER_OPS_ELEMENTWISE_H_
