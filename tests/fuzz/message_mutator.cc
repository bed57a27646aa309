#include "tests/fuzz/message_mutator.h"

#include <google/protobuf/descriptor.h>

#include <cstdint>
#include <type_traits>

namespace espalier {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

void MessageMutator::Collect(const Message& message) {
  constexpr size_t kMost = 4096;
  messages_ = {&message};
  texts_.clear();
  for (size_t i = 0; i < messages_.size() && messages_.size() < kMost; ++i) {
    const Message& at = *messages_[i];
    const Reflection& reflection = *at.GetReflection();
    std::vector<const Field*> fields;
    reflection.ListFields(at, &fields);
    for (const Field* field : fields) {
      const int count =
          field->is_repeated() ? reflection.FieldSize(at, field) : 1;
      for (int k = 0; k < count; ++k) {
        if (field->cpp_type() == Field::CPPTYPE_MESSAGE) {
          messages_.push_back(field->is_repeated()
                                  ? &reflection.GetRepeatedMessage(at, field, k)
                                  : &reflection.GetMessage(at, field));
        } else if (field->type() == Field::TYPE_STRING) {
          texts_.push_back(field->is_repeated()
                               ? reflection.GetRepeatedString(at, field, k)
                               : reflection.GetString(at, field));
        }
      }
    }
  }
}

void MessageMutator::Mutate(Message* message) {
  Collect(*message);
  // They are all parts of `message`, which may be changed.
  auto* at = const_cast<Message*>(messages_[values_.Below(messages_.size())]);
  const auto& type = *at->GetDescriptor();
  if (type.field_count() == 0) return;
  std::vector<const Field*> set;
  at->GetReflection()->ListFields(*at, &set);
  const Field& field = !set.empty() && !values_.OneIn(4)
                           ? *set[values_.Below(set.size())]
                           : *type.field(static_cast<int>(values_.Below(
                                 static_cast<size_t>(type.field_count()))));
  MutateField(at, field);
}

void MessageMutator::MutateField(Message* message, const Field& field) {
  if (field.is_repeated()) {
    MutateList(message, field);
  } else if (message->GetReflection()->HasField(*message, &field) &&
             values_.OneIn(8)) {
    message->GetReflection()->ClearField(message, &field);
  } else {
    MutateSingular(message, field);
  }
}

template <typename Number>
Number MessageMutator::Other(Number old) {
  if constexpr (std::is_floating_point_v<Number>) {
    return static_cast<Number>(values_.Number(old));
  } else {
    return static_cast<Number>(values_.Integer(static_cast<int64_t>(old)));
  }
}

void MessageMutator::MutateList(Message* message, const Field& field) {
  const Reflection& reflection = *message->GetReflection();
  const int count = reflection.FieldSize(*message, &field);
  const auto any = [&] {
    return static_cast<int>(values_.Below(static_cast<size_t>(count)));
  };
  switch (count == 0 ? 7 : values_.Below(9)) {
    case 0:  // removed
      reflection.SwapElements(message, &field, any(), count - 1);
      reflection.RemoveLast(message, &field);
      return;
    case 1:
      reflection.SwapElements(message, &field, any(), any());
      return;
    case 2:
      if (values_.OneIn(4)) reflection.ClearField(message, &field);
      return;
    case 3:  // copied
      if (field.cpp_type() == Field::CPPTYPE_MESSAGE) {
        const int original = any();
        Message* copy = reflection.AddMessage(message, &field);
        copy->CopyFrom(
            reflection.GetRepeatedMessage(*message, &field, original));
        return;
      }
      [[fallthrough]];
    case 7:  // added
      switch (field.cpp_type()) {
        case Field::CPPTYPE_INT32:
          reflection.AddInt32(message, &field, Other<int32_t>(0));
          return;
        case Field::CPPTYPE_INT64:
          reflection.AddInt64(message, &field, Other<int64_t>(0));
          return;
        case Field::CPPTYPE_UINT32:
          reflection.AddUInt32(message, &field, Other<uint32_t>(0));
          return;
        case Field::CPPTYPE_UINT64:
          reflection.AddUInt64(message, &field, Other<uint64_t>(0));
          return;
        case Field::CPPTYPE_FLOAT:
          reflection.AddFloat(message, &field, Other<float>(1));
          return;
        case Field::CPPTYPE_DOUBLE:
          reflection.AddDouble(message, &field, Other<double>(1));
          return;
        case Field::CPPTYPE_BOOL:
          reflection.AddBool(message, &field, values_.OneIn(2));
          return;
        case Field::CPPTYPE_ENUM:
          reflection.AddEnumValue(message, &field, Other<int>(0));
          return;
        case Field::CPPTYPE_STRING:
          reflection.AddString(message, &field, values_.Text("", texts_));
          return;
        case Field::CPPTYPE_MESSAGE:
          reflection.AddMessage(message, &field);
          return;
      }
      return;
    default:
      MutateElement(message, field, any());
  }
}

void MessageMutator::MutateElement(Message* message, const Field& field,
                                   int index) {
  const Reflection& reflection = *message->GetReflection();
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      reflection.SetRepeatedInt32(
          message, &field, index,
          Other(reflection.GetRepeatedInt32(*message, &field, index)));
      return;
    case Field::CPPTYPE_INT64:
      reflection.SetRepeatedInt64(
          message, &field, index,
          Other(reflection.GetRepeatedInt64(*message, &field, index)));
      return;
    case Field::CPPTYPE_UINT32:
      reflection.SetRepeatedUInt32(
          message, &field, index,
          Other(reflection.GetRepeatedUInt32(*message, &field, index)));
      return;
    case Field::CPPTYPE_UINT64:
      reflection.SetRepeatedUInt64(
          message, &field, index,
          Other(reflection.GetRepeatedUInt64(*message, &field, index)));
      return;
    case Field::CPPTYPE_FLOAT:
      reflection.SetRepeatedFloat(
          message, &field, index,
          Other(reflection.GetRepeatedFloat(*message, &field, index)));
      return;
    case Field::CPPTYPE_DOUBLE:
      reflection.SetRepeatedDouble(
          message, &field, index,
          Other(reflection.GetRepeatedDouble(*message, &field, index)));
      return;
    case Field::CPPTYPE_BOOL:
      reflection.SetRepeatedBool(
          message, &field, index,
          !reflection.GetRepeatedBool(*message, &field, index));
      return;
    case Field::CPPTYPE_ENUM:
      reflection.SetRepeatedEnumValue(message, &field, index, Other<int>(0));
      return;
    case Field::CPPTYPE_STRING: {
      const std::string old =
          reflection.GetRepeatedString(*message, &field, index);
      reflection.SetRepeatedString(message, &field, index,
                                   field.type() == Field::TYPE_BYTES
                                       ? values_.Bytes(old)
                                       : values_.Text(old, texts_));
      return;
    }
    case Field::CPPTYPE_MESSAGE: {
      Message* element =
          reflection.MutableRepeatedMessage(message, &field, index);
      if (values_.OneIn(8)) {
        element->Clear();
        return;
      }
      std::vector<const Message*> same;
      for (const Message* other : messages_) {
        if (other->GetDescriptor() == element->GetDescriptor()) {
          same.push_back(other);
        }
      }
      if (same.empty()) return;
      const Message* chosen = same[values_.Below(same.size())];
      if (chosen != element) element->CopyFrom(*chosen);
      return;
    }
  }
}

