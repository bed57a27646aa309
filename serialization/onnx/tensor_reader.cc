#include "serialization/onnx/tensor_reader.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/half.h"

namespace espalier {
namespace {

using onnx::TensorProto;

// How elements of a type are stored in int32_data and its like: how many are
// there, and between what.
struct Listed {
  int elements = 0;
  int64_t least = std::numeric_limits<int64_t>::min();
  int64_t most = std::numeric_limits<int64_t>::max();
};

Listed ListedOf(const TensorProto& tensor) {
  const int small = tensor.int32_data_size();
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return {tensor.float_data_size()};
    case TensorProto::DOUBLE:
      return {tensor.double_data_size()};
    case TensorProto::INT64:
      return {tensor.int64_data_size()};
    case TensorProto::BOOL:
      return {small, 0, 1};
    case TensorProto::INT8:
      return {small, -128, 127};
    case TensorProto::UINT8:
      return {small, 0, 255};
    case TensorProto::BFLOAT16:
    case TensorProto::FLOAT16:
      return {small, 0, 0xFFFF};  // the bits of each
    default:
      return {small};
  }
}

int ListedElements(const TensorProto& tensor) {
  return tensor.float_data_size() + tensor.double_data_size() +
         tensor.int64_data_size() + tensor.int32_data_size() +
         tensor.uint64_data_size() + tensor.string_data_size();
}

absl::StatusOr<float> DoubleToFloat(double value) {
  const auto result = static_cast<float>(value);
  if (std::isfinite(value) && !std::isfinite(result)) {
    return absl::InvalidArgumentError(
        absl::StrCat("element ", value, " is beyond float32"));
  }
  return result;
}

template <typename T>
T RawElement(const TensorProto& tensor, int64_t i) {
  return LoadLittle<T>(tensor.raw_data().data() +
                       static_cast<size_t>(i) * sizeof(T));
}

absl::StatusOr<float> FloatElement(const TensorProto& tensor, int64_t i) {
  const bool raw = tensor.has_raw_data();
  const int at = static_cast<int>(i);
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return raw ? RawElement<float>(tensor, i) : tensor.float_data(at);
    case TensorProto::DOUBLE:
      return DoubleToFloat(raw ? RawElement<double>(tensor, i)
                               : tensor.double_data(at));
    default:
      break;
  }
  const uint16_t bits = raw ? RawElement<uint16_t>(tensor, i)
                            : static_cast<uint16_t>(tensor.int32_data(at));
  return tensor.data_type() == TensorProto::BFLOAT16 ? Bfloat16ToFloat(bits)
                                                     : HalfToFloat(bits);
}

absl::Status RangeError(const TensorProto& tensor, int64_t element,
                        const Listed& listed) {
  return absl::InvalidArgumentError(
      absl::StrCat(OnnxTypeName(tensor.data_type()), " element ", element,
                   ": expected ", listed.least, " to ", listed.most));
}

// Elements of fewer bits are listed in integers of 32; a bool is 0 or 1.
absl::Status CheckRange(const TensorProto& tensor, const Listed& listed) {
  for (const int32_t element : tensor.int32_data()) {
    if (element < listed.least || element > listed.most) {
      return RangeError(tensor, element, listed);
    }
  }
  if (tensor.data_type() != TensorProto::BOOL) return absl::OkStatus();
  for (const char byte : tensor.raw_data()) {
    if (byte < 0 || byte > 1) {
      return RangeError(tensor, static_cast<unsigned char>(byte), listed);
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFloat(const TensorProto& tensor) {
  if (IsOnnxFloat(tensor)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("elements are ", OnnxTypeName(tensor.data_type()),
                   ": expected numbers of floating point"));
}

}  // namespace

absl::Status CheckOnnxTensor(const TensorProto& tensor, int64_t left_bytes) {
  const Shape shape(absl::MakeConstSpan(tensor.dims()));
  RETURN_IF_ERROR(shape.Validate());
  if (shape.has_symbolic_batch()) {
    return absl::InvalidArgumentError("dimension 0 is -1");
  }
  if (tensor.data_location() == TensorProto::EXTERNAL ||
      tensor.external_data_size() > 0) {
    return absl::UnimplementedError(
        "its elements are in another file (external data), and none is opened "
        "here");
  }
  const Listed listed = ListedOf(tensor);
  const size_t width = OnnxWidth(tensor.data_type());
  if (width == 0) {
    return absl::UnimplementedError(absl::StrCat(
        "elements of type ", tensor.data_type(),
        " are not read: expected 1 (FLOAT), 2 (UINT8), 3 (INT8), 6 (INT32), 7 "
        "(INT64), 9 (BOOL), 10 (FLOAT16), 11 (DOUBLE) or 16 (BFLOAT16)"));
  }
  const int64_t elements = shape.num_elements();
  const auto describe = [&](absl::string_view found) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a tensor of shape ", shape.ToString(), " has ", found, ": expected ",
        elements, " elements of ", width, " bytes"));
  };
  RETURN_IF_ERROR(CheckRange(tensor, listed));
  if (tensor.has_raw_data() || left_bytes > 0) {
    // At most 2^40 elements, so this does not overflow.
    if (ListedElements(tensor) > 0 ||
        (tensor.has_raw_data() && left_bytes > 0)) {
      return describe("elements in two places");
    }
    const int64_t bytes =
        left_bytes + static_cast<int64_t>(tensor.raw_data().size());
    if (bytes != elements * static_cast<int64_t>(width)) {
      return describe(absl::StrCat(bytes, " bytes"));
    }
    return absl::OkStatus();
  }
  if (ListedElements(tensor) != listed.elements) {
    return describe("elements of another type");
  }
  if (listed.elements != elements) {
    return describe(absl::StrCat(listed.elements, " elements"));
  }
  return absl::OkStatus();
}

