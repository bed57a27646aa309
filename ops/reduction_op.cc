#include "ops/reduction_op.h"

#include "graph/check.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/type_checks.h"

namespace espalier {

absl::string_view ReductionOp::kind() const {
  switch (reduce_) {
    case ReduceKind::kSum:
      return "sum";
    case ReduceKind::kMean:
      return "mean";
    case ReduceKind::kMax:
      return "reduce_max";
    case ReduceKind::kMin:
      break;
  }
  return "reduce_min";
}

absl::StatusOr<TensorType> ReductionOp::InferType(
    absl::Span<const TensorType> inputs) const {
  RETURN_IF_ERROR(CheckF32("x", inputs[0]));
  const Shape& x = inputs[0].shape;
  ASSIGN_OR_RETURN(const std::vector<int64_t> axes,
                   NormalizedAxes(axes_, x.rank()));
  return TensorType{DataType::kF32, ReducedShape(x, axes, keep_axes_)};
}

absl::Status ReductionOp::Lower(Lowering& lowering) const {
  lowering.SetResult(lowering.Reduce(reduce_, lowering.input(0),
                                     AxesFor(lowering.input_type(0).shape),
                                     lowering.output_type().shape));
  return absl::OkStatus();
}

std::vector<int64_t> ReductionOp::AxesFor(const Shape& x) const {
  absl::StatusOr<std::vector<int64_t>> axes = NormalizedAxes(axes_, x.rank());
  ESPALIER_CHECK(axes.ok());
  return *std::move(axes);
}

}  // namespace espalier
