#include "serialization/onnx/import_operand.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/status_macros.h"
#include "ops/reshape.h"
#include "serialization/onnx/import_rows.h"

namespace espalier {
namespace onnx_import {

Shape Operand::ShapeOf(std::vector<int64_t> sample) const {
  if (front > 0) sample.insert(sample.begin(), kBatch);
  if (batch) sample[0] = kBatch;
  return Shape(sample);
}

absl::StatusOr<Operand> ReadOperand(OnnxNodeReader& node, int i) {
  Operand x;
  x.type = node.type(i);
  ASSIGN_OR_RETURN(x.array, node.array(i));
  if (x.array != nullptr) {
    const Shape& shape = x.array->shape();
    x.dims.assign(shape.dims().begin(), shape.dims().end());
    return x;
  }
  ASSIGN_OR_RETURN(x.value, node.value(i));
  const Shape shape = x.value.shape();
  x.front = shape.rank() - RankInFile(node, x.value);
  x.batch = x.front == 0 && shape.has_symbolic_batch();
  x.symbolic = x.batch && node.graph().batch() == OnnxBatch::kSymbolic;
  const Shape sample = shape.Bind(1);
  x.dims.assign(sample.dims().begin() + x.front, sample.dims().end());
  return x;
}

absl::StatusOr<Shape> FixedShape(absl::Span<const int64_t> dims) {
  const Shape shape(dims);
  RETURN_IF_ERROR(shape.Validate());
  if (shape.has_symbolic_batch()) {
    return absl::InvalidArgumentError("dimension 0 is -1");
  }
  return shape;
}

absl::Status ChargeFor(OnnxNodeReader& node, const OnnxArray& array,
                       const Shape& shape) {
  return node.graph().Charge(shape.num_elements() *
                             static_cast<int64_t>(array.width()));
}

absl::Status BatchError(absl::string_view what) {
  return absl::UnimplementedError(absl::StrCat("axis 0 is the batch: ", what));
}

absl::StatusOr<Value> Reshaped(const Operand& x, Value value,
                               std::vector<int64_t> dims,
                               absl::string_view name) {
  if (x.batch && (dims.empty() || dims[0] != 1)) {
    return absl::UnimplementedError(absl::StrCat(
        "from ", x.value.shape().ToString(), " to [", absl::StrJoin(dims, ", "),
        "] for each sample: the batch would not stay in front"));
  }
  RETURN_IF_ERROR(FixedShape(dims).status());
  return espalier::Reshape(value, x.ShapeOf(std::move(dims)), name);
}

absl::Status SetReshaped(OnnxNodeReader& node, const Operand& x,
                         std::vector<int64_t> dims) {
  if (x.array == nullptr) {
    ASSIGN_OR_RETURN(const Value y,
                     Reshaped(x, x.value, std::move(dims), node.Name()));
    return node.SetResult(y, 0, x.type);
  }
  ASSIGN_OR_RETURN(const Shape shape, FixedShape(dims));
  if (shape.num_elements() != x.array->num_elements()) {
    return absl::InvalidArgumentError(
        absl::StrCat("input 0 of shape ", x.array->shape().ToString(), " has ",
                     x.array->num_elements(), " elements, the new shape ",
                     shape.ToString(), " has ", shape.num_elements()));
  }
  RETURN_IF_ERROR(ChargeFor(node, *x.array, shape));
  OnnxArray y = x.array->Like(shape);
  std::memcpy(y.mutable_bytes(), x.array->bytes(),
              y.width() * static_cast<size_t>(y.num_elements()));
  return node.SetResult(std::move(y));
}

}  // namespace onnx_import
}  // namespace espalier