Shape OnnxShape(const TensorProto& tensor) {
  return Shape(absl::MakeConstSpan(tensor.dims()));
}

bool IsOnnxFloat(const TensorProto& tensor) {
  return IsOnnxFloat(tensor.data_type());
}

bool IsOnnxFloat(int type) {
  return type == TensorProto::FLOAT || type == TensorProto::DOUBLE ||
         type == TensorProto::FLOAT16 || type == TensorProto::BFLOAT16;
}

absl::StatusOr<Tensor> ReadOnnxFloats(const TensorProto& tensor) {
  RETURN_IF_ERROR(CheckFloat(tensor));
  Tensor result(DataType::kF32, OnnxShape(tensor));
  for (int64_t i = 0; i < result.num_elements(); ++i) {
    ASSIGN_OR_RETURN(result.data<float>()[static_cast<size_t>(i)],
                     FloatElement(tensor, i));
  }
  return result;
}

absl::StatusOr<Tensor> ReadOnnxMatrix(const TensorProto& tensor, bool transpose,
                                      float factor) {
  RETURN_IF_ERROR(CheckFloat(tensor));
  const int64_t rows = tensor.dims(0);
  const int64_t columns = tensor.dims(1);
  Tensor result(DataType::kF32,
                transpose ? Shape({columns, rows}) : Shape({rows, columns}));
  const absl::Span<float> values = result.data<float>();
  for (int64_t i = 0; i < rows; ++i) {
    for (int64_t j = 0; j < columns; ++j) {
      ASSIGN_OR_RETURN(const float value,
                       FloatElement(tensor, i * columns + j));
      values[static_cast<size_t>(transpose ? j * rows + i : i * columns + j)] =
          factor * value;
    }
  }
  return result;
}

absl::StatusOr<std::vector<int64_t>> ReadOnnxInts(const TensorProto& tensor) {
  if (tensor.data_type() != TensorProto::INT64 &&
      tensor.data_type() != TensorProto::INT32) {
    return absl::InvalidArgumentError(
        absl::StrCat("elements are ", OnnxTypeName(tensor.data_type()),
                     ": expected integers"));
  }
  const OnnxArray array = ReadOnnxArray(tensor);
  std::vector<int64_t> values;
  for (int64_t i = 0; i < array.num_elements(); ++i) {
    values.push_back(array.IntAt(i));
  }
  return values;
}

absl::StatusOr<Tensor> ReadOnnxIntegers(const TensorProto& tensor) {
  const OnnxArray array = ReadOnnxArray(tensor);
  Tensor result(DataType::kI32, array.shape());
  for (int64_t i = 0; i < array.num_elements(); ++i) {
    const int64_t value = array.IntAt(i);
    const auto narrow = static_cast<int32_t>(value);
    if (narrow != value) {
      return absl::InvalidArgumentError(
          absl::StrCat("element ", value, " is beyond int32"));
    }
    result.data<int32_t>()[static_cast<size_t>(i)] = narrow;
  }
  return result;
}

OnnxArray ReadOnnxArray(const TensorProto& tensor) {
  const Shape shape = OnnxShape(tensor);
  const int type = tensor.data_type();
  if (tensor.has_raw_data()) return {type, shape, tensor.raw_data()};
  OnnxArray array(type, shape);
  char* write = array.mutable_bytes();
  const auto store = [&](const auto& elements) {
    for (const auto element : elements) {
      std::memcpy(write, &element, array.width());  // its lower bytes
      write += array.width();
    }
  };
  store(tensor.float_data());
  store(tensor.double_data());
  store(tensor.int64_data());
  store(tensor.int32_data());
  return array;
}

}  // namespace espalier
