#include "serialization/elements.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/half.h"

namespace espalier {
namespace {

constexpr int64_t kPiece = int64_t{256} << 10;

// `value` as To, or nothing when To cannot hold it.
template <typename To, typename From>
absl::optional<To> Convert(From value) {
  if constexpr (std::is_floating_point_v<To>) {
    const To converted = static_cast<To>(value);
    if constexpr (std::is_floating_point_v<From>) {
      if (std::isfinite(value) && !std::isfinite(converted)) {
        return absl::nullopt;
      }
    }
    return converted;
  } else {
    // Both limits are exact in From when it is float or double: the upper one
    // as the power of two above it.
    if constexpr (std::is_floating_point_v<From>) {
      if (!(value >= -0x1p31 && value < 0x1p31) || value != std::floor(value)) {
        return absl::nullopt;
      }
    } else if constexpr (std::is_signed_v<From>) {
      if (value < std::numeric_limits<To>::min() ||
          value > std::numeric_limits<To>::max()) {
        return absl::nullopt;
      }
    } else if (value > static_cast<uint32_t>(std::numeric_limits<To>::max())) {
      return absl::nullopt;
    }
    return static_cast<To>(value);
  }
}

std::string Printed(double value) { return absl::StrCat(value); }
std::string Printed(float value) { return absl::StrCat(value); }
template <typename T>
std::string Printed(T value) {
  return absl::StrCat(
      static_cast<std::conditional_t<std::is_signed_v<T>, int64_t, uint64_t>>(
          value));
}

// How the numbers of a type lie in a file.
template <typename T>
struct Plain {
  using Number = T;
  using Stored = T;
  static Number Value(Stored stored) { return stored; }
};
template <float (*kWiden)(uint16_t)>
struct Half {
  using Number = float;
  using Stored = uint16_t;
  static Number Value(Stored stored) { return kWiden(stored); }
};
struct Truth : Plain<uint8_t> {};

// Where the elements of a file lie in a tensor, which has them row by row: one
// after the other, from number `first` in the file on.
class Places {
 public:
  Places(const FileTensor& file, int64_t first)
      : shape_(file.shape), fortran_(file.fortran_order), place_(first) {
    if (!fortran_) return;
    int64_t stride = 1;
    for (int axis = shape_.rank() - 1; axis >= 0; --axis) {
      strides_[axis] = stride;
      stride *= shape_.dim(axis);
    }
    place_ = 0;
    for (int axis = 0; axis < shape_.rank(); ++axis) {
      index_[axis] = first % shape_.dim(axis);
      first /= shape_.dim(axis);
      place_ += index_[axis] * strides_[axis];
    }
  }

  int64_t place() const { return place_; }

  void Next() {
    if (!fortran_) {
      ++place_;
      return;
    }
    for (int axis = 0; axis < shape_.rank(); ++axis) {
      place_ += strides_[axis];
      if (++index_[axis] < shape_.dim(axis)) return;
      place_ -= index_[axis] * strides_[axis];
      index_[axis] = 0;
    }
  }

