#include "serialization/npy.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "absl/types/optional.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/file.h"
#include "serialization/gzip.h"

// The layout:
//   "\x93NUMPY", major, minor, length of the header (u16 for major 1, else
//   u32), the header, the elements.
// The header is the text of a Python dictionary with exactly these keys:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
namespace espalier {
namespace {

constexpr absl::string_view kMagic("\x93NUMPY", 6);

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

class HeaderParser {
 public:
  explicit HeaderParser(absl::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<Header> Parse() {
    RETURN_IF_ERROR(Expect("{"));
    while (!Accept("}")) {
      ASSIGN_OR_RETURN(const std::string key, String());
      RETURN_IF_ERROR(Expect(":"));
      RETURN_IF_ERROR(Value(key));
      if (!Accept(",")) {
        RETURN_IF_ERROR(Expect("}"));
        break;
      }
    }
    SkipSpace();
    if (!rest_.empty()) return Unexpected("the end of the header");
    if (!descr_ || !fortran_order_ || !shape_) {
      return absl::InvalidArgumentError(
          "the header lacks one of 'descr', 'fortran_order' and 'shape'");
    }
    return Header{*descr_, *fortran_order_, *shape_};
  }

 private:
  void SkipSpace() { rest_ = absl::StripLeadingAsciiWhitespace(rest_); }

  bool Accept(absl::string_view token) {
    SkipSpace();
    return absl::ConsumePrefix(&rest_, token);
  }

  absl::Status Unexpected(absl::string_view expected) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "character ", text_.size() - rest_.size(), " of the header: found ",
        Quoted(rest_.substr(0, 12)), ": expected ", expected));
  }

  absl::Status Expect(absl::string_view token) {
    if (Accept(token)) return absl::OkStatus();
    return Unexpected(absl::StrCat("'", token, "'"));
  }

  absl::StatusOr<std::string> String() {
    SkipSpace();
    const absl::string_view quote = rest_.substr(0, 1);
    const size_t end =
        quote == "'" || quote == "\"" ? rest_.find(quote, 1) : rest_.npos;
    if (end == rest_.npos) return Unexpected("text in quotes");
    std::string value(rest_.substr(1, end - 1));
    rest_.remove_prefix(end + 1);
    return value;
  }

