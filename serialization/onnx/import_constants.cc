// Ops that give constants, and numbers as another type.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/integers.h"
#include "ops/reduce.h"
#include "serialization/onnx/import_operand.h"
#include "serialization/onnx/import_rows.h"
#include "serialization/onnx/left_elements.h"
#include "serialization/onnx/tensor_reader.h"

namespace espalier {
namespace onnx_import {
namespace {

using onnx::AttributeProto;
using onnx::TensorProto;

TensorProto Scalar(TensorProto::DataType type) {
  TensorProto tensor;
  tensor.set_data_type(type);
  return tensor;
}

// Dimensions of a shape that is known for each batch size.
struct Target {
  std::vector<int64_t> dims;  // of one sample
  bool batch = false;         // whether dims[0] stands for N
};

absl::StatusOr<Target> ReadTarget(OnnxNodeReader& node, int i) {
  ASSIGN_OR_RETURN(const std::vector<OnnxSize> sizes, node.Sizes(i));
  Target target;
  for (const OnnxSize& size : sizes) {
    if (size.batch != 0) {
      if (!target.dims.empty() || size.factor != 1) {
        return absl::UnimplementedError(absl::StrCat(
            "dimension ", target.dims.size(),
            " depends on the size N of the batch: expected N in front"));
      }
      target.batch = true;
    }
    target.dims.push_back(size.factor);
  }
  return target;
}

// x along `dims`, of which the first may be N.
absl::Status SetStretched(OnnxNodeReader& node, const Value& x,
                          std::vector<int64_t> dims, bool batch, int type) {
  RETURN_IF_ERROR(FixedShape(dims).status());
  if (batch) dims[0] = kBatch;
  return node.SetResult(BroadcastTo(x, Shape(dims), node.Name()), 0, type);
}

// Writes integers of one type, each within its range.
class IntegerWriter {
 public:
  IntegerWriter(int type, const Shape& shape) : array_(type, shape) {}

  absl::Status Add(int64_t value) {
    int64_t kept = value;
    switch (array_.type()) {
      case TensorProto::INT32:
        kept = static_cast<int32_t>(value);
        break;
      case TensorProto::INT8:
        kept = static_cast<int8_t>(value);
        break;
      case TensorProto::UINT8:
        kept = static_cast<uint8_t>(value);
        break;
      case TensorProto::BOOL:
        kept = value = value != 0 ? 1 : 0;
        break;
      default:
        break;
    }
    if (kept != value) {
      return absl::InvalidArgumentError(absl::StrCat(
          "element ", value, " is beyond ", OnnxTypeName(array_.type())));
    }
    std::memcpy(array_.mutable_bytes() + done_, &kept, array_.width());
    done_ += array_.width();
    return absl::OkStatus();
  }
  OnnxArray Finish() { return std::move(array_); }

