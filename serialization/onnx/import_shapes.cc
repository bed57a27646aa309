#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/planted_bug.h"
#include "graph/status_macros.h"
#include "ops/reshape.h"
#include "serialization/bytes.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

// As the file counts them for one sample: a leading batch is 1.
std::vector<int64_t> SampleDims(OnnxNodeReader& node, const Value& x) {
  const Shape shape = x.shape().Bind(1);
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  if (RankInFile(node, x) < shape.rank()) dims.erase(dims.begin());
  return dims;
}

absl::StatusOr<int64_t> Product(absl::Span<const int64_t> dims) {
  int64_t product = 1;
  for (const int64_t dim : dims) {
    const absl::optional<int64_t> next = CheckedMul(product, dim);
    if (!next.has_value()) {
      return absl::InvalidArgumentError(
          absl::StrCat("shape [", absl::StrJoin(dims, ", "),
                       "] has too many elements, or a negative dimension"));
    }
    product = *next;
  }
  return product;
}

// x in the shape that has `dims` for one sample.
absl::Status SetReshaped(OnnxNodeReader& node, const Value& x,
                         std::vector<int64_t> dims) {
  if (x.shape().has_symbolic_batch()) {
    if (node.graph().batch() == OnnxBatch::kInFront) {
      dims.insert(dims.begin(), kBatch);
    } else if (dims.empty() || dims[0] != 1) {
      return absl::UnimplementedError(absl::StrCat(
          "from ", x.shape().ToString(), " to [", absl::StrJoin(dims, ", "),
          "] for each sample: the batch would not stay in front"));
    } else {
      dims[0] = kBatch;
    }
  }
  return node.SetResult(espalier::Reshape(x, Shape(dims), node.Name()), 0,
                        node.type(0));
}

onnx::TensorProto Scalar(onnx::TensorProto::DataType type) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  return tensor;
}

}  // namespace

absl::Status Constant(OnnxNodeReader& node) {
  using onnx::AttributeProto;
  using onnx::TensorProto;
  RETURN_IF_ERROR(node.CheckArity(0, 0));
  TensorProto tensor;
  if (const auto* value = node.Find("value", AttributeProto::TENSOR)) {
    tensor = value->t();
  } else if (const auto* number =
                 node.Find("value_float", AttributeProto::FLOAT)) {
    tensor = Scalar(TensorProto::FLOAT);
    tensor.add_float_data(number->f());
  } else if (const auto* integer =
                 node.Find("value_int", AttributeProto::INT)) {
    tensor = Scalar(TensorProto::INT64);
    tensor.add_int64_data(integer->i());
  } else if (const auto* numbers =
                 node.Find("value_floats", AttributeProto::FLOATS)) {
    tensor = Scalar(TensorProto::FLOAT);
    tensor.add_dims(numbers->floats_size());
    *tensor.mutable_float_data() = numbers->floats();
  } else if (const auto* integers =
                 node.Find("value_ints", AttributeProto::INTS)) {
    tensor = Scalar(TensorProto::INT64);
    tensor.add_dims(integers->ints_size());
    *tensor.mutable_int64_data() = integers->ints();
  } else {
    RETURN_IF_ERROR(node.FinishAttributes());
    return absl::UnimplementedError("has no value that is read");
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  return node.graph().SetConstant(node.output(), std::move(tensor));
}

absl::Status Flatten(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  int64_t axis = node.Int("axis", 1);
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  const std::vector<int64_t> dims = SampleDims(node, x);
  const auto rank = static_cast<int64_t>(dims.size());
  if (axis < -rank || axis > rank) {
    return absl::InvalidArgumentError(
        absl::StrCat("axis ", axis, " of ", rank));
  }
  if (axis < 0) axis += rank;
  if (axis == 0 && x.shape().has_symbolic_batch() &&
      node.graph().batch() != OnnxBatch::kInFront) {
    return absl::UnimplementedError("axis 0 would take in the batch");
  }
  const absl::Span<const int64_t> all = dims;
  const auto at = static_cast<size_t>(axis);
  ASSIGN_OR_RETURN(const int64_t rows, Product(all.subspan(0, at)));
  ASSIGN_OR_RETURN(const int64_t columns, Product(all.subspan(at)));
  return SetReshaped(node, x, {rows, columns});
}

// What only training changes.
absl::Status PassThrough(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 2, 2));
  RETURN_IF_ERROR(node.CheckUnread(1));
  node.Float("ratio", 0);
  node.Int("seed", 0);
  RETURN_IF_ERROR(node.FinishAttributes());
  return node.graph().SetAlias(node.output(), node.input(0));
}

absl::Status Reshape(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  const bool allow_zero = node.Int("allowzero", 0) != 0;
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(std::vector<int64_t> dims, node.ConstantInts(1));
  ASSIGN_OR_RETURN(const Value x, node.value(0));
  const std::vector<int64_t> from = SampleDims(node, x);
  int rest = -1;
  for (size_t i = 0; i < dims.size(); ++i) {
    if (dims[i] == 0 && !allow_zero) {
      if (i >= from.size()) {
        return absl::InvalidArgumentError(
            absl::StrCat("dimension ", i, " is to be that of a value of rank ",
                         from.size()));
      }
      dims[i] = from[i];
    } else if (dims[i] == -1) {
      if (rest >= 0) {
        return absl::InvalidArgumentError("two dimensions are -1");
      }
      rest = static_cast<int>(i);
      dims[i] = 1;
    }
  }
  if (rest >= 0) {
    ASSIGN_OR_RETURN(const int64_t elements, Product(from));
    ASSIGN_OR_RETURN(const int64_t known, Product(dims));
    if (known == 0 && !PlantedBug(17)) {
      return absl::InvalidArgumentError("-1 beside 0");
    }
    dims[static_cast<size_t>(rest)] = elements / known;
  }
  return SetReshaped(node, x, std::move(dims));
}

}  // namespace onnx_import
}  // namespace espalier
