// Changes any protobuf message by reflection.
#ifndef ESPALIER_TESTS_FUZZ_MESSAGE_MUTATOR_H_
#define ESPALIER_TESTS_FUZZ_MESSAGE_MUTATOR_H_

#include <google/protobuf/message.h>

#include <string>
#include <vector>

#include "tests/fuzz/nasty_values.h"

namespace espalier {

class MessageMutator {
 public:
  explicit MessageMutator(NastyValues* values) : values_(*values) {}

  // One change somewhere: a number becomes another, nasty one, a text one that
  // stands elsewhere (so that names meet), a field is set or cleared, an
  // element of a list is added, copied, removed or swapped with another, a
  // message is replaced by another of its type.
  void Mutate(google::protobuf::Message* message);

  // Puts some message of `other` in the place of, or into a list beside, one of
  // the same type in `message`.
  void CrossOver(const google::protobuf::Message& other,
                 google::protobuf::Message* message);

 private:
  using Message = google::protobuf::Message;
  using Field = google::protobuf::FieldDescriptor;

  void Collect(const Message& message);
  void MutateField(Message* message, const Field& field);
  void MutateList(Message* message, const Field& field);
  void MutateElement(Message* message, const Field& field, int index);
  void MutateSingular(Message* message, const Field& field);
  // Where reading and writing differ between a list and one value.
  template <typename Number>
  Number Other(Number old);

  NastyValues& values_;
  std::vector<const Message*> messages_;  // of the tree, itself included
  std::vector<std::string> texts_;
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_FUZZ_MESSAGE_MUTATOR_H_
