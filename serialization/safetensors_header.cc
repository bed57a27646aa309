#include "serialization/safetensors_header.h"

#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/header_cursor.h"
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
  explicit Parser(absl::string_view text) : header_(text) {}

  absl::StatusOr<std::vector<SafetensorsEntry>> Parse() {
    std::vector<SafetensorsEntry> entries;
    absl::flat_hash_set<std::string> names;
    // The format has no space before the first brace.
    if (!absl::StartsWith(header_.rest(), "{")) {
      return header_.Unexpected("'{'");
    }
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
    RETURN_IF_ERROR(header_.ExpectEnd());
    return entries;
  }

 private:
  // The members of an object, whose values `value` reads by their keys.
  template <typename Value>
  absl::Status Members(Value value) {
    RETURN_IF_ERROR(header_.Expect("{"));
    if (header_.Accept("}")) return absl::OkStatus();
    do {
      ASSIGN_OR_RETURN(std::string key, String());
      RETURN_IF_ERROR(header_.Expect(":"));
      RETURN_IF_ERROR(value(std::move(key)));
    } while (header_.Accept(","));
    return header_.Expect("}");
  }
  template <typename Value>
  absl::Status Elements(Value value) {
    RETURN_IF_ERROR(header_.Expect("["));
    if (header_.Accept("]")) return absl::OkStatus();
    do {
      RETURN_IF_ERROR(value());
    } while (header_.Accept(","));
    return header_.Expect("]");
  }

  absl::StatusOr<uint32_t> Hex4() {
    uint32_t code = 0;
    for (int i = 0; i < 4; ++i) {
      const absl::string_view rest = header_.rest();
      if (rest.empty() ||
          !absl::ascii_isxdigit(static_cast<unsigned char>(rest[0]))) {
        return header_.Unexpected("four hexadecimal digits");
      }
      const char digit =
          absl::ascii_tolower(static_cast<unsigned char>(rest[0]));
      code = code * 16 + static_cast<uint32_t>(digit <= '9' ? digit - '0'
                                                            : digit - 'a' + 10);
      header_.Pass(1);
    }
    return code;
  }

  absl::Status Escape(std::string* value) {
    static constexpr absl::string_view kNames = "\"\\/bfnrt";
    static constexpr absl::string_view kMeant = "\"\\/\b\f\n\r\t";
    const absl::string_view rest = header_.rest();
    const size_t found = rest.empty() ? kNames.npos : kNames.find(rest[0]);
    if (found != kNames.npos) {
      value->push_back(kMeant[found]);
      header_.Pass(1);
      return absl::OkStatus();
    }
    if (!header_.AcceptHere("u")) return header_.Unexpected("an escape");
    ASSIGN_OR_RETURN(uint32_t code, Hex4());
    if (code >= 0xD800 && code < 0xDC00 && header_.AcceptHere("\\u")) {
      ASSIGN_OR_RETURN(const uint32_t low, Hex4());
      if (low < 0xDC00 || low > 0xDFFF) {
        return header_.Unexpected("a low surrogate");
      }
      code = 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00);
    }
    AppendUtf8(code, value);  // a lone surrogate is no UTF-8
    return absl::OkStatus();
  }

  absl::StatusOr<std::string> String() {
    RETURN_IF_ERROR(header_.Expect("\""));
    std::string value;
    while (true) {
      const absl::string_view rest = header_.rest();
      const size_t plain = rest.find_first_of("\"\\");
      if (plain == rest.npos) return header_.Unexpected("the end of a text");
      const absl::string_view part = rest.substr(0, plain);
      for (const char c : part) {
        if (static_cast<unsigned char>(c) < 0x20) {
          return header_.Unexpected("no control character in a text");
        }
      }
      absl::StrAppend(&value, part);
      const bool ends = rest[plain] == '"';
      header_.Pass(plain + 1);
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
    std::vector<int64_t> dims;
    RETURN_IF_ERROR(Elements([&] { return header_.Dimension(&dims); }));
    *shape = Shape(dims);
    return shape->Validate();
  }

  absl::Status ReadOffsets(SafetensorsEntry* entry) {
    std::vector<uint64_t> offsets;
    RETURN_IF_ERROR(Elements([&]() -> absl::Status {
      if (offsets.size() == 2) return header_.Unexpected("two data_offsets");
      ASSIGN_OR_RETURN(offsets.emplace_back(), header_.Number("an offset"));
      return absl::OkStatus();
    }));
    if (offsets.size() != 2) return header_.Unexpected("two data_offsets");
    entry->begin = offsets[0];
    entry->end = offsets[1];
    return absl::OkStatus();
  }

  HeaderCursor header_;
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