 private:
  const Shape shape_;
  const bool fortran_;
  std::array<int64_t, kMaxRank> strides_{};
  std::array<int64_t, kMaxRank> index_{};
  int64_t place_;
};

template <typename From, typename To>
absl::Status Fill(const FileTensor& file, const char* bytes, int64_t first,
                  int64_t count, Tensor* tensor) {
  using Stored = typename From::Stored;
  Places places(file, first);
  To* const elements = tensor->data<To>().data();
  for (int64_t i = 0; i < count; ++i, bytes += sizeof(Stored), places.Next()) {
    const auto value = From::Value(file.big_endian ? LoadBig<Stored>(bytes)
                                                   : LoadLittle<Stored>(bytes));
    absl::optional<To> converted = Convert<To>(value);
    absl::string_view expected = std::is_floating_point_v<To>
                                     ? "a number in the range of float32"
                                     : "a whole number in the range of int32";
    if constexpr (std::is_same_v<From, Truth>) {
      if (value > 1) converted.reset();
      expected = "a truth value, 0 or 1";
    }
    if (!converted.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat("element ", places.place(),
                                                     " is ", Printed(value),
                                                     ": expected ", expected));
    }
    elements[places.place()] = *converted;
  }
  return absl::OkStatus();
}

template <typename From>
constexpr ElementType Row(absl::string_view npy,
                          absl::string_view safetensors) {
  return {npy,
          safetensors,
          sizeof(typename From::Stored),
          std::is_floating_point_v<typename From::Number> ? DataType::kF32
                                                          : DataType::kI32,
          Fill<From, float>,
          Fill<From, int32_t>};
}

constexpr ElementType kElementTypes[] = {
    Row<Plain<float>>("f4", "F32"),    Row<Plain<double>>("f8", "F64"),
    Row<Half<HalfToFloat>>("", "F16"), Row<Half<Bfloat16ToFloat>>("", "BF16"),
    Row<Plain<int8_t>>("i1", "I8"),    Row<Plain<int16_t>>("i2", "I16"),
    Row<Plain<int32_t>>("i4", "I32"),  Row<Plain<int64_t>>("i8", "I64"),
    Row<Plain<uint8_t>>("u1", "U8"),   Row<Plain<uint16_t>>("u2", "U16"),
    Row<Plain<uint32_t>>("u4", "U32"), Row<Plain<uint64_t>>("u8", "U64"),
    Row<Truth>("b1", "BOOL"),
};

ElementType::Convert ConversionOf(const FileTensor& file, DataType wanted) {
  return wanted == DataType::kF32 ? file.element->to_f32 : file.element->to_i32;
}

// Whether a tensor's bytes are those of the file.
bool SameBytes(const FileTensor& file, DataType wanted) {
  const ElementType::Convert convert = ConversionOf(file, wanted);
  return !file.big_endian && !file.fortran_order &&
         (convert == Fill<Plain<float>, float> ||
          convert == Fill<Plain<int32_t>, int32_t>);
}

absl::Status SizeError(const FileTensor& file, absl::string_view found) {
  const ElementType& element = *file.element;
  return absl::DataLossError(absl::StrCat(
      found, " bytes follow the header: its shape ", file.shape.ToString(),
      " of ", element.npy.empty() ? element.safetensors : element.npy,
      " makes ", file.file_bytes()));
}

// Fills the buffer, of which `done` bytes came before.
absl::Status ReadAll(const FileTensor& file, int64_t done,
                     absl::Span<char> buffer, ByteStream* stream) {
  ASSIGN_OR_RETURN(const size_t got, stream->Read(buffer));
  if (got == buffer.size()) return absl::OkStatus();
  return SizeError(file, absl::StrCat(done + static_cast<int64_t>(got)));
}

}  // namespace

TensorType FileTensor::type() const { return {element->natural, shape}; }

// At most 2^40 elements, so neither overflows.
int64_t FileTensor::file_bytes() const {
  return shape.num_elements() * element->bytes;
}
int64_t FileTensor::tensor_bytes() const { return shape.num_elements() * 4; }

absl::Span<const ElementType> ElementTypes() { return kElementTypes; }

absl::Status CheckSize(const FileTensor& file, ByteStream::Left left) {
  const int64_t expected = file.file_bytes();
  if (left.least <= expected && expected <= left.most) return absl::OkStatus();
  return SizeError(
      file, absl::StrCat(left.least == left.most ? "" : "at most ", left.most));
}

absl::StatusOr<Tensor> ReadElements(const FileTensor& file, DataType wanted,
                                    ByteStream* stream) {
  RETURN_IF_ERROR(CheckSize(file, stream->left()));
  // Its memory is taken as it is filled.
  const auto bytes = static_cast<size_t>(file.tensor_bytes());
  Tensor tensor(wanted, file.shape, AllocateUnset(bytes));
  if (SameBytes(file, wanted)) {
    RETURN_IF_ERROR(ReadAll(
        file, 0, absl::MakeSpan(static_cast<char*>(tensor.raw()), bytes),
        stream));
  } else {
    const ElementType::Convert convert = ConversionOf(file, wanted);
    const int64_t bytes_each = file.element->bytes;
    const int64_t all = tensor.num_elements();
    const int64_t most = std::min(all, kPiece / bytes_each);
    std::vector<char> piece(static_cast<size_t>(most * bytes_each));
    for (int64_t done = 0; done < all;) {
      const int64_t count = std::min(most, all - done);
      const auto buffer =
          absl::MakeSpan(piece).first(static_cast<size_t>(count * bytes_each));
      RETURN_IF_ERROR(ReadAll(file, done * bytes_each, buffer, stream));
      RETURN_IF_ERROR(convert(file, buffer.data(), done, count, &tensor));
      done += count;
    }
  }
  char more;
  ASSIGN_OR_RETURN(const size_t got, stream->Read({&more, 1}));
  if (got == 0) return tensor;
  return SizeError(file, absl::StrCat("more than ", file.file_bytes()));
}

}  // namespace espalier
