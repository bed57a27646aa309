// What reductions over axes share. Private to this folder.
#ifndef ESPALIER_OPS_REDUCTION_OP_H_
#define ESPALIER_OPS_REDUCTION_OP_H_

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/builder.h"
#include "graph/op.h"
#include "runtime/lowering.h"

namespace espalier {

// Of x, f32, over `axes` (as NormalizedAxes of ops/axes.h takes them).
class ReductionOp : public Op {
 public:
  ReductionOp(ReduceKind reduce, std::vector<int64_t> axes, bool keep_axes)
      : reduce_(reduce), axes_(std::move(axes)), keep_axes_(keep_axes) {}

  absl::string_view kind() const override;
  int arity() const override { return 1; }
  Attributes attributes() const override {
    return {{"axes", axes_}, {"keep_axes", keep_axes_}};
  }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override;
  absl::Status Lower(Lowering& lowering) const override;

 protected:
  ReduceKind reduce() const { return reduce_; }
  bool keep_axes() const { return keep_axes_; }

  // Ascending, from 0. REQUIRES: InferType has accepted x.
  std::vector<int64_t> AxesFor(const Shape& x) const;

 private:
  ReduceKind reduce_;
  std::vector<int64_t> axes_;
  bool keep_axes_;
};

template <typename Reduction, ReduceKind reduce>
absl::StatusOr<OpPtr> ReadReduction(AttributeReader& attributes) {
  std::vector<int64_t> axes = attributes.IntList("axes");
  const bool keep_axes = attributes.Bool("keep_axes");
  return std::make_shared<Reduction>(reduce, std::move(axes), keep_axes);
}

template <typename Reduction>
Value ApplyReduction(ReduceKind reduce, Value x, absl::Span<const int64_t> axes,
                     bool keep_axes, absl::string_view name) {
  return Apply(
      std::make_shared<Reduction>(
          reduce, std::vector<int64_t>(axes.begin(), axes.end()), keep_axes),
      {x}, name);
}

}  // namespace espalier

#endif  // ESPALIER_OPS_REDUCTION_OP_H_
