#include "serialization/wire.h"

#include <google/protobuf/message.h>
#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <array>
#include <bitset>
#include <limits>
#include <string>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/planted_bug.h"
#include "graph/status_macros.h"
#include "serialization/memory_budget.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;

WireType WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return WireType::kFixed32;
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return WireType::kFixed64;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return WireType::kBytes;
    default:
      return WireType::kVarint;
  }
}

// Protobuf cuts an oversized varint to the field's type in silence.
bool Fits(uint64_t varint, const FieldDescriptor& field) {
  const auto value = static_cast<int64_t>(varint);
  switch (field.type()) {
    case FieldDescriptor::TYPE_BOOL:
      return varint <= 1;
    case FieldDescriptor::TYPE_UINT32:
    case FieldDescriptor::TYPE_SINT32:
      return varint <= std::numeric_limits<uint32_t>::max();
    case FieldDescriptor::TYPE_INT32:
      return value >= std::numeric_limits<int32_t>::min() &&
             value <= std::numeric_limits<int32_t>::max();
    case FieldDescriptor::TYPE_ENUM:
      return value >= std::numeric_limits<int32_t>::min() &&
             value <= std::numeric_limits<int32_t>::max() &&
             field.enum_type()->FindValueByNumber(static_cast<int>(value)) !=
                 nullptr;
    default:
      return true;
  }
}

// What an element takes in memory.
int64_t WidthOf(const FieldDescriptor& field) {
  switch (field.cpp_type()) {
    case FieldDescriptor::CPPTYPE_INT64:
    case FieldDescriptor::CPPTYPE_UINT64:
    case FieldDescriptor::CPPTYPE_DOUBLE:
      return 8;
    case FieldDescriptor::CPPTYPE_STRING:
    case FieldDescriptor::CPPTYPE_MESSAGE:
      return sizeof(void*);
    default:
      return 4;
  }
}

// A list of protobuf's, so far.
struct List {
  int64_t elements = 0;
  int64_t bytes = 0;  // that it has room for, with its header
};

// A string that is assigned to makes room for twice what it has in place.
int64_t MemoryOf(absl::string_view text) {
  constexpr size_t kInPlace = 15;
  constexpr int64_t kString = HeapBytes(sizeof(std::string));
  if (text.size() <= kInPlace) return kString;
  const auto size = static_cast<int64_t>(text.size());
  return kString + HeapBytes(std::max(size, int64_t{2 * kInPlace}) + 1);
}

class Scanner {
 public:
  Scanner(const WireLimits& limits, MemoryBudget* memory, UnknownFields unknown)
      : left_(limits), memory_(*memory), unknown_(unknown) {}

  absl::Status Message(WireReader reader, const Descriptor& type) {
    Marks seen;
    Marks chosen;
    Lists lists;
    int64_t unknown = 0;
    RETURN_IF_ERROR(memory_.Charge(HeapBytes(SizeOf(type))));
    while (!reader.done()) {
      if (--left_.fields < 0) {
        return absl::ResourceExhaustedError("holds too many fields");
      }
      ASSIGN_OR_RETURN(const WireTag tag, reader.Tag());
      const FieldDescriptor* field =
          type.FindFieldByNumber(static_cast<int>(tag.field));
      if (field == nullptr && unknown_ == UnknownFields::kSkip) {
        RETURN_IF_ERROR(Skip(&reader, tag.type, unknown++));
        continue;
      }
      if (field == nullptr) {
        return reader.Error(absl::StrCat("field ", tag.field, " of ",
                                         type.name(), " is unknown"));
      }
      RETURN_IF_ERROR(Once(reader, *field, seen, &chosen));
      Mark(&seen, field->index());
      RETURN_IF_ERROR(Value(&reader, tag, *field,
                            &lists[static_cast<size_t>(field->index())]));
    }
    return absl::OkStatus();
  }

 private:
  // By index in the schema: fields, or oneofs, of one message.
  using Marks = std::bitset<64>;
  using Lists = std::array<List, 64>;

  // False when it was marked before.
  static bool Mark(Marks* marks, int index) {
    const auto i = static_cast<size_t>(index);
    ESPALIER_CHECK(i < marks->size());
    if (marks->test(i)) return false;
    marks->set(i);
    return true;
  }

