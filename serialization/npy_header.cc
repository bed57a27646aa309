#include "serialization/npy_header.h"

#include <array>
#include <cstdint>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/header_cursor.h"

// The layout:
//   "\x93NUMPY", major, minor, length of the header (u16 for major 1, else
//   u32), the header, the elements.
// The header is the text of a Python dictionary with exactly these keys:
//   {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }
namespace espalier {
namespace {

constexpr absl::string_view kMagic("\x93NUMPY", 6);
// A header without structured elements has far fewer.
constexpr size_t kMaxHeaderBytes = 65535;

struct HeaderFields {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

class HeaderParser {
 public:
  explicit HeaderParser(absl::string_view text) : header_(text) {}

  absl::StatusOr<HeaderFields> Parse() {
    RETURN_IF_ERROR(header_.Expect("{"));
    while (!header_.Accept("}")) {
      ASSIGN_OR_RETURN(const std::string key, String());
      RETURN_IF_ERROR(header_.Expect(":"));
      RETURN_IF_ERROR(Value(key));
      if (!header_.Accept(",")) {
        RETURN_IF_ERROR(header_.Expect("}"));
        break;
      }
    }
    RETURN_IF_ERROR(header_.ExpectEnd());
    if (!descr_ || !fortran_order_ || !shape_) {
      return absl::InvalidArgumentError(
          "the header lacks one of 'descr', 'fortran_order' and 'shape'");
    }
    return HeaderFields{*descr_, *fortran_order_, *shape_};
  }

 private:
  absl::StatusOr<std::string> String() {
    const char quote = header_.Accept("'") ? '\'' : '"';
    const bool quoted = quote == '\'' || header_.AcceptHere("\"");
    const absl::string_view rest = header_.rest();
    if (!quoted) return header_.Unexpected("text in quotes");
    const size_t end = rest.find(quote);
    if (end == rest.npos) return header_.Unexpected("text and its quote");
    header_.Pass(end + 1);
    return std::string(rest.substr(0, end));
  }

  absl::Status Value(const std::string& key) {
    if (key == "descr" && !descr_) {
      if (header_.Accept("[")) {
        return absl::UnimplementedError("structured elements are not read");
      }
      ASSIGN_OR_RETURN(descr_, String());
    } else if (key == "fortran_order" && !fortran_order_) {
      if (header_.Accept("True")) {
        fortran_order_ = true;
      } else if (header_.Accept("False")) {
        fortran_order_ = false;
      } else {
        return header_.Unexpected("True or False");
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
    RETURN_IF_ERROR(header_.Expect("("));
    std::vector<int64_t> dims;
    while (!header_.Accept(")")) {
      RETURN_IF_ERROR(header_.Dimension(&dims));
      if (!header_.Accept(",")) {
        // Of one dimension this is for Python no list but a number.
        RETURN_IF_ERROR(header_.Expect(dims.size() == 1 ? "," : ")"));
        break;
      }
    }
    const Shape shape(dims);
    RETURN_IF_ERROR(shape.Validate());
    return shape;
  }

  HeaderCursor header_;
  absl::optional<std::string> descr_;
  absl::optional<bool> fortran_order_;
  absl::optional<Shape> shape_;
};

absl::StatusOr<const ElementType*> FindElementType(absl::string_view descr) {
  const absl::string_view order = descr.substr(0, 1);
  for (const ElementType& type : ElementTypes()) {
    const bool known_order =
        order == "<" || order == ">" || (order == "|" && type.bytes == 1);
    if (known_order && !type.npy.empty() && descr.substr(1) == type.npy) {
      return &type;
    }
  }
  return absl::UnimplementedError(
      absl::StrCat("elements of type ", Quoted(descr),
                   ": expected f4, f8, i1 to i8, u1 to u8 or b1"));
}

}  // namespace

absl::StatusOr<FileTensor> ReadNpyHeader(ByteStream* stream) {
  constexpr absl::string_view kWhat = "its header";
  char begin[kMagic.size() + 2];  // with the version
  ASSIGN_OR_RETURN(const size_t got, stream->Read(absl::MakeSpan(begin)));
  if (!absl::StartsWith({begin, got}, kMagic)) {
    return absl::InvalidArgumentError("is no NPY file: the magic is missing");
  }
  const int major = got < sizeof(begin)
                        ? 1
                        : static_cast<unsigned char>(begin[kMagic.size()]);
  if (major < 1 || major > 3) {
    return absl::UnimplementedError(
        absl::StrCat("has NPY format ", major, ": expected 1, 2 or 3"));
  }
  std::array<char, 4> size = {};
  RETURN_IF_ERROR(ReadExactly(
      stream, absl::MakeSpan(size).first(major == 1 ? 2 : 4), kWhat));
  const auto length = LoadLittle<uint32_t>(size.data());
  if (length > kMaxHeaderBytes) {
    return absl::UnimplementedError(absl::StrCat("has a header of ", length,
                                                 " bytes: expected at most ",
                                                 kMaxHeaderBytes));
  }
  std::string text(length, '\0');
  RETURN_IF_ERROR(
      ReadExactly(stream, absl::MakeSpan(&text[0], text.size()), kWhat));
  ASSIGN_OR_RETURN(const HeaderFields fields, HeaderParser(text).Parse());
  FileTensor file;
  ASSIGN_OR_RETURN(file.element, FindElementType(fields.descr));
  file.shape = fields.shape;
  file.big_endian = fields.descr[0] == '>';
  file.fortran_order = fields.fortran_order;
  return file;
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

}  // namespace espalier
