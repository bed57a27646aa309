// Tensor: an owned array of f32 or i32 in row-major order, as users hand it in
// and get it out. TensorView: the same, not owned.
#ifndef ESPALIER_GRAPH_TENSOR_H_
#define ESPALIER_GRAPH_TENSOR_H_

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>

#include "absl/types/span.h"
#include "graph/shape.h"

namespace espalier {

// 64 bytes fill a cache line and the widest vector register.
inline constexpr size_t kTensorAlignment = 64;

// Zero-filled memory aligned to kTensorAlignment, freed with its owner.
struct AlignedFree {
  void operator()(void* memory) const;
};
using AlignedBytes = std::unique_ptr<unsigned char[], AlignedFree>;
AlignedBytes AllocateAligned(size_t bytes);
// The same with whatever it holds, for those who fill it: that saves a pass
// over the memory.
AlignedBytes AllocateUnset(size_t bytes);

// Element types as C++ types: DataTypeOf<float>() == DataType::kF32.
template <typename T>
constexpr DataType DataTypeOf();
template <>
constexpr DataType DataTypeOf<float>() {
  return DataType::kF32;
}
template <>
constexpr DataType DataTypeOf<int32_t>() {
  return DataType::kI32;
}

class Tensor {
 public:
  Tensor() : Tensor(DataType::kF32, Shape({0})) {}
  // Zero-filled. REQUIRES: shape.Validate() is OK, no symbolic batch.
  Tensor(DataType dtype, const Shape& shape);
  // REQUIRES: as many values as the shape has elements.
  Tensor(const Shape& shape, absl::Span<const float> values);
  Tensor(const Shape& shape, std::initializer_list<float> values)
      : Tensor(shape, absl::MakeConstSpan(values.begin(), values.size())) {}
  Tensor(const Shape& shape, absl::Span<const int32_t> values);
  // Takes the elements over, row by row. REQUIRES: as the first, and they are
  // from one of the functions above, with as many bytes as the tensor.
  Tensor(DataType dtype, const Shape& shape, AlignedBytes elements);
  static Tensor Scalar(float value);

  Tensor(const Tensor& other);
  Tensor& operator=(const Tensor& other);
  Tensor(Tensor&&) noexcept = default;
  Tensor& operator=(Tensor&&) noexcept = default;

  DataType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  TensorType type() const { return {dtype_, shape_}; }
  int64_t num_elements() const { return num_elements_; }
  size_t num_bytes() const { return static_cast<size_t>(num_elements_) * 4; }

  void* raw() { return data_.get(); }
  const void* raw() const { return data_.get(); }
  // REQUIRES: T is the element type.
  template <typename T>
  absl::Span<T> data() {
    RequireType(DataTypeOf<T>());
    return {static_cast<T*>(raw()), static_cast<size_t>(num_elements_)};
  }
  template <typename T>
  absl::Span<const T> data() const {
    RequireType(DataTypeOf<T>());
    return {static_cast<const T*>(raw()), static_cast<size_t>(num_elements_)};
  }

  // The same elements under another shape of as many; of a tensor that is not
  // needed any more they are not copied.
  Tensor Reshaped(const Shape& shape) const&;
  Tensor Reshaped(const Shape& shape) &&;

  // Same type and same bits (so NaN equals itself and 0 differs from -0).
  friend bool operator==(const Tensor& a, const Tensor& b);
  friend bool operator!=(const Tensor& a, const Tensor& b) { return !(a == b); }

 private:
  void RequireType(DataType dtype) const;

  DataType dtype_;
  Shape shape_;
  int64_t num_elements_;
  AlignedBytes data_;
};

// Elements that somebody else owns and keeps alive.
class TensorView {
 public:
  TensorView(const Tensor& tensor)  // NOLINT(google-explicit-constructor)
      : dtype_(tensor.dtype()), shape_(tensor.shape()), raw_(tensor.raw()) {}
  TensorView(DataType dtype, const Shape& shape, const void* raw)
      : dtype_(dtype), shape_(shape), raw_(raw) {}

  DataType dtype() const { return dtype_; }
  const Shape& shape() const { return shape_; }
  const void* raw() const { return raw_; }
  // REQUIRES: T is the element type.
  template <typename T>
  absl::Span<const T> data() const {
    return {static_cast<const T*>(raw_),
            static_cast<size_t>(shape_.num_elements())};
  }
  Tensor ToTensor() const;

 private:
  DataType dtype_;
  Shape shape_;
  const void* raw_;
};

}  // namespace espalier

#endif  // ESPALIER_GRAPH_TENSOR_H_
