// Ops that put values one behind the other, or pick their parts by index.
#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/axes.h"
#include "ops/concat.h"
#include "ops/gather.h"
#include "ops/reduce.h"
#include "ops/slice_pad.h"
#include "serialization/onnx/import_operand.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

// [outer, dim, inner] around an axis.
struct Around {
  Around(const std::vector<int64_t>& dims, int64_t axis) {
    for (size_t i = 0; i < dims.size(); ++i) {
      if (static_cast<int64_t>(i) < axis) outer *= dims[i];
      if (static_cast<int64_t>(i) > axis) inner *= dims[i];
    }
  }

  int64_t outer = 1;
  int64_t inner = 1;
};

absl::Status CheckSameSort(const std::vector<Operand>& operands) {
  for (const Operand& x : operands) {
    if (x.type == operands[0].type) continue;
    return absl::InvalidArgumentError(
        absl::StrCat("inputs are ", OnnxTypeName(operands[0].type), " and ",
                     OnnxTypeName(x.type), ": expected one type"));
  }
  return absl::OkStatus();
}

// The dimensions of all together; an error unless they are equal elsewhere.
absl::StatusOr<std::vector<int64_t>> JoinedDims(
    const std::vector<Operand>& operands, int64_t axis) {
  const auto at = static_cast<size_t>(axis);
  std::vector<int64_t> dims = operands[0].dims;
  dims[at] = 0;
  for (size_t i = 0; i < operands.size(); ++i) {
    std::vector<int64_t> others = operands[i].dims;
    const int64_t dim = at < others.size() ? others[at] : 0;
    if (at < others.size()) others[at] = dims[at];
    if (others != dims) {
      return absl::InvalidArgumentError(absl::StrCat(
          "input ", i, " has shape ", Shape(operands[i].dims).ToString(),
          ", input 0 ", Shape(operands[0].dims).ToString(),
          ": expected equal dimensions but along axis ", axis));
    }
    dims[at] += dim;  // each at most 2^31, of at most 2^31 inputs
  }
  RETURN_IF_ERROR(FixedShape(dims).status());
  return dims;
}

absl::Status ConcatArrays(OnnxNodeReader& node,
                          const std::vector<Operand>& operands, int64_t axis,
                          const std::vector<int64_t>& dims) {
  const Shape shape(dims);
  const bool sizes =
      std::any_of(operands.begin(), operands.end(),
                  [](const Operand& x) { return x.array->of_sizes(); });
  const OnnxArray& first = *operands[0].array;
  RETURN_IF_ERROR(node.graph().Charge(
      shape.num_elements() *
      static_cast<int64_t>(sizes ? sizeof(OnnxSize) : first.width())));
  OnnxArray joined =
      sizes ? OnnxArray::OfSizes(shape, first.type()) : first.Like(shape);
  // Nothing to go through, however many rows of nothing there are.
  if (shape.num_elements() == 0) return node.SetResult(std::move(joined));
  const Around around(dims, axis);
  const int64_t row = dims[static_cast<size_t>(axis)] * around.inner;
  int64_t column = 0;
  for (const Operand& x : operands) {
    const int64_t width = x.dims[static_cast<size_t>(axis)] * around.inner;
    for (int64_t o = 0; o < around.outer; ++o) {
      if (sizes) {
        for (int64_t i = 0; i < width; ++i) {
          joined.SetSize(o * row + column + i, x.array->SizeAt(o * width + i));
        }
      } else if (width > 0) {
        std::memcpy(
            joined.mutable_bytes() +
                static_cast<size_t>(o * row + column) * first.width(),
            x.array->bytes() + static_cast<size_t>(o * width) * first.width(),
            static_cast<size_t>(width) * first.width());
      }
    }
    column += width;
  }
  return node.SetResult(std::move(joined));
}