 private:
  OnnxArray array_;
  size_t done_ = 0;
};

absl::Status CastToIntegers(OnnxNodeReader& node, const OnnxArray& x, int to) {
  IntegerWriter writer(to, x.shape());
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    int64_t value = 0;
    if (x.is_integral()) {
      value = x.IntAt(i);
    } else if (to == TensorProto::BOOL) {
      value = x.FloatAt(i) != 0 ? 1 : 0;
    } else {
      const double whole = std::trunc(x.FloatAt(i));
      if (!(whole >= -0x1p63 && whole < 0x1p63)) {
        return absl::InvalidArgumentError(absl::StrCat(
            "element ", x.FloatAt(i), " is beyond ", OnnxTypeName(to)));
      }
      value = static_cast<int64_t>(whole);
    }
    RETURN_IF_ERROR(writer.Add(value));
  }
  return node.SetResult(writer.Finish());
}

absl::Status CastToFloats(OnnxNodeReader& node, const OnnxArray& x, int to) {
  OnnxArray y(to, x.shape());
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    char* at = y.mutable_bytes() + static_cast<size_t>(i) * y.width();
    if (to == TensorProto::DOUBLE) {
      const double value =
          x.is_integral() ? static_cast<double>(x.IntAt(i)) : x.FloatAt(i);
      std::memcpy(at, &value, sizeof(value));
      continue;
    }
    const float value = x.is_integral() ? static_cast<float>(x.IntAt(i))
                                        : static_cast<float>(x.FloatAt(i));
    if (x.is_floating() && std::isinf(value) && !std::isinf(x.FloatAt(i))) {
      return absl::InvalidArgumentError(
          absl::StrCat("element ", x.FloatAt(i), " is beyond float32"));
    }
    std::memcpy(at, &value, sizeof(value));
  }
  return node.SetResult(std::move(y));
}

absl::Status CastSizes(OnnxNodeReader& node, const OnnxArray& x, int to) {
  if (to != TensorProto::INT32 && to != TensorProto::INT64) {
    return absl::UnimplementedError(absl::StrCat(
        "input 0 depends on the size N of the batch: to ", OnnxTypeName(to)));
  }
  RETURN_IF_ERROR(ChargeFor(node, x, x.shape()));
  OnnxArray y = OnnxArray::OfSizes(x.shape(), to);
  for (int64_t i = 0; i < x.num_elements(); ++i) {
    const OnnxSize size = x.SizeAt(i);
    if (to == TensorProto::INT32 &&
        size.factor != static_cast<int32_t>(size.factor)) {
      return absl::InvalidArgumentError(
          absl::StrCat("element ", size.factor, " is beyond INT32"));
    }
    y.SetSize(i, size);
  }
  return node.SetResult(std::move(y));
}

absl::Status CastArray(OnnxNodeReader& node, const OnnxArray& x, int to) {
  if (x.of_sizes()) return CastSizes(node, x, to);
  RETURN_IF_ERROR(node.graph().Charge(x.num_elements() *
                                      static_cast<int64_t>(OnnxWidth(to))));
  switch (to) {
    case TensorProto::FLOAT:
    case TensorProto::DOUBLE:
      return CastToFloats(node, x, to);
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
    case TensorProto::INT32:
    case TensorProto::INT64:
      return CastToIntegers(node, x, to);
    default:
      return absl::UnimplementedError(
          absl::StrCat("to ", OnnxTypeName(to),
                       ": expected FLOAT, DOUBLE, BOOL, INT8, UINT8, INT32 or "
                       "INT64"));
  }
}

bool IsWideInteger(int type) {
  return type == TensorProto::INT32 || type == TensorProto::INT64;
}

// Of what is computed: where float32 and int32 hold what the types of the file
// hold.
absl::Status CastValue(OnnxNodeReader& node, const Operand& x, int to) {
  const bool wide = to == TensorProto::FLOAT || to == TensorProto::DOUBLE;
  if (to == TensorProto::FLOAT16 || to == TensorProto::BFLOAT16) {
    return absl::UnimplementedError(
        absl::StrCat("to ", OnnxTypeName(to),
                     ": nothing is computed in 16 bits, expected FLOAT"));
  }
  if (wide && (x.type == TensorProto::FLOAT || x.type == TensorProto::DOUBLE)) {
    return node.SetResult(x.value, 0, to);
  }
  if (wide && !IsOnnxFloat(x.type)) {
    return node.SetResult(espalier::Cast(x.value, DataType::kF32, node.Name()),
                          0, to);
  }
  if (to == x.type || (IsWideInteger(to) && !IsOnnxFloat(x.type))) {
    return node.SetResult(x.value, 0, to);
  }
  if (to == TensorProto::INT32 && x.type == TensorProto::FLOAT) {
    return node.SetResult(espalier::Cast(x.value, DataType::kI32, node.Name()),
                          0, to);
  }
  return absl::UnimplementedError(absl::StrCat(
      "from ", OnnxTypeName(x.type), " to ", OnnxTypeName(to),
      ": of what is not constant, it would not keep every number"));
}

}  // namespace

absl::Status Cast(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  const int64_t to = node.Int("to", 0);
  node.Int("saturate", 1);  // of types that are not read
  RETURN_IF_ERROR(node.FinishAttributes());
  if (to < 1 || to > std::numeric_limits<int>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("attribute 'to' is ", to, ": expected a type"));
  }
  // Weights stay what they are in the file, and where.
  if (to == TensorProto::FLOAT && node.constant(0) != nullptr &&
      OnnxLeftElements::MayStay(*node.constant(0))) {
    return node.graph().SetFloatAlias(node.output(), node.input(0));
  }
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  if (x.array != nullptr) {
    return CastArray(node, *x.array, static_cast<int>(to));
  }
  return CastValue(node, x, static_cast<int>(to));
}

