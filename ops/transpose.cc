#include "ops/transpose.h"

#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status_macros.h"
#include "ops/move_op.h"

namespace espalier {
namespace {

class TransposeOp : public MoveOp {
 public:
  // REQUIRES, but for InferType: a permutation of the axes of the input.
  explicit TransposeOp(std::vector<int64_t> permutation)
      : permutation_(std::move(permutation)) {}

  absl::string_view kind() const override { return "transpose"; }
  int arity() const override { return 1; }
  Attributes attributes() const override {
    return {{"permutation", permutation_}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    const Shape& x = inputs[0].shape;
    if (static_cast<int>(permutation_.size()) != x.rank()) {
      return absl::InvalidArgumentError(
          absl::StrCat("the permutation names ", permutation_.size(),
                       " axes, x of shape ", x.ToString(), " has ", x.rank()));
    }
    std::vector<int64_t> dims;
    std::vector<bool> named(permutation_.size());
    for (int64_t axis : permutation_) {
      if (axis < 0 || axis >= x.rank() || named[static_cast<size_t>(axis)]) {
        return absl::InvalidArgumentError(absl::StrCat(
            "[", absl::StrJoin(permutation_, ", "),
            "] is no permutation of the ", x.rank(), " axes of x"));
      }
      named[static_cast<size_t>(axis)] = true;
      dims.push_back(x.dim(static_cast<int>(axis)));
    }
    if (x.has_symbolic_batch() && permutation_[0] != 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("x has shape ", x.ToString(), ", the permutation is [",
                       absl::StrJoin(permutation_, ", "),
                       "]: the batch N must stay in front"));
    }
    return TensorType{inputs[0].dtype, Shape(dims)};
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> /*inputs*/, Value /*output*/, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    std::vector<int64_t> inverse(permutation_.size());
    for (size_t i = 0; i < inverse.size(); ++i) {
      inverse[static_cast<size_t>(permutation_[i])] = static_cast<int64_t>(i);
    }
    return std::vector<Value>{Transpose(dy, inverse)};
  }

 protected:
  int SourceOf(absl::Span<const Shape> /*inputs*/, absl::Span<const int64_t> at,
               absl::Span<int64_t> from) const override {
    for (size_t i = 0; i < at.size(); ++i) {
      from[static_cast<size_t>(permutation_[i])] = at[i];
    }
    return 0;
  }

  Boxes BoxesOf(const Lowering& lowering) const override {
    const BoxCopy x = WholeInput(lowering, 0);
    BoxCopy y = {x.from, 0, {}};
    for (int64_t axis : permutation_) {
      y.axes.push_back(x.axes[static_cast<size_t>(axis)]);
    }
    return {{y}, false};
  }

 private:
  const std::vector<int64_t> permutation_;
};

absl::StatusOr<OpPtr> ReadTranspose(AttributeReader& attributes) {
  return std::make_shared<TransposeOp>(attributes.IntList("permutation"));
}

constexpr OpTable::Entry kEntries[] = {{"transpose", ReadTranspose}};

}  // namespace

Value Transpose(Value x, absl::Span<const int64_t> permutation,
                absl::string_view name) {
  std::vector<int64_t> axes(permutation.begin(), permutation.end());
  for (int64_t& axis : axes) {
    if (axis < 0) axis += x.shape().rank();
  }
  return Apply(std::make_shared<TransposeOp>(std::move(axes)), {x}, name);
}

absl::Span<const OpTable::Entry> TransposeEntries() { return kEntries; }

}  // namespace espalier