// Those without the batch beside those with it stand for every sample.
absl::StatusOr<std::vector<Value>> WithBatch(OnnxNodeReader& node,
                                             const std::vector<Operand>& all) {
  bool batch = false;
  bool symbolic = false;
  bool front = false;
  for (const Operand& x : all) {
    batch = batch || x.batch;
    symbolic = symbolic || x.symbolic;
    front = front || x.front > 0;
  }
  std::vector<Value> values;
  for (size_t i = 0; i < all.size(); ++i) {
    const Operand& x = all[i];
    ASSIGN_OR_RETURN(Value value, node.value(static_cast<int>(i)));
    const bool has = x.batch || x.front > 0;
    if (!has && symbolic) {
      return absl::UnimplementedError(
          absl::StrCat("input ", i, " of shape ", value.shape().ToString(),
                       " has no batch, others have"));
    }
    if (!has && (batch || front)) {
      std::vector<int64_t> dims = x.dims;
      if (front) dims.insert(dims.begin(), 1);
      dims[0] = kBatch;
      value = BroadcastTo(value, Shape(dims));
    }
    values.push_back(value);
  }
  return values;
}

}  // namespace

absl::Status Concat(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(node.num_inputs(), node.num_inputs()));
  const auto* attribute = node.Find("axis", onnx::AttributeProto::INT);
  RETURN_IF_ERROR(node.FinishAttributes());
  if (node.num_inputs() == 0) return absl::InvalidArgumentError("has no input");
  if (attribute == nullptr && node.opset() >= 4) {
    return absl::InvalidArgumentError("has no attribute 'axis'");
  }
  // Lists of them, while they are joined.
  constexpr int64_t kOperand =
      ListBytes(sizeof(Operand) + sizeof(Value) + sizeof(TensorType)) +
      HeapBytes(sizeof(int64_t));
  RETURN_IF_ERROR(node.graph().Charge(kOperand * node.num_inputs()));
  std::vector<Operand> operands;
  bool all_known = true;
  for (int i = 0; i < node.num_inputs(); ++i) {
    ASSIGN_OR_RETURN(Operand x, ReadOperand(node, i));
    all_known = all_known && x.array != nullptr;
    operands.push_back(std::move(x));
  }
  RETURN_IF_ERROR(CheckSameSort(operands));
  const int64_t axis_in_file = attribute == nullptr ? 1 : attribute->i();
  ASSIGN_OR_RETURN(const int64_t axis,
                   NormalizedAxis(axis_in_file, operands[0].rank()));
  ASSIGN_OR_RETURN(const std::vector<int64_t> dims, JoinedDims(operands, axis));
  if (operands.size() == 1) {
    return node.graph().SetAlias(node.output(), node.input(0));
  }
  if (all_known) return ConcatArrays(node, operands, axis, dims);
  ASSIGN_OR_RETURN(const std::vector<Value> values, WithBatch(node, operands));
  RETURN_IF_ERROR(node.graph().builder().status());
  const int rank = values[0].shape().rank();
  const int64_t in_front = rank - operands[0].rank();
  if (axis == 0 && in_front == 0 && values[0].shape().has_symbolic_batch()) {
    return BatchError("nothing can be put behind it");
  }
  return node.SetResult(espalier::Concat(values, axis + in_front, node.Name()),
                        0, operands[0].type);
}