  static std::string Name(const FieldDescriptor& field) {
    return absl::StrCat("field ", field.number(), " (", field.name(), ") of ",
                        field.containing_type()->name());
  }

  // `more` elements that protobuf makes room for at once.
  absl::Status Grow(const FieldDescriptor& field, int64_t more, List* list) {
    constexpr int64_t kHeader = 8;
    list->elements += more;
    const int64_t bytes = kHeader + list->elements * WidthOf(field);
    if (bytes <= list->bytes) return absl::OkStatus();
    const int64_t before = list->bytes == 0 ? 0 : HeapBytes(list->bytes);
    list->bytes = std::max({2 * list->bytes, 2 * kHeader, bytes});
    return memory_.Replace(before, HeapBytes(list->bytes));
  }

  int64_t SizeOf(const Descriptor& type) {
    int64_t& size = sizes_[&type];
    if (size == 0) {
      size = static_cast<int64_t>(
          google::protobuf::MessageFactory::generated_factory()
              ->GetPrototype(&type)
              ->SpaceUsedLong());
    }
    return size;
  }

  // Of a repeated singular field protobuf keeps the last one in silence.
  static absl::Status Once(const WireReader& reader,
                           const FieldDescriptor& field, const Marks& seen,
                           Marks* chosen) {
    if (field.is_repeated()) return absl::OkStatus();
    if (seen.test(static_cast<size_t>(field.index())) && !PlantedBug(2)) {
      return reader.Error(absl::StrCat(Name(field), " stands twice"));
    }
    if (field.containing_oneof() != nullptr &&
        !Mark(chosen, field.containing_oneof()->index())) {
      return reader.Error(absl::StrCat(
          Name(field), ": another member of its oneof is set already"));
    }
    return absl::OkStatus();
  }

  absl::Status Value(WireReader* reader, const WireTag& tag,
                     const FieldDescriptor& field, List* list) {
    const WireType expected = WireTypeOf(field);
    if (field.is_packable() && tag.type == WireType::kBytes) {
      ASSIGN_OR_RETURN(const absl::string_view packed, reader->Bytes());
      return Packed(packed, reader->place() - packed.size(), field, list);
    }
    if (tag.type != expected) {
      return reader->Error(absl::StrCat(
          Name(field), " has wire type ", static_cast<int>(tag.type),
          ": expected ", static_cast<int>(expected)));
    }
    if (field.is_repeated()) RETURN_IF_ERROR(Grow(field, 1, list));
    if (expected != WireType::kBytes) return Scalar(reader, field);
    ASSIGN_OR_RETURN(const absl::string_view bytes, reader->Bytes());
    if (field.type() == FieldDescriptor::TYPE_STRING && !IsUtf8(bytes)) {
      return reader->Error(absl::StrCat(Name(field), " is not UTF-8"));
    }
    if (field.type() == FieldDescriptor::TYPE_MESSAGE) {
      return Message(WireReader(bytes, reader->place() - bytes.size()),
                     *field.message_type());
    }
    return memory_.Charge(MemoryOf(bytes));
  }

  absl::Status Packed(absl::string_view packed, size_t offset,
                      const FieldDescriptor& field, List* list) {
    WireReader reader(packed, offset);
    const auto bytes = static_cast<int64_t>(packed.size());
    // Protobuf knows how many there are where all are of one size.
    const bool counted = WireTypeOf(field) != WireType::kVarint;
    if (counted && bytes > 0) {
      RETURN_IF_ERROR(Grow(field, bytes / WidthOf(field), list));
    }
    while (!reader.done()) {
      if (--left_.packed < 0) {
        return absl::ResourceExhaustedError("holds too many list elements");
      }
      if (!counted) RETURN_IF_ERROR(Grow(field, 1, list));
      RETURN_IF_ERROR(Scalar(&reader, field));
    }
    return absl::OkStatus();
  }

  static absl::Status Scalar(WireReader* reader, const FieldDescriptor& field) {
    const WireType type = WireTypeOf(field);
    if (type != WireType::kVarint) return reader->SkipNumber(type);
    ASSIGN_OR_RETURN(const uint64_t varint, reader->Varint());
    if (Fits(varint, field)) return absl::OkStatus();
    return reader->Error(
        absl::StrCat(Name(field), " is ", static_cast<int64_t>(varint),
                     ": expected a value of type ", field.type_name()));
  }