  absl::Status Value(const std::string& key) {
    if (key == "descr" && !descr_) {
      if (Accept("[")) {
        return absl::UnimplementedError("structured elements are not read");
      }
      ASSIGN_OR_RETURN(descr_, String());
    } else if (key == "fortran_order" && !fortran_order_) {
      if (Accept("True")) {
        fortran_order_ = true;
      } else if (Accept("False")) {
        fortran_order_ = false;
      } else {
        return Unexpected("True or False");
      }
    } else if (key == "shape" && !shape_) {
      ASSIGN_OR_RETURN(shape_, ParseShape());
    } else {
      return absl::InvalidArgumentError(absl::StrCat(
          "the header has an unknown or a second key ", Quoted(key)));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Shape> ParseShape() {
    RETURN_IF_ERROR(Expect("("));
    std::array<int64_t, kMaxRank> dims{};
    int rank = 0;
    while (!Accept(")")) {
      if (rank == kMaxRank) {
        return absl::InvalidArgumentError(
            absl::StrCat("the array has more than ", kMaxRank, " dimensions"));
      }
      SkipSpace();
      const size_t digits =
          std::min(rest_.find_first_not_of("0123456789"), rest_.size());
      if (!absl::SimpleAtoi(rest_.substr(0, digits), &dims[rank])) {
        return Unexpected("a dimension");
      }
      rest_.remove_prefix(digits);
      ++rank;
      if (!Accept(",")) {
        RETURN_IF_ERROR(Expect(")"));
        break;
      }
    }
    const Shape shape(absl::MakeConstSpan(dims.data(), rank));
    RETURN_IF_ERROR(shape.Validate());
    return shape;
  }

  const absl::string_view text_;
  absl::string_view rest_;
  absl::optional<std::string> descr_;
  absl::optional<bool> fortran_order_;
  absl::optional<Shape> shape_;
};

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

// Where the elements of an array lie: `order` gives, for the elements in C
// order, their numbers in the file.
class ElementOrder {
 public:
  ElementOrder(const Shape& shape, bool fortran) : shape_(shape) {
    int64_t stride = 1;
    for (int i = 0; i < shape.rank(); ++i) {
      const int axis = fortran ? i : shape.rank() - 1 - i;
      strides_[axis] = stride;
      stride *= shape.dim(axis);
    }
  }

  int64_t number() const { return number_; }

  void Next() {
    for (int axis = shape_.rank() - 1; axis >= 0; --axis) {
      number_ += strides_[axis];
      if (++index_[axis] < shape_.dim(axis)) return;
      number_ -= index_[axis] * strides_[axis];
      index_[axis] = 0;
    }
  }

 private:
  const Shape shape_;
  std::array<int64_t, kMaxRank> strides_{};
  std::array<int64_t, kMaxRank> index_{};
  int64_t number_ = 0;
};

absl::Status CheckTruthValues(const Header& header,
                              absl::string_view elements) {
  ElementOrder order(header.shape, header.fortran_order);
  for (size_t i = 0; i < elements.size(); ++i, order.Next()) {
    const int value = static_cast<unsigned char>(
        elements[static_cast<size_t>(order.number())]);
    if (value <= 1) continue;
    return absl::InvalidArgumentError(absl::StrCat(
        "element ", i, " is ", value, ": expected a truth value, 0 or 1"));
  }
  return absl::OkStatus();
}

template <typename From, typename To>
absl::Status Fill(const Header& header, const char* elements, bool big,
                  Tensor* tensor) {
  ElementOrder order(header.shape, header.fortran_order);
  absl::Span<To> values = tensor->data<To>();
  for (size_t i = 0; i < values.size(); ++i, order.Next()) {
    const char* bytes =
        elements + static_cast<size_t>(order.number()) * sizeof(From);
    const From value = big ? LoadBig<From>(bytes) : LoadLittle<From>(bytes);
    const absl::optional<To> converted = Convert<To>(value);
    if (!converted.has_value()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "element ", i, " is ", Printed(value), ": expected ",
          std::is_floating_point_v<To> ? "a number in the range of float32"
                                       : "a whole number in the range of "
                                         "int32"));
    }
    values[i] = *converted;
  }
  return absl::OkStatus();
}

// What one element type of the format is and how a tensor is filled from it.
struct ElementType {
  absl::string_view name;  // `descr` without its byte order
  size_t size;
  DataType natural;
  absl::Status (*fill_f32)(const Header&, const char*, bool, Tensor*);
  absl::Status (*fill_i32)(const Header&, const char*, bool, Tensor*);
};

template <typename T>
constexpr ElementType Row(absl::string_view name) {
  return {name, sizeof(T),
          std::is_floating_point_v<T> ? DataType::kF32 : DataType::kI32,
          Fill<T, float>, Fill<T, int32_t>};
}

constexpr ElementType kElementTypes[] = {
    Row<float>("f4"),    Row<double>("f8"),   Row<int8_t>("i1"),
    Row<int16_t>("i2"),  Row<int32_t>("i4"),  Row<int64_t>("i8"),
    Row<uint8_t>("u1"),  Row<uint16_t>("u2"), Row<uint32_t>("u4"),
    Row<uint64_t>("u8"), Row<uint8_t>("b1"),
};

absl::StatusOr<const ElementType*> FindElementType(absl::string_view descr) {
  const absl::string_view order = descr.substr(0, 1);
  for (const ElementType& type : kElementTypes) {
    const bool known_order =
        order == "<" || order == ">" || (order == "|" && type.size == 1);
    if (known_order && descr.substr(1) == type.name) return &type;
  }
  return absl::UnimplementedError(
      absl::StrCat("elements of type ", Quoted(descr),
                   ": expected f4, f8, i1 to i8, u1 to u8 or b1"));
}

