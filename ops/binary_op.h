// What elementwise ops of two inputs share. Private to this folder.
#ifndef ESPALIER_OPS_BINARY_OP_H_
#define ESPALIER_OPS_BINARY_OP_H_

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "graph/op.h"
#include "ops/interval_math.h"
#include "runtime/lowering.h"

namespace espalier {

// An elementwise op of two inputs of one data type, with broadcasting; the
// result has the same data type.
class BinaryOp : public Op {
 public:
  explicit BinaryOp(DataType dtype) : dtype_(dtype) {}

  int arity() const override { return 2; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override;
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override;
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override;
  absl::Status Lower(Lowering& lowering) const override;

 protected:
  virtual double ValueOf(double a, double b) const = 0;
  virtual Interval BoundsOf(Interval a, Interval b) const = 0;
  virtual Expr ExprOf(const Expr& a, const Expr& b) const = 0;

 private:
  DataType dtype_;
};

}  // namespace espalier

#endif  // ESPALIER_OPS_BINARY_OP_H_
