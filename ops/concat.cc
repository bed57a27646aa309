#include "ops/concat.h"

#include <algorithm>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status_macros.h"
#include "ops/move_op.h"
#include "ops/slice_pad.h"

namespace espalier {
namespace {

constexpr int64_t kMaxValues = 65536;

class ConcatOp : public MoveOp {
 public:
  // REQUIRES: 1 <= count <= kMaxValues.
  ConcatOp(int64_t count, int64_t axis)
      : count_(static_cast<int>(count)), axis_(axis) {}

  absl::string_view kind() const override { return "concat"; }
  int arity() const override { return count_; }
  Attributes attributes() const override {
    return {{"count", int64_t{count_}}, {"axis", axis_}};
  }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    TensorType y = inputs[0];
    const int past = y.shape.rank() + (PlantedBug(11) ? 1 : 0);
    if (axis_ < 0 || axis_ >= past) {
      return absl::InvalidArgumentError(
          absl::StrCat("axis ", axis_, " is not one of the ", y.shape.rank(),
                       " axes of value 0"));
    }
    const int axis = static_cast<int>(axis_);
    int64_t size = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      Shape rest = inputs[i].shape;
      if (axis == 0 && rest.has_symbolic_batch()) {
        return absl::InvalidArgumentError(
            absl::StrCat("value ", i, " has shape ", rest.ToString(),
                         ": a concat along axis 0 would change the batch N"));
      }
      if (rest.rank() == y.shape.rank()) rest.set_dim(axis, y.shape.dim(axis));
      if (inputs[i].dtype != y.dtype || rest != y.shape) {
        return absl::InvalidArgumentError(
            absl::StrCat("value 0 is ", inputs[0].ToString(), ", value ", i,
                         " is ", inputs[i].ToString(),
                         ": expected equal types but along axis ", axis_));
      }
      size += inputs[i].shape.dim(axis);
    }
    y.shape.set_dim(axis, size);
    return y;
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& wanted) const override {
    std::vector<Value> gradients(inputs.size());
    int64_t start = 0;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const int64_t end =
          start + inputs[i].shape().dim(static_cast<int>(axis_));
      if (wanted[i]) gradients[i] = Slice(dy, {axis_}, {start}, {end});
      start = end;
    }
    return gradients;
  }

 protected:
  int SourceOf(absl::Span<const Shape> inputs, absl::Span<const int64_t> at,
               absl::Span<int64_t> from) const override {
    std::copy(at.begin(), at.end(), from.begin());
    int64_t& index = from[static_cast<size_t>(axis_)];
    int input = 0;
    while (index >=
           inputs[static_cast<size_t>(input)].dim(static_cast<int>(axis_))) {
      index -= inputs[static_cast<size_t>(input)].dim(static_cast<int>(axis_));
      ++input;
    }
    return input;
  }

  Boxes BoxesOf(const Lowering& lowering) const override {
    Boxes moves;
    int64_t begin = 0;
    for (int i = 0; i < count_; ++i) {
      moves.boxes.push_back(WholeInput(lowering, i));
      BoxAxis& axis = moves.boxes.back().axes[static_cast<size_t>(axis_)];
      axis.to_begin = begin;
      begin += axis.size;
    }
    return moves;
  }

 private:
  const int count_;
  const int64_t axis_;
};

absl::StatusOr<OpPtr> MakeConcat(int64_t count, int64_t axis) {
  if (count < 1 || count > kMaxValues) {
    return absl::InvalidArgumentError(absl::StrCat(
        "concat of ", count, " values: expected 1 to ", kMaxValues));
  }
  return std::make_shared<ConcatOp>(count, axis);
}

absl::StatusOr<OpPtr> ReadConcat(AttributeReader& attributes) {
  const int64_t count = attributes.Int("count");
  return MakeConcat(count, attributes.Int("axis"));
}

constexpr OpTable::Entry kEntries[] = {{"concat", ReadConcat}};

}  // namespace

Value Concat(absl::Span<const Value> values, int64_t axis,
             absl::string_view name) {
  if (values.empty()) return Value();
  if (axis < 0) axis += values[0].shape().rank();
  absl::StatusOr<OpPtr> op =
      MakeConcat(static_cast<int64_t>(values.size()), axis);
  if (op.ok()) return Apply(*std::move(op), values, name);
  for (const Value& value : values) {
    if (value.builder() != nullptr) return value.builder()->Fail(op.status());
  }
  return Value();
}

absl::Span<const OpTable::Entry> ConcatEntries() { return kEntries; }

}  // namespace espalier