absl::Status Constant(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(0, 0));
  TensorProto tensor;
  if (const auto* value = node.Find("value", AttributeProto::TENSOR)) {
    RETURN_IF_ERROR(node.FinishAttributes());
    return node.graph().SetFileConstant(node.output(), value->t());
  }
  if (const auto* number = node.Find("value_float", AttributeProto::FLOAT)) {
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

absl::Status ConstantOfShape(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  TensorProto fill = Scalar(TensorProto::FLOAT);
  fill.add_float_data(0);
  if (const auto* value = node.Find("value", AttributeProto::TENSOR)) {
    RETURN_IF_ERROR(CheckOnnxTensor(value->t()));
    if (OnnxShape(value->t()).num_elements() != 1) {
      return absl::InvalidArgumentError(
          absl::StrCat("attribute 'value' has shape ",
                       OnnxShape(value->t()).ToString(), ": expected [1]"));
    }
    fill = value->t();
    fill.clear_dims();
  }
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Target target, ReadTarget(node, 0));
  ASSIGN_OR_RETURN(const Shape shape, FixedShape(target.dims));
  const OnnxArray number = ReadOnnxArray(fill);
  if (target.batch) {
    if (!number.is_floating()) {
      return absl::UnimplementedError(absl::StrCat(
          OnnxTypeName(number.type()), " elements for each sample"));
    }
    ASSIGN_OR_RETURN(const Tensor scalar, ReadOnnxFloats(fill));
    return SetStretched(node, node.graph().builder().Constant(scalar),
                        target.dims, true, number.type());
  }
  RETURN_IF_ERROR(ChargeFor(node, number, shape));
  return node.SetResult(
      CopyView(number, {shape, 0, BroadcastStrides(number.shape(), shape)}));
}

absl::Status Expand(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(2, 2));
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(Operand x, ReadOperand(node, 0));
  ASSIGN_OR_RETURN(const Target target, ReadTarget(node, 1));
  ASSIGN_OR_RETURN(const Shape wanted, FixedShape(target.dims));
  ASSIGN_OR_RETURN(const Shape shape, BroadcastShapes(Shape(x.dims), wanted));
  std::vector<int64_t> dims(shape.dims().begin(), shape.dims().end());
  if (x.array != nullptr && !target.batch) {
    RETURN_IF_ERROR(ChargeFor(node, *x.array, shape));
    return node.SetResult(CopyView(
        *x.array, {shape, 0, BroadcastStrides(x.array->shape(), shape)}));
  }
  const bool in_front = (!x.batch || shape.rank() == x.rank()) &&
                        (!target.batch || shape.rank() == wanted.rank()) &&
                        (!(x.batch || target.batch) || dims[0] == 1) &&
                        (x.front == 0 || !target.batch);
  if (!in_front) {
    return absl::UnimplementedError(
        absl::StrCat("from [", x.batch ? "N" : "", "...] to rank ",
                     shape.rank(), ": the batch would not stay in front"));
  }
  if (x.array != nullptr) {
    ASSIGN_OR_RETURN(x.value, node.value(0));
  }
  if (x.front == 0) {
    return SetStretched(node, x.value, std::move(dims), x.batch || target.batch,
                        x.type);
  }
  // Ours has the batch before all that is stretched.
  std::vector<int64_t> aligned = x.dims;
  aligned.insert(aligned.begin(), dims.size() - aligned.size(), 1);
  ASSIGN_OR_RETURN(const Value y, Reshaped(x, x.value, aligned, ""));
  dims.insert(dims.begin(), 1);
  return SetStretched(node, y, std::move(dims), true, x.type);
}

absl::Status Identity(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  RETURN_IF_ERROR(node.FinishAttributes());
  return node.graph().SetAlias(node.output(), node.input(0));
}

absl::Status ShapeOf(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  int64_t start = node.Int("start", 0);
  int64_t end = node.Int("end", std::numeric_limits<int64_t>::max());
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  const int64_t rank = x.rank();
  const auto clamped = [&](int64_t at) {
    if (at < 0) at += rank;
    return at < 0 ? int64_t{0} : std::min(at, rank);
  };
  start = clamped(start);
  end = std::max(start, clamped(end));
  OnnxArray sizes = OnnxArray::OfSizes(Shape({end - start}));
  for (int64_t i = start; i < end; ++i) {
    sizes.SetSize(i - start, {x.dims[static_cast<size_t>(i)],
                              i == 0 && x.symbolic ? 1 : 0});
  }
  return node.SetResult(std::move(sizes));
}

absl::Status Size(OnnxNodeReader& node) {
  RETURN_IF_ERROR(node.CheckArity(1, 1));
  RETURN_IF_ERROR(node.FinishAttributes());
  ASSIGN_OR_RETURN(const Operand x, ReadOperand(node, 0));
  OnnxArray size = OnnxArray::OfSizes(Shape());
  size.SetSize(0, {Shape(x.dims).num_elements(), x.symbolic ? 1 : 0});
  return node.SetResult(std::move(size));
}

}  // namespace onnx_import
}  // namespace espalier
