#include "serialization/onnx/tensor_reader.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"

namespace espalier {
namespace {

using onnx::TensorProto;

// How elements of a type are stored: bytes in raw_data, and how many stand in
// the list of the type. 0 bytes: a type that is not read.
struct Storage {
  size_t raw_bytes;
  int listed;
};

Storage StorageOf(const TensorProto& tensor) {
  switch (tensor.data_type()) {
    case TensorProto::FLOAT:
      return {4, tensor.float_data_size()};
    case TensorProto::DOUBLE:
      return {8, tensor.double_data_size()};
    case TensorProto::INT64:
      return {8, tensor.int64_data_size()};
    case TensorProto::INT32:
      return {4, tensor.int32_data_size()};
    case TensorProto::FLOAT16:
      return {2, tensor.int32_data_size()};
    default:
      return {0, 0};
  }
}

int ListedElements(const TensorProto& tensor) {
  return tensor.float_data_size() + tensor.double_data_size() +
         tensor.int64_data_size() + tensor.int32_data_size() +
         tensor.uint64_data_size() + tensor.string_data_size();
}

float HalfToFloat(uint16_t half) {
  const int exponent = half >> 10 & 31;
  const int fraction = half & 1023;
  const float sign = (half & 0x8000) != 0 ? -1.0f : 1.0f;
  if (exponent == 31) {
    return fraction == 0 ? sign * std::numeric_limits<float>::infinity()
                         : std::numeric_limits<float>::quiet_NaN();
  }
  if (exponent == 0)
    return sign * std::ldexp(static_cast<float>(fraction), -24);
  return sign * std::ldexp(static_cast<float>(1024 + fraction), exponent - 25);
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
      return HalfToFloat(raw ? RawElement<uint16_t>(tensor, i)
                             : static_cast<uint16_t>(tensor.int32_data(at)));
  }
}

// Listed half floats are 16 bits each, in integers of 32.
absl::Status CheckListedHalves(const TensorProto& tensor) {
  if (tensor.data_type() != TensorProto::FLOAT16) return absl::OkStatus();
  for (const int32_t bits : tensor.int32_data()) {
    if (bits < 0 || bits > 0xFFFF) {
      return absl::InvalidArgumentError(absl::StrCat(
          "float16 element ", bits, ": expected 16 bits, 0 to 65535"));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFloat(const TensorProto& tensor) {
  if (IsOnnxFloat(tensor)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("elements have type ", tensor.data_type(),
                   ": expected numbers of floating point"));
}

}  // namespace

absl::Status CheckOnnxTensor(const TensorProto& tensor) {
  const Shape shape(absl::MakeConstSpan(tensor.dims()));
  RETURN_IF_ERROR(shape.Validate());
  if (shape.has_symbolic_batch()) {
    return absl::InvalidArgumentError("dimension 0 is -1");
  }
  if (tensor.data_location() == TensorProto::EXTERNAL ||
      tensor.external_data_size() > 0) {
    return absl::UnimplementedError(
        "its elements are in another file (external data): none is opened");
  }
  const Storage storage = StorageOf(tensor);
  if (storage.raw_bytes == 0) {
    return absl::UnimplementedError(
        absl::StrCat("elements of type ", tensor.data_type(),
                     " are not read: expected 1 (FLOAT), 6 (INT32), 7 (INT64), "
                     "10 (FLOAT16) or 11 (DOUBLE)"));
  }
  const int64_t elements = shape.num_elements();
  const auto describe = [&](absl::string_view found) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a tensor of shape ", shape.ToString(), " has ", found, ": expected ",
        elements, " elements of ", storage.raw_bytes, " bytes"));
  };
  RETURN_IF_ERROR(CheckListedHalves(tensor));
  if (tensor.has_raw_data()) {
    // At most 2^40 elements, so this does not overflow.
    if (ListedElements(tensor) > 0) {
      return describe("elements in two places");
    }
    if (static_cast<int64_t>(tensor.raw_data().size()) !=
        elements * static_cast<int64_t>(storage.raw_bytes)) {
      return describe(absl::StrCat(tensor.raw_data().size(), " bytes"));
    }
    return absl::OkStatus();
  }
  if (ListedElements(tensor) != storage.listed) {
    return describe("elements of another type");
  }
  if (storage.listed != elements) {
    return describe(absl::StrCat(storage.listed, " elements"));
  }
  return absl::OkStatus();
}

Shape OnnxShape(const TensorProto& tensor) {
  return Shape(absl::MakeConstSpan(tensor.dims()));
}

bool IsOnnxFloat(const TensorProto& tensor) {
  return tensor.data_type() == TensorProto::FLOAT ||
         tensor.data_type() == TensorProto::DOUBLE ||
         tensor.data_type() == TensorProto::FLOAT16;
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
  const bool wide = tensor.data_type() == TensorProto::INT64;
  if (!wide && tensor.data_type() != TensorProto::INT32) {
    return absl::InvalidArgumentError(absl::StrCat(
        "elements have type ", tensor.data_type(), ": expected integers"));
  }
  std::vector<int64_t> values;
  const int64_t elements = OnnxShape(tensor).num_elements();
  const bool raw = tensor.has_raw_data();
  for (int64_t i = 0; i < elements; ++i) {
    const int at = static_cast<int>(i);
    if (raw) {
      values.push_back(wide ? RawElement<int64_t>(tensor, i)
                            : RawElement<int32_t>(tensor, i));
    } else {
      values.push_back(wide ? tensor.int64_data(at) : tensor.int32_data(at));
    }
  }
  return values;
}

}  // namespace espalier
