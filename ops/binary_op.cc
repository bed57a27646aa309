#include "ops/binary_op.h"

#include <cstdint>
#include <vector>

#include "graph/status_macros.h"
#include "ops/type_checks.h"

namespace espalier {

absl::StatusOr<TensorType> BinaryOp::InferType(
    absl::Span<const TensorType> inputs) const {
  RETURN_IF_ERROR(CheckDataType("a", inputs[0], dtype_));
  RETURN_IF_ERROR(CheckDataType("b", inputs[1], dtype_));
  ASSIGN_OR_RETURN(const Shape shape,
                   BroadcastShapes(inputs[0].shape, inputs[1].shape));
  return TensorType{dtype_, shape};
}

DoubleTensor BinaryOp::Evaluate(absl::Span<const DoubleTensor* const> inputs,
                                const Shape& output) const {
  const DoubleTensor& a = *inputs[0];
  const DoubleTensor& b = *inputs[1];
  const std::vector<int64_t> ia = BroadcastIndices(a.shape(), output);
  const std::vector<int64_t> ib = BroadcastIndices(b.shape(), output);
  DoubleTensor y(output);
  for (int64_t i = 0; i < y.num_elements(); ++i) {
    const auto at = static_cast<size_t>(i);
    y[i] = ValueOf(a[ia[at]], b[ib[at]]);
  }
  return y;
}

IntervalTensor BinaryOp::Bounds(absl::Span<const IntervalTensor* const> inputs,
                                const Shape& output) const {
  const std::vector<int64_t> ia = BroadcastIndices(inputs[0]->shape, output);
  const std::vector<int64_t> ib = BroadcastIndices(inputs[1]->shape, output);
  IntervalTensor y = IntervalTensor::Everything(output);
  for (size_t i = 0; i < ia.size(); ++i) {
    SetInterval(
        y, static_cast<int64_t>(i),
        BoundsOf(IntervalAt(*inputs[0], ia[i]), IntervalAt(*inputs[1], ib[i])));
  }
  return y;
}

absl::Status BinaryOp::Lower(Lowering& lowering) const {
  lowering.SetResult(lowering.Elementwise(
      ExprOf(Expr::Operand(0), Expr::Operand(1)),
      {lowering.input(0), lowering.input(1)}, lowering.output_type().shape));
  return absl::OkStatus();
}

}  // namespace espalier
