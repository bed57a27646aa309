#include "ops/reshape.h"

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "runtime/lowering.h"

namespace espalier {
namespace {

class ReshapeOp : public Op {
 public:
  explicit ReshapeOp(const Shape& shape) : shape_(shape) {}

  absl::string_view kind() const override { return "reshape"; }
  int arity() const override { return 1; }
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> /*inputs*/) const override {
    return true;
  }
  Attributes attributes() const override { return {{"shape", DimsOf(shape_)}}; }

  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    RETURN_IF_ERROR(shape_.Validate());
    const Shape& x = inputs[0].shape;
    if (x.has_symbolic_batch() != shape_.has_symbolic_batch()) {
      return absl::InvalidArgumentError(
          absl::StrCat("x has shape ", x.ToString(), ", the new shape is ",
                       shape_.ToString(), ": the batch N must stay in front"));
    }
    if (x.num_elements_per_sample() != shape_.num_elements_per_sample()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "x of shape ", x.ToString(), " has ", x.num_elements_per_sample(),
          " elements", x.has_symbolic_batch() ? " a sample" : "",
          ", the new shape ", shape_.ToString(), " has ",
          shape_.num_elements_per_sample()));
    }
    return TensorType{inputs[0].dtype, shape_};
  }

  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> inputs,
                        const Shape& output) const override {
    return DoubleTensor(output, inputs[0]->values());
  }

  absl::StatusOr<std::vector<Value>> Gradient(
      absl::Span<const Value> inputs, Value /*output*/, Value dy,
      const std::vector<bool>& /*wanted*/) const override {
    return std::vector<Value>{Reshape(dy, inputs[0].shape())};
  }

  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& output) const override {
    IntervalTensor y = *inputs[0];
    y.shape = output;
    return y;
  }

  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(
        lowering.Reshape(lowering.input(0), lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  Shape shape_;
};

absl::StatusOr<OpPtr> ReadReshape(AttributeReader& attributes) {
  return std::make_shared<ReshapeOp>(attributes.ShapeValue("shape"));
}

constexpr OpTable::Entry kEntries[] = {{"reshape", ReadReshape}};

}  // namespace

Value Reshape(Value x, const Shape& shape, absl::string_view name) {
  return Apply(std::make_shared<ReshapeOp>(shape), {x}, name);
}

Value Flatten(Value x, absl::string_view name) {
  if (!x.valid()) return x;
  const Shape shape = x.shape();
  if (shape.rank() == 0) {
    return x.builder()->Fail(absl::InvalidArgumentError(
        absl::StrCat("flatten: ", x.node().ToString(),
                     " is a scalar: expected at least one dimension")));
  }
  int64_t columns = 1;
  for (int64_t dim : shape.dims().subspan(1)) columns *= dim;
  return Reshape(x, Shape({shape.dim(0), columns}), name);
}

bool IsReshape(const Node& node) {
  return dynamic_cast<const ReshapeOp*>(node.op.get()) != nullptr;
}

absl::Span<const OpTable::Entry> ReshapeEntries() { return kEntries; }

}  // namespace espalier
