#include "graph/tensor.h"

#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include "absl/base/config.h"
#include "graph/alignment.h"
#include "graph/check.h"

#ifdef ABSL_HAVE_ADDRESS_SANITIZER
#include <sanitizer/asan_interface.h>
#endif

namespace espalier {
namespace {

// aligned_alloc wants a multiple of the alignment; one line at least keeps the
// pointer of an empty tensor valid.
size_t Rounded(size_t bytes) {
  const size_t alignment = AlignmentOf(bytes);
  return (bytes / alignment + 1) * alignment;
}

// What the rounding adds belongs to nobody: a sanitizer reports its use.
AlignedBytes WithoutRest(AlignedBytes memory, [[maybe_unused]] size_t bytes) {
#ifdef ABSL_HAVE_ADDRESS_SANITIZER
  ASAN_POISON_MEMORY_REGION(memory.get() + bytes, Rounded(bytes) - bytes);
#endif
  return memory;
}

AlignedBytes Allocate(size_t bytes) {
  auto* memory = static_cast<unsigned char*>(
      std::aligned_alloc(AlignmentOf(bytes), Rounded(bytes)));
  if (memory == nullptr) throw std::bad_alloc();
  return AlignedBytes(memory);
}

}  // namespace

void AlignedFree::operator()(void* memory) const { std::free(memory); }

AlignedBytes AllocateUnset(size_t bytes) {
  return WithoutRest(Allocate(bytes), bytes);
}

AlignedBytes AllocateAligned(size_t bytes) {
  AlignedBytes memory = Allocate(bytes);
  std::memset(memory.get(), 0, Rounded(bytes));
  return WithoutRest(std::move(memory), bytes);
}

Tensor::Tensor(DataType dtype, const Shape& shape)
    : dtype_(dtype),
      shape_(shape),
      num_elements_(shape.num_elements()),
      data_(AllocateAligned(num_bytes())) {}

Tensor::Tensor(const Shape& shape, absl::Span<const float> values)
    : Tensor(DataType::kF32, shape) {
  ESPALIER_CHECK(values.size() == static_cast<size_t>(num_elements_));
  if (!values.empty()) std::memcpy(raw(), values.data(), num_bytes());
}

Tensor::Tensor(const Shape& shape, absl::Span<const int32_t> values)
    : Tensor(DataType::kI32, shape) {
  ESPALIER_CHECK(values.size() == static_cast<size_t>(num_elements_));
  if (!values.empty()) std::memcpy(raw(), values.data(), num_bytes());
}

Tensor::Tensor(DataType dtype, const Shape& shape, AlignedBytes elements)
    : dtype_(dtype),
      shape_(shape),
      num_elements_(shape.num_elements()),
      data_(std::move(elements)) {}

Tensor Tensor::Scalar(float value) {
  return Tensor(Shape(), absl::MakeConstSpan(&value, 1));
}

Tensor::Tensor(const Tensor& other)
    : Tensor(other.dtype_, other.shape_, AllocateUnset(other.num_bytes())) {
  std::memcpy(raw(), other.raw(), num_bytes());
}

Tensor& Tensor::operator=(const Tensor& other) {
  if (this != &other) *this = Tensor(other);
  return *this;
}

Tensor Tensor::Reshaped(const Shape& shape) const& {
  return Tensor(*this).Reshaped(shape);
}

Tensor Tensor::Reshaped(const Shape& shape) && {
  ESPALIER_CHECK(shape.num_elements() == num_elements_);
  shape_ = shape;
  return std::move(*this);
}

bool operator==(const Tensor& a, const Tensor& b) {
  return a.type() == b.type() &&
         std::memcmp(a.raw(), b.raw(), a.num_bytes()) == 0;
}

void Tensor::RequireType(DataType dtype) const {
  ESPALIER_CHECK(dtype_ == dtype);
}

Tensor TensorView::ToTensor() const {
  Tensor tensor(dtype_, shape_);
  std::memcpy(tensor.raw(), raw_, tensor.num_bytes());
  return tensor;
}

}  // namespace espalier
