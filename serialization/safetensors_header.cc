#include "serialization/safetensors_header.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/safetensors.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

void AppendUtf8(uint32_t code, std::string* text) {
  const auto add = [text](uint32_t byte) {
    text->push_back(static_cast<char>(byte));
  };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xC0 | code >> 6);
    add(0x80 | (code & 0x3F));
  } else if (code < 0x10000) {
    add(0xE0 | code >> 12);
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  } else {
    add(0xF0 | code >> 18);
    add(0x80 | (code >> 12 & 0x3F));
    add(0x80 | (code >> 6 & 0x3F));
    add(0x80 | (code & 0x3F));
  }
}

class Parser {
 public:
  explicit Parser(absl::string_view text) : text_(text), rest_(text) {}

  absl::StatusOr<std::vector<SafetensorsEntry>> Parse() {
    std::vector<SafetensorsEntry> entries;
    absl::flat_hash_set<std::string> names;
    // The format has no space before the first brace.
    if (text_.substr(0, 1) != "{") return Unexpected("'{'");
    RETURN_IF_ERROR(Members([&](std::string key) -> absl::Status {
      if (!names.insert(key).second) {
        return absl::InvalidArgumentError(
            absl::StrCat("tensor ", Quoted(key), " stands twice"));
      }
      if (key == "__metadata__") {
        return Members(
            [this](const std::string&) { return String().status(); });
      }
      if (entries.size() == kMaxSafetensors) {
        return absl::ResourceExhaustedError(absl::StrCat(
            "holds too many tensors: expected at most ", kMaxSafetensors));
      }
      SafetensorsEntry entry;
      entry.name = std::move(key);
      const absl::Status status = Entry(&entry);
      if (!status.ok()) {
        return Annotate(status, absl::StrCat("tensor ", Quoted(entry.name)));
      }
      entries.push_back(std::move(entry));
      return absl::OkStatus();
    }));
    SkipSpace();
    if (!rest_.empty()) return Unexpected("the end of the header");
    return entries;
  }

 private:
  void SkipSpace() {
    const size_t end = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(end == rest_.npos ? rest_.size() : end);
  }
  bool Accept(absl::string_view token) {
    SkipSpace();
    return absl::ConsumePrefix(&rest_, token);
  }
  absl::Status Unexpected(absl::string_view expected) const {
    return absl::InvalidArgumentError(absl::StrCat(
        "byte ", text_.size() - rest_.size(), " of the header: found ",
        Quoted(rest_.substr(0, 12)), ": expected ", expected));
  }
  absl::Status Expect(absl::string_view token) {
    if (Accept(token)) return absl::OkStatus();
    return Unexpected(absl::StrCat("'", token, "'"));
  }

  // The members of an object, whose values `value` reads by their keys.
  template <typename Value>
  absl::Status Members(Value value) {
    RETURN_IF_ERROR(Expect("{"));
    if (Accept("}")) return absl::OkStatus();
    do {
      ASSIGN_OR_RETURN(std::string key, String());
      RETURN_IF_ERROR(Expect(":"));
      RETURN_IF_ERROR(value(std::move(key)));
    } while (Accept(","));
    return Expect("}");
  }
  template <typename Value>
  absl::Status Elements(Value value) {
    RETURN_IF_ERROR(Expect("["));
    if (Accept("]")) return absl::OkStatus();
    do {
      RETURN_IF_ERROR(value());
    } while (Accept(","));
    return Expect("]");
  }

  absl::StatusOr<uint64_t> Number() {
    SkipSpace();
    size_t digits = rest_.find_first_not_of("0123456789");
    if (digits == rest_.npos) digits = rest_.size();
    uint64_t number = 0;
    const bool padded = digits > 1 && rest_[0] == '0';
    if (digits == 0 || padded ||
        !absl::SimpleAtoi(rest_.substr(0, digits), &number)) {
      return Unexpected("a whole number below 2^64");
    }
    rest_.remove_prefix(digits);
    return number;
  }