  // Protobuf keeps what it does not know in a list, which has `before`.
  absl::Status Skip(WireReader* reader, WireType type, int64_t before) {
    constexpr int64_t kOne = sizeof(google::protobuf::UnknownField);
    constexpr int64_t kList = HeapBytes(32);
    if (before == 0) RETURN_IF_ERROR(memory_.Charge(kList));
    RETURN_IF_ERROR(memory_.Replace(GrownListBytes(before, kOne),
                                    GrownListBytes(before + 1, kOne)));
    if (type != WireType::kBytes) return reader->SkipNumber(type);
    ASSIGN_OR_RETURN(const absl::string_view bytes, reader->Bytes());
    return memory_.Charge(MemoryOf(bytes));
  }

  WireLimits left_;
  MemoryBudget& memory_;
  const UnknownFields unknown_;
  absl::flat_hash_map<const Descriptor*, int64_t> sizes_;
};

}  // namespace

absl::Status WireReader::Error(absl::string_view what) const {
  return absl::InvalidArgumentError(absl::StrCat("byte ", place(), ": ", what));
}

absl::Status WireReader::LengthError(uint64_t length, int64_t left) const {
  return Error(
      absl::StrCat("a length of ", length, " with ", left, " bytes left"));
}

absl::StatusOr<uint64_t> WireReader::Varint() {
  uint64_t value = 0;
  for (size_t i = 0; i < 10 && i < rest_.size(); ++i) {
    const auto byte = static_cast<unsigned char>(rest_[i]);
    // The tenth byte has room for one bit.
    if (i == 9 && byte > 1) break;
    value |= uint64_t{byte & 0x7Fu} << (7 * i);
    if ((byte & 0x80) == 0) {
      rest_.remove_prefix(i + 1);
      return value;
    }
  }
  return Error("a number does not end");
}

absl::StatusOr<WireTag> WireReader::Tag() {
  constexpr uint64_t kLargest = (uint64_t{1} << 29) - 1;
  const WireReader before = *this;
  ASSIGN_OR_RETURN(const uint64_t tag, Varint());
  const uint64_t field = tag >> 3;
  const auto type = static_cast<int>(tag & 7);
  if (field == 0 || field > kLargest || type == 3 || type == 4 || type > 5) {
    return before.Error(absl::StrCat("no field begins here (number ", field,
                                     ", wire type ", type, ")"));
  }
  return WireTag{static_cast<uint32_t>(field), static_cast<WireType>(type)};
}

absl::StatusOr<absl::string_view> WireReader::Fixed(size_t size) {
  if (rest_.size() < size && !PlantedBug(1)) {
    return Error("a value does not end");
  }
  const absl::string_view value = rest_.substr(0, size);
  rest_.remove_prefix(size);
  return value;
}

absl::StatusOr<absl::string_view> WireReader::Bytes() {
  const WireReader before = *this;
  ASSIGN_OR_RETURN(const uint64_t size, Varint());
  if (size > rest_.size()) {
    return before.LengthError(size, static_cast<int64_t>(rest_.size()));
  }
  return Fixed(static_cast<size_t>(size));
}

absl::Status WireReader::SkipNumber(WireType type) {
  switch (type) {
    case WireType::kVarint:
      return Varint().status();
    case WireType::kFixed32:
      return Fixed(4).status();
    case WireType::kFixed64:
      return Fixed(8).status();
    case WireType::kBytes:
      break;
  }
  ESPALIER_CHECK(false);
  return absl::OkStatus();
}

void AppendVarint(uint64_t value, std::string* bytes) {
  for (; value >= 0x80; value >>= 7) {
    bytes->push_back(static_cast<char>(value | 0x80));
  }
  bytes->push_back(static_cast<char>(value));
}

absl::Status ScanWire(absl::string_view bytes, const Descriptor& type,
                      const WireLimits& limits, MemoryBudget* memory,
                      UnknownFields unknown) {
  return Scanner(limits, memory, unknown).Message(WireReader(bytes), type);
}

}  // namespace espalier
