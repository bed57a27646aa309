// Dense layers and matrix products.
#ifndef ESPALIER_OPS_DENSE_H_
#define ESPALIER_OPS_DENSE_H_

#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/builder.h"
#include "graph/op.h"

namespace espalier {

// y = x W + b: x is [N, K], weight is [K, U], bias is [U]; y is [N, U].
Value Dense(Value x, Value weight, Value bias, absl::string_view name = "");

// op(a) op(b), each a matrix, transposed if told so. A contraction over the
// batch (a transposed, both [N, .]) gives a result without it.
Value MatMul(Value a, Value b, bool transpose_a = false,
             bool transpose_b = false, absl::string_view name = "");

// What a dense or matmul node computes: op(a) op(b) (+ bias).
struct MatMulView {
  NodeId a;
  NodeId b;
  bool transpose_a = false;
  bool transpose_b = false;
  NodeId bias = kNoNode;  // kNoNode for matmul
};
// Nothing for nodes of other kinds.
absl::optional<MatMulView> AsMatMul(const Node& node);
// A dense node, or a matmul without transposes: a is x, b is the weight.
absl::optional<MatMulView> AsDense(const Node& node);

absl::StatusOr<OpPtr> ReadDense(AttributeReader& attributes);
absl::StatusOr<OpPtr> ReadMatMul(AttributeReader& attributes);

}  // namespace espalier

#endif  // ESPALIER_OPS_DENSE_H_
