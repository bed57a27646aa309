// Products of derivatives with vectors, without the matrix: Gradients gives the
// transposed Jacobian of a function times a vector, these give the other two.
#ifndef ESPALIER_TRANSFORMS_DERIVATIVE_PRODUCTS_H_
#define ESPALIER_TRANSFORMS_DERIVATIVE_PRODUCTS_H_

#include <vector>

#include "absl/types/span.h"
#include "graph/builder.h"

namespace espalier {

// The Jacobian-vector products of `outputs` as functions of `inputs`, all else
// held: for each output y, in its shape, how y changes as the inputs move along
// the tangents,
//   sum over i of (dy / d inputs[i]) tangents[i].
// Inputs may be any values, outputs too; `tangents[i]` has the type of
// `inputs[i]`, and may be computed from it. An output that depends on no input
// gives zeros.
//
// Made of Gradients alone: the gradient of <y, u> is linear in u, and its
// derivative with respect to u along the tangents is the product. What a run
// computes is about as much as one more forward run; every op on the way needs
// a gradient whose nodes have one.
//
// Errors, told to the builder: numbers of inputs and tangents that differ, a
// tangent of another type than its input, whatever is not f32, whatever
// Gradients refuses.
std::vector<Value> Jvp(absl::Span<const Value> outputs,
                       absl::Span<const Value> inputs,
                       absl::Span<const Value> tangents);

// The Hessian-vector product of `loss`, an f32 scalar, as a function of
// `inputs` taken together: for each input i, in its shape,
//   sum over j of (d^2 loss / d inputs[i] d inputs[j]) vectors[j].
// It is Jvp of the gradients, with the same rules and errors.
std::vector<Value> Hvp(Value loss, absl::Span<const Value> inputs,
                       absl::Span<const Value> vectors);

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_DERIVATIVE_PRODUCTS_H_