  absl::StatusOr<uint32_t> Hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      if (rest_.empty() ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(rest_[0]))) {
        return Unexpected("four hexadecimal digits");
      }
      const char digit =
          absl::ascii_tolower(static_cast<unsigned char>(rest_[0]));
      code = code * 16 + static_cast<uint32_t>(digit <= '9' ? digit - '0'
                                                            : digit - 'a' + 10);
      rest_.remove_prefix(1);
    }
    return code;
  }

  absl::Status Escape(std::string* value) {
    static constexpr absl::string_view kNames = "\"\\/bfnrt";
    static constexpr absl::string_view kMeant = "\"\\/\b\f\n\r\t";
    const size_t found = rest_.empty() ? kNames.npos : kNames.find(rest_[0]);
    if (found != kNames.npos) {
      value->push_back(kMeant[found]);
      rest_.remove_prefix(1);
      return absl::OkStatus();
    }
    if (!absl::ConsumePrefix(&rest_, "u")) return Unexpected("an escape");
    ASSIGN_OR_RETURN(uint32_t code, Hex4());
    if (code >= 0xD800 && code < 0xDC00 && absl::ConsumePrefix(&rest_, "\\u")) {
      ASSIGN_OR_RETURN(const uint32_t low, Hex4());
      if (low < 0xDC00 || low > 0xDFFF) return Unexpected("a low surrogate");
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(code, value);  // a lone surrogate is no UTF-8
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> String() {
    RETURN_IF_ERROR(Expect("\""));
    std::string value;
    while (true) {
      const size_t plain = rest_.find_first_of("\"\\");
      if (plain == rest_.npos) return Unexpected("the end of a text");
      const absl::string_view part = rest_.substr(0, plain);
      for (const char c : part) {
        if (static_cast<unsigned char>(c) < 0x20) {
          return Unexpected("no control character in a text");
        }
      }
      absl::StrAppend(&value, part);
      const bool ends = rest_[plain] == '"';
      rest_.remove_prefix(plain + 1);
      if (ends) break;
      RETURN_IF_ERROR(Escape(&value));
    }
    if (!IsUtf8(value)) {
      return absl::InvalidArgumentError(
          absl::StrCat("the text ", Quoted(value), " is not UTF-8"));
    }
    return value;
  }

  absl::Status Entry(SafetensorsEntry* entry) {
    absl::flat_hash_set<std::string> seen;
    RETURN_IF_ERROR(Members([&](const std::string& key) -> absl::Status {
      if (!seen.insert(key).second) {
        return absl::InvalidArgumentError(
            absl::StrCat(Quoted(key), " stands twice"));
      }
      if (key == "dtype") {
        ASSIGN_OR_RETURN(entry->dtype, String());
        return absl::OkStatus();
      }
      if (key == "shape") return ReadShape(&entry->shape);
      if (key == "data_offsets") return ReadOffsets(entry);
      return absl::InvalidArgumentError(
          absl::StrCat("unknown key ", Quoted(key),
                       ": expected dtype, shape and data_offsets"));
    }));
    if (seen.size() == 3) return absl::OkStatus();
    return absl::InvalidArgumentError(
        "lacks one of dtype, shape and data_offsets");
  }

  absl::Status ReadShape(Shape* shape) {
    std::array<int64_t, kMaxRank> dims{};
    int rank = 0;
    RETURN_IF_ERROR(Elements([&]() -> absl::Status {
      if (rank == kMaxRank) {
        return absl::InvalidArgumentError(
            absl::StrCat("has more than ", kMaxRank, " dimensions"));
      }
      ASSIGN_OR_RETURN(const uint64_t dim, Number());
      if (dim > static_cast<uint64_t>(kMaxDimension)) {
        return absl::InvalidArgumentError(
            absl::StrCat("dimension ", rank, " is ", dim, ": expected at most ",
                         kMaxDimension));
      }
      dims[static_cast<size_t>(rank++)] = static_cast<int64_t>(dim);
      return absl::OkStatus();
    }));
    *shape = Shape(absl::MakeConstSpan(dims.data(), static_cast<size_t>(rank)));
    return shape->Validate();
  }

  absl::Status ReadOffsets(SafetensorsEntry* entry) {
    std::vector<uint64_t> offsets;
    RETURN_IF_ERROR(Elements([&]() -> absl::Status {
      if (offsets.size() == 2) return Unexpected("two data_offsets");
      ASSIGN_OR_RETURN(offsets.emplace_back(), Number());
      return absl::OkStatus();
    }));
    if (offsets.size() != 2) return Unexpected("two data_offsets");
    entry->begin = offsets[0];
    entry->end = offsets[1];
    return absl::OkStatus();
  }

  const absl::string_view text_;
  absl::string_view rest_;
};

}  // namespace

absl::StatusOr<std::vector<SafetensorsEntry>> ParseSafetensorsHeader(
    absl::string_view text) {
  return Parser(text).Parse();
}

std::string JsonString(absl::string_view text) {
  std::string json = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      json.push_back('\\');
      json.push_back(c);
    } else if (static_cast<unsigned char>(c) < 0x20) {
      absl::StrAppendFormat(&json, "\\u%04x", static_cast<int>(c));
    } else {
      json.push_back(c);
    }
  }
  json.push_back('"');
  return json;
}

}  // namespace espalier