void MessageMutator::MutateSingular(Message* message, const Field& field) {
  const Reflection& reflection = *message->GetReflection();
  switch (field.cpp_type()) {
    case Field::CPPTYPE_INT32:
      reflection.SetInt32(message, &field,
                          Other(reflection.GetInt32(*message, &field)));
      return;
    case Field::CPPTYPE_INT64:
      reflection.SetInt64(message, &field,
                          Other(reflection.GetInt64(*message, &field)));
      return;
    case Field::CPPTYPE_UINT32:
      reflection.SetUInt32(message, &field,
                           Other(reflection.GetUInt32(*message, &field)));
      return;
    case Field::CPPTYPE_UINT64:
      reflection.SetUInt64(message, &field,
                           Other(reflection.GetUInt64(*message, &field)));
      return;
    case Field::CPPTYPE_FLOAT:
      reflection.SetFloat(message, &field,
                          Other(reflection.GetFloat(*message, &field)));
      return;
    case Field::CPPTYPE_DOUBLE:
      reflection.SetDouble(message, &field,
                           Other(reflection.GetDouble(*message, &field)));
      return;
    case Field::CPPTYPE_BOOL:
      reflection.SetBool(message, &field,
                         !reflection.GetBool(*message, &field));
      return;
    case Field::CPPTYPE_ENUM: {
      const auto& type = *field.enum_type();
      const int number =
          values_.OneIn(8)
              ? Other<int>(0)
              : type.value(static_cast<int>(values_.Below(
                               static_cast<size_t>(type.value_count()))))
                    ->number();
      reflection.SetEnumValue(message, &field, number);
      return;
    }
    case Field::CPPTYPE_STRING: {
      const std::string old = reflection.GetString(*message, &field);
      reflection.SetString(message, &field,
                           field.type() == Field::TYPE_BYTES
                               ? values_.Bytes(old)
                               : values_.Text(old, texts_));
      return;
    }
    case Field::CPPTYPE_MESSAGE:
      reflection.MutableMessage(message, &field);
      return;
  }
}

void MessageMutator::CrossOver(const Message& other, Message* message) {
  Collect(other);
  const std::vector<const Message*> from = messages_;
  Collect(*message);
  for (int attempt = 0; attempt < 16; ++attempt) {
    auto* at = const_cast<Message*>(messages_[values_.Below(messages_.size())]);
    const Message& donor = *from[values_.Below(from.size())];
    const Reflection& reflection = *at->GetReflection();
    if (at->GetDescriptor() == donor.GetDescriptor() && at != message) {
      at->CopyFrom(donor);
      return;
    }
    for (int i = 0; i < at->GetDescriptor()->field_count(); ++i) {
      const Field* field = at->GetDescriptor()->field(i);
      if (field->is_repeated() && field->message_type() != nullptr &&
          field->message_type() == donor.GetDescriptor()) {
        reflection.AddMessage(at, field)->CopyFrom(donor);
        return;
      }
    }
  }
}

}  // namespace espalier