absl::StatusOr<Tensor> Parse(absl::string_view bytes,
                             absl::optional<DataType> wanted) {
  if (!absl::StartsWith(bytes, kMagic)) {
    return absl::InvalidArgumentError("is no NPY file: the magic is missing");
  }
  constexpr size_t kVersionEnd = 8;
  const int major =
      bytes.size() < kVersionEnd ? 1 : static_cast<unsigned char>(bytes[6]);
  if (major < 1 || major > 3) {
    return absl::UnimplementedError(
        absl::StrCat("has NPY format ", major, ": expected 1, 2 or 3"));
  }
  const size_t begin = kVersionEnd + (major == 1 ? 2 : 4);
  if (bytes.size() < begin) {
    return absl::DataLossError("ends inside its header");
  }
  const size_t length = major == 1
                            ? LoadLittle<uint16_t>(bytes.data() + kVersionEnd)
                            : LoadLittle<uint32_t>(bytes.data() + kVersionEnd);
  if (bytes.size() - begin < length) {
    return absl::DataLossError("ends inside its header");
  }
  ASSIGN_OR_RETURN(const Header header,
                   HeaderParser(bytes.substr(begin, length)).Parse());
  ASSIGN_OR_RETURN(const ElementType* type, FindElementType(header.descr));

  const absl::string_view elements = bytes.substr(begin + length);
  const absl::optional<int64_t> expected =
      CheckedMul(header.shape.num_elements(), static_cast<int64_t>(type->size));
  if (!expected.has_value() ||
      *expected != static_cast<int64_t>(elements.size())) {
    return absl::DataLossError(absl::StrCat(
        elements.size(), " bytes follow the header: its shape ",
        header.shape.ToString(), " of ", type->name, " makes ",
        expected.has_value() ? absl::StrCat(*expected) : "too many"));
  }
  if (type->name == "b1") RETURN_IF_ERROR(CheckTruthValues(header, elements));
  const DataType dtype = wanted.value_or(type->natural);
  Tensor tensor(dtype, header.shape);
  const bool big = header.descr[0] == '>';
  RETURN_IF_ERROR((dtype == DataType::kF32 ? type->fill_f32 : type->fill_i32)(
      header, elements.data(), big, &tensor));
  return tensor;
}

absl::StatusOr<Tensor> Read(const std::string& path,
                            absl::optional<DataType> wanted) {
  ASSIGN_OR_RETURN(const std::string bytes, ReadDataFile(path));
  absl::StatusOr<Tensor> tensor = Parse(bytes, wanted);
  if (tensor.ok()) return tensor;
  return Annotate(tensor.status(), absl::StrCat("read ", Quoted(path)));
}

}  // namespace

absl::StatusOr<Tensor> ReadNpy(const std::string& path) {
  return Read(path, absl::nullopt);
}

absl::StatusOr<Tensor> ReadNpyAs(const std::string& path, DataType dtype) {
  return Read(path, dtype);
}

std::string NpyHeader(const TensorType& type) {
  const Shape& shape = type.shape;
  std::string header = absl::StrCat(
      "{'descr': '", type.dtype == DataType::kF32 ? "<f4" : "<i4",
      "', 'fortran_order': False, 'shape': (",
      absl::StrJoin(shape.dims(), ", "), shape.rank() == 1 ? "," : "", "), }");
  // NumPy wants the elements to begin at a multiple of 64 bytes.
  const size_t before = kMagic.size() + 4;
  header.append(63 - (before + header.size()) % 64, ' ');
  header.push_back('\n');

  std::string bytes(kMagic);
  bytes.append("\x01\x00", 2);
  AppendLittle(&bytes, static_cast<uint16_t>(header.size()));
  return bytes + header;
}

absl::StatusOr<Tensor> ParseNpy(absl::string_view bytes) {
  return Parse(bytes, absl::nullopt);
}

absl::Status WriteNpy(const std::string& path, const TensorView& tensor) {
  const std::string header = NpyHeader({tensor.dtype(), tensor.shape()});
  const absl::string_view elements(
      static_cast<const char*>(tensor.raw()),
      static_cast<size_t>(tensor.shape().num_elements()) * 4);
  return WriteFile(path, FilePieces{header, elements});
}

}  // namespace espalier
