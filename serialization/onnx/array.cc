#include "serialization/onnx/array.h"

#include <cstring>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "ops/axes.h"
#include "serialization/bytes.h"
#include "serialization/half.h"

namespace espalier {

using onnx::TensorProto;

size_t OnnxWidth(int type) {
  switch (type) {
    case TensorProto::BOOL:
    case TensorProto::INT8:
    case TensorProto::UINT8:
      return 1;
    case TensorProto::BFLOAT16:
    case TensorProto::FLOAT16:
      return 2;
    case TensorProto::FLOAT:
    case TensorProto::INT32:
      return 4;
    case TensorProto::DOUBLE:
    case TensorProto::INT64:
      return 8;
    default:
      return 0;
  }
}

std::string OnnxTypeName(int type) {
  return TensorProto::DataType_IsValid(type)
             ? TensorProto::DataType_Name(
                   static_cast<TensorProto::DataType>(type))
             : absl::StrCat("type ", type);
}

OnnxArray::OnnxArray(int type, const Shape& shape)
    : type_(type),
      shape_(shape),
      width_(OnnxWidth(type)),
      owned_(width_ * static_cast<size_t>(shape.num_elements()), '\0') {}

OnnxArray OnnxArray::OfSizes(const Shape& shape, int type) {
  OnnxArray array(type, Shape({0}));
  array.of_sizes_ = true;
  array.shape_ = shape;
  array.width_ = sizeof(OnnxSize);
  array.owned_.assign(array.width_ * static_cast<size_t>(shape.num_elements()),
                      '\0');
  return array;
}

OnnxArray::OnnxArray(int type, const Shape& shape, absl::string_view bytes)
    : type_(type), shape_(shape), width_(OnnxWidth(type)), view_(bytes) {}

std::string OnnxArray::TakeBytes() {
  return owned_.empty() ? std::string(view_) : std::move(owned_);
}

OnnxArray OnnxArray::Like(const Shape& shape) const {
  return of_sizes_ ? OfSizes(shape, type_) : OnnxArray(type_, shape);
}

int64_t OnnxArray::IntAt(int64_t i) const {
  const char* at = bytes() + static_cast<size_t>(i) * width_;
  switch (type_) {
    case TensorProto::INT64:
      return LoadLittle<int64_t>(at);
    case TensorProto::INT32:
      return LoadLittle<int32_t>(at);
    case TensorProto::INT8:
      return LoadLittle<int8_t>(at);
    default:
      return LoadLittle<uint8_t>(at);
  }
}

OnnxSize OnnxArray::SizeAt(int64_t i) const {
  if (!of_sizes_) return {IntAt(i), 0};
  return LoadLittle<OnnxSize>(bytes() + static_cast<size_t>(i) * width_);
}

double OnnxArray::FloatAt(int64_t i) const {
  const char* at = bytes() + static_cast<size_t>(i) * width_;
  switch (type_) {
    case TensorProto::FLOAT:
      return LoadLittle<float>(at);
    case TensorProto::DOUBLE:
      return LoadLittle<double>(at);
    case TensorProto::BFLOAT16:
      return Bfloat16ToFloat(LoadLittle<uint16_t>(at));
    default:
      return HalfToFloat(LoadLittle<uint16_t>(at));
  }
}

void OnnxArray::SetSize(int64_t i, const OnnxSize& size) {
  ESPALIER_CHECK(of_sizes_);
  std::memcpy(mutable_bytes() + static_cast<size_t>(i) * width_, &size,
              sizeof(size));
}

bool OnnxArray::DependsOnBatch() const {
  for (int64_t i = 0; of_sizes_ && i < num_elements(); ++i) {
    if (SizeAt(i).batch != 0) return true;
  }
  return false;
}

OnnxArray OnnxArray::Fixed() const {
  OnnxArray fixed(type_, shape_);
  char* write = fixed.mutable_bytes();
  for (int64_t i = 0; i < num_elements(); ++i) {
    const int64_t size = SizeAt(i).factor;
    std::memcpy(write, &size, fixed.width());  // its lower bytes
    write += fixed.width();
  }
  return fixed;
}

bool OnnxArray::is_floating() const {
  return type_ == TensorProto::FLOAT || type_ == TensorProto::DOUBLE ||
         type_ == TensorProto::FLOAT16 || type_ == TensorProto::BFLOAT16;
}

bool OnnxArray::is_integral() const { return !is_floating(); }

OnnxArray CopyView(const OnnxArray& from, const OnnxView& view) {
  OnnxArray to = from.Like(view.shape);
  const int64_t elements = view.shape.num_elements();
  if (elements == 0) return to;
  const size_t width = from.width();
  const int last = view.shape.rank() - 1;
  // Rows along the last axis at once where they lie together.
  const int64_t row = last < 0 ? 1 : view.shape.dim(last);
  const int64_t step = last < 0 ? 1 : view.strides[static_cast<size_t>(last)];
  std::vector<int64_t> at(static_cast<size_t>(view.shape.rank()), 0);
  int64_t source = view.offset;
  char* write = to.mutable_bytes();
  for (int64_t done = 0; done < elements; done += row) {
    const auto copy = [&](int64_t element, size_t bytes) {
      std::memcpy(write, from.bytes() + static_cast<size_t>(element) * width,
                  bytes);
      write += bytes;
    };
    if (step == 1) {
      copy(source, width * static_cast<size_t>(row));
    } else {
      for (int64_t i = 0; i < row; ++i) copy(source + i * step, width);
    }
    for (int axis = last - 1; axis >= 0; --axis) {
      const auto a = static_cast<size_t>(axis);
      source += view.strides[a];
      if (++at[a] < view.shape.dim(axis)) break;
      source -= at[a] * view.strides[a];
      at[a] = 0;
    }
  }
  return to;
}

std::vector<int64_t> BroadcastStrides(const Shape& from, const Shape& to) {
  std::vector<int64_t> strides = RowMajorStrides(from);
  for (int i = 0; i < from.rank(); ++i) {
    if (from.dim(i) == 1) strides[static_cast<size_t>(i)] = 0;
  }
  strides.insert(strides.begin(), static_cast<size_t>(to.rank() - from.rank()),
                 0);
  return strides;
}

OnnxArray FloatsOf(const OnnxArray& array) {
  OnnxArray floats(onnx::TensorProto::FLOAT, array.shape());
  for (int64_t i = 0; i < array.num_elements(); ++i) {
    const auto value = static_cast<float>(array.FloatAt(i));
    std::memcpy(floats.mutable_bytes() + static_cast<size_t>(i) * sizeof(value),
                &value, sizeof(value));
  }
  return floats;
}

}  // namespace espalier