namespace {

// Known indices along a dimension, from 0.
absl::StatusOr<std::vector<int64_t>> ReadIndices(OnnxNodeReader& node,
                                                 const OnnxArray& indices,
                                                 int64_t dim) {
  if (indices.type() != onnx::TensorProto::INT64 &&
      indices.type() != onnx::TensorProto::INT32) {
    return absl::InvalidArgumentError(
        absl::StrCat("input 1 is ", OnnxTypeName(indices.type()),
                     ": expected INT32 or INT64"));
  }
  RETURN_IF_ERROR(
      node.graph().Charge(indices.num_elements() * int64_t{sizeof(int64_t)}));
  std::vector<int64_t> at;
  for (int64_t i = 0; i < indices.num_elements(); ++i) {
    const OnnxSize index = indices.SizeAt(i);
    if (index.batch != 0) {
      return absl::UnimplementedError(
          "input 1 depends on the size N of the batch");
    }
    if (index.factor < -dim || index.factor >= dim) {
      return absl::InvalidArgumentError(absl::StrCat(
          "index ", index.factor, " along an axis of ", dim, " elements"));
    }
    at.push_back(index.factor < 0 ? index.factor + dim : index.factor);
  }
  return at;
}

absl::Status GatherArray(OnnxNodeReader& node, const Operand& x, int64_t axis,
                         const std::vector<int64_t>& indices,
                         const std::vector<int64_t>& dims) {
  ASSIGN_OR_RETURN(const Shape shape, FixedShape(dims));
  RETURN_IF_ERROR(ChargeFor(node, *x.array, shape));
  OnnxArray picked = x.array->Like(shape);
  if (shape.num_elements() == 0) return node.SetResult(std::move(picked));
  const Around around(x.dims, axis);
  const int64_t dim = x.dims[static_cast<size_t>(axis)];
  const size_t block = static_cast<size_t>(around.inner) * picked.width();
  char* write = picked.mutable_bytes();
  for (int64_t o = 0; o < around.outer; ++o) {
    for (const int64_t index : indices) {
      std::memcpy(
          write,
          x.array->bytes() + static_cast<size_t>(o * dim + index) * block,
          block);
      write += block;
    }
  }
  return node.SetResult(std::move(picked));
}

// Whether they are start, start + step, ... of a step that Slice has.
bool AreSteps(const std::vector<int64_t>& indices) {
  if (indices.empty()) return false;
  if (indices.size() == 1) return true;
  const int64_t step = indices[1] - indices[0];
  for (size_t i = 1; i < indices.size(); ++i) {
    if (indices[i] - indices[i - 1] != step) return false;
  }
  return step > 0;
}

// Of what is computed, by known indices of shape `shape`.
absl::Status GatherValue(OnnxNodeReader& node, const Operand& x, int64_t axis,
                         const std::vector<int64_t>& indices,
                         const Shape& shape, std::vector<int64_t> dims) {
  if (axis == 0 && x.batch) return BatchError("samples cannot be picked");
  const int64_t ours = axis + x.front;
  if (AreSteps(indices)) {
    const bool reshaped = shape.rank() != 1;
    const int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
    const Value y =
        espalier::Slice(x.value, {ours}, {indices[0]}, {indices.back() + 1},
                        {step}, reshaped ? "" : node.Name());
    RETURN_IF_ERROR(node.graph().builder().status());
    if (!reshaped) return node.SetResult(y, 0, x.type);
    ASSIGN_OR_RETURN(const Value z,
                     Reshaped(x, y, std::move(dims), node.Name()));
    return node.SetResult(z, 0, x.type);
  }
  // The op copies them.
  RETURN_IF_ERROR(node.graph().Charge(static_cast<int64_t>(indices.size()) *
                                      int64_t{2 * sizeof(int32_t)}));
  Tensor constant(DataType::kI32, shape);
  for (size_t i = 0; i < indices.size(); ++i) {
    constant.data<int32_t>()[i] = static_cast<int32_t>(indices[i]);
  }
  return node.SetResult(
      espalier::Gather(x.value, node.graph().builder().Constant(constant), ours,
                       node.Name()),
      0, x.type);
}

}  // namespace

absl::Status Gather(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  const int64_t axis_in_file = node.Int("axis", 0);
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(Operand x, ReadOperand(node, 0));
  ASSIGN_OR_RETURN(const Operand indices, ReadOperand(node, 1));
  ASSIGN_OR_RETURN(const int64_t axis, NormalizedAxis(axis_in_file, x.rank()));
  if (indices.array != nullptr) {
    const int64_t dim = x.dims[static_cast<size_t>(axis)];
    ASSIGN_OR_RETURN(const std::vector<int64_t> at,
                     ReadIndices(node, *indices.array, dim));
    std::vector<int64_t> dims = x.dims;
    dims.erase(dims.begin() + axis);
    dims.insert(dims.begin() + axis, indices.dims.begin(), indices.dims.end());
    return x.array != nullptr
               ? GatherArray(node, x, axis, at, dims)
               : GatherValue(node, x, axis, at, indices.array->shape(), dims);
  }
  if (indices.type != onnx::TensorProto::INT64 &&
      indices.type != onnx::TensorProto::INT32) {
    return absl::InvalidArgumentError(
        absl::StrCat("input 1 is ", OnnxTypeName(indices.type),
                     ": expected INT32 or INT64"));
  }
  if (x.array != nullptr) {
    if (x.array->is_floating()) {
      ASSIGN_OR_RETURN(x.value, node.graph().Table(node.input(0)));
    } else {
      ASSIGN_OR_RETURN(x.value, node.value(0));
    }
  }
  return node.SetResult(
      espalier::Gather(x.value, indices.value, axis + x.front, node.Name()), 0,
      x.type);
}

}  // namespace onnx_import
}  // namespace espalier
