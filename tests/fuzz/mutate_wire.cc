#include <google/protobuf/unknown_field_set.h>

#include <string>
#include <vector>

#include "tests/fuzz/mutators.h"

namespace espalier {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::UnknownField;
using ::google::protobuf::UnknownFieldSet;

const Descriptor* MessageIn(const UnknownField& field, const Descriptor& type) {
  if (field.type() != UnknownField::TYPE_LENGTH_DELIMITED) return nullptr;
  const FieldDescriptor* known = type.FindFieldByNumber(field.number());
  return known == nullptr ? nullptr : known->message_type();
}

// The field under this number.
void AddUnder(int number, const UnknownField& field, UnknownFieldSet* fields) {
  switch (field.type()) {
    case UnknownField::TYPE_VARINT:
      fields->AddVarint(number, field.varint());
      return;
    case UnknownField::TYPE_FIXED32:
      fields->AddFixed32(number, field.fixed32());
      return;
    case UnknownField::TYPE_FIXED64:
      fields->AddFixed64(number, field.fixed64());
      return;
    case UnknownField::TYPE_LENGTH_DELIMITED:
      fields->AddLengthDelimited(number, field.length_delimited());
      return;
    case UnknownField::TYPE_GROUP:
      fields->AddGroup(number);
      return;
  }
}

void AddOther(int number, NastyValues* values, UnknownFieldSet* fields) {
  switch (values->Below(5)) {
    case 0:
      fields->AddFixed32(number, 0x7FC00000);
      return;
    case 1:
      fields->AddFixed64(number, 1);
      return;
    case 2:
      fields->AddLengthDelimited(number, std::string(values->Below(9), '\1'));
      return;
    case 3:
      fields->AddGroup(number)->AddVarint(1, 1);
      return;
    default:
      fields->AddVarint(number, static_cast<uint64_t>(values->Integer(1)));
  }
}

}  // namespace

std::string MutateWire(const std::string& bytes, const Descriptor& type,
                       NastyValues* values) {
  UnknownFieldSet fields;
  if (!fields.ParseFromString(bytes) || fields.empty()) {
    return values->Bytes(bytes);
  }
  const int at = static_cast<int>(
      values->Below(static_cast<size_t>(fields.field_count())));
  const int number = fields.field(at).number();
  const Descriptor* inner = MessageIn(fields.field(at), type);
  if (inner != nullptr && !values->OneIn(3)) {
    std::string* message = fields.mutable_field(at)->mutable_length_delimited();
    *message = MutateWire(*message, *inner, values);
  } else {
    switch (values->Below(5)) {
      case 0: {
        const UnknownField field = fields.field(at);
        AddUnder(number, field, &fields);
        break;
      }
      case 1:
        fields.DeleteSubrange(at, 1);
        break;
      case 2: {
        const UnknownField field = fields.field(at);
        AddUnder(1 + static_cast<int>(values->Below(9)), field, &fields);
        break;
      }
      case 3:
        AddOther(number, values, &fields);
        fields.DeleteSubrange(at, 1);
        break;
      default:
        AddOther(number, values, &fields);
    }
  }
  std::string changed;
  return fields.SerializeToString(&changed) ? changed : bytes;
}

}  // namespace espalier
