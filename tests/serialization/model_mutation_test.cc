// Random changes to model files, with a checksum that fits: no change crashes
// the reader, and what it accepts can be written and read again.
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include "espalier/model.pb.h"
#include "google/protobuf/message.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "serialization/bytes.h"
#include "serialization/crc32c.h"
#include "serialization/model_codec.h"
#include "tests/ops/op_cases.h"
#include "tests/serialization/sample_model.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::Message;
using ::google::protobuf::Reflection;

std::string Seal(std::string bytes) {
  const uint32_t checksum = Crc32c(bytes);
  bytes += "\xFD\x7F";
  AppendLittle(&bytes, checksum);
  return bytes;
}

// Changes one random field of a message, anywhere in it.
class Mutator {
 public:
  explicit Mutator(uint32_t seed) : random_(seed) {}

  size_t Below(size_t bound) { return random_() % bound; }

  void Change(Message* message) {
    spots_.clear();
    Collect(message);
    if (spots_.empty()) return;
    const Spot spot = spots_[Below(spots_.size())];
    const Reflection* reflection = spot.message->GetReflection();
    if (!spot.field->is_repeated()) {
      if (Below(8) == 0) {
        reflection->ClearField(spot.message, spot.field);
      } else {
        SetOne(spot.message, spot.field);
      }
      return;
    }
    const int size = reflection->FieldSize(*spot.message, spot.field);
    switch (size == 0 ? 0 : Below(4)) {
      case 0:
        AddOne(spot.message, spot.field);
        break;
      case 1:
        reflection->RemoveLast(spot.message, spot.field);
        break;
      case 2:
        reflection->SwapElements(spot.message, spot.field,
                                 static_cast<int>(Below(size)),
                                 static_cast<int>(Below(size)));
        break;
      default:
        SetElement(spot.message, spot.field, static_cast<int>(Below(size)));
    }
  }

  // Changes some bytes: flips, cuts and copies.
  void ChangeBytes(std::string* bytes) {
    const size_t place = Below(bytes->size());
    switch (Below(4)) {
      case 0:
        (*bytes)[place] = static_cast<char>((*bytes)[place] ^ (1 << Below(8)));
        break;
      case 1:
        (*bytes)[place] = static_cast<char>(random_());
        break;
      case 2:
        bytes->erase(place, 1 + Below(8));
        break;
      default:
        bytes->insert(place, bytes->substr(Below(bytes->size()), Below(16)));
    }
  }

 private:
  struct Spot {
    Message* message;
    const FieldDescriptor* field;
  };

  void Collect(Message* message) {
    const Reflection* reflection = message->GetReflection();
    const auto* descriptor = message->GetDescriptor();
    for (int i = 0; i < descriptor->field_count(); ++i) {
      const FieldDescriptor* field = descriptor->field(i);
      spots_.push_back({message, field});
      if (field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE) continue;
      if (field->is_repeated()) {
        for (int k = 0; k < reflection->FieldSize(*message, field); ++k) {
          Collect(reflection->MutableRepeatedMessage(message, field, k));
        }
      } else if (reflection->HasField(*message, field)) {
        Collect(reflection->MutableMessage(message, field));
      }
    }
  }

  int64_t Integer() {
    constexpr int64_t kNasty[] = {0,
                                  1,
                                  -1,
                                  2,
                                  12,
                                  13,
                                  INT32_MAX,
                                  int64_t{INT32_MAX} + 1,
                                  INT32_MIN,
                                  int64_t{1} << 32,
                                  int64_t{1} << 40,
                                  int64_t{1} << 62,
                                  INT64_MAX,
                                  INT64_MIN};
    return Below(2) == 0 ? static_cast<int64_t>(Below(10))
                         : kNasty[Below(std::size(kNasty))];
  }

  float Number() {
    constexpr float kNasty[] = {0.0f, -0.0f, 1.0f, -1.0f, 1e-45f, 3e38f};
    switch (Below(8)) {
      case 0:
        return std::numeric_limits<float>::quiet_NaN();
      case 1:
        return std::numeric_limits<float>::infinity();
      default:
        return kNasty[Below(std::size(kNasty))];
    }
  }

  std::string Text() {
    constexpr const char* kTexts[] = {"",      "x",      "y",        "w",
                                      "f32",   "i32",    "input",    "constant",
                                      "state", "value",  "shape",    "a b",
                                      "dense", "matmul", "\xC3\xA4", "../x"};
    return kTexts[Below(std::size(kTexts))];
  }

  void SetOne(Message* message, const FieldDescriptor* field) {
    const Reflection* reflection = message->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->SetInt32(message, field, static_cast<int32_t>(Integer()));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection->SetInt64(message, field, Integer());
        break;
      case FieldDescriptor::CPPTYPE_UINT32:
        reflection->SetUInt32(message, field, static_cast<uint32_t>(Integer()));
        break;
      case FieldDescriptor::CPPTYPE_UINT64:
        reflection->SetUInt64(message, field, static_cast<uint64_t>(Integer()));
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        reflection->SetFloat(message, field, Number());
        break;
      case FieldDescriptor::CPPTYPE_BOOL:
        reflection->SetBool(message, field, Below(2) == 0);
        break;
      case FieldDescriptor::CPPTYPE_ENUM:
        reflection->SetEnumValue(message, field,
                                 static_cast<int>(Below(5)) - 1);
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        reflection->SetString(message, field, Text());
        break;
      default:
        reflection->MutableMessage(message, field);
    }
  }

  void AddOne(Message* message, const FieldDescriptor* field) {
    const Reflection* reflection = message->GetReflection();
    const int size = reflection->FieldSize(*message, field);
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->AddInt32(message, field, static_cast<int32_t>(Integer()));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection->AddInt64(message, field, Integer());
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        reflection->AddFloat(message, field, Number());
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        reflection->AddString(message, field, Text());
        break;
      default: {
        // A copy of another one, if there is any.
        Message* added = reflection->AddMessage(message, field);
        if (size > 0 && Below(4) != 0) {
          added->CopyFrom(reflection->GetRepeatedMessage(
              *message, field, static_cast<int>(Below(size))));
        }
      }
    }
  }

  void SetElement(Message* message, const FieldDescriptor* field, int i) {
    const Reflection* reflection = message->GetReflection();
    switch (field->cpp_type()) {
      case FieldDescriptor::CPPTYPE_INT32:
        reflection->SetRepeatedInt32(message, field, i,
                                     static_cast<int32_t>(Integer()));
        break;
      case FieldDescriptor::CPPTYPE_INT64:
        reflection->SetRepeatedInt64(message, field, i, Integer());
        break;
      case FieldDescriptor::CPPTYPE_FLOAT:
        reflection->SetRepeatedFloat(message, field, i, Number());
        break;
      case FieldDescriptor::CPPTYPE_STRING:
        reflection->SetRepeatedString(message, field, i, Text());
        break;
      default:
        reflection->MutableRepeatedMessage(message, field, i)->Clear();
    }
  }

  std::mt19937 random_;
  std::vector<Spot> spots_;
};

// Counts what is accepted, so that a reader which refuses all is noticed.
class Oracle {
 public:
  explicit Oracle(const OpTable& ops) : ops_(ops) {}

  void Try(const std::string& bytes) {
    const absl::StatusOr<Model> model = DecodeModel(bytes, ops_);
    if (!model.ok()) {
      EXPECT_FALSE(model.status().message().empty());
      ++refused_;
      return;
    }
    ++accepted_;
    ASSERT_OK_AND_ASSIGN(const std::string written, EncodeModel(*model));
    ASSERT_OK_AND_ASSIGN(const Model again, DecodeModel(written, ops_));
    ASSERT_OK_AND_ASSIGN(const std::string rewritten, EncodeModel(again));
    EXPECT_EQ(rewritten, written);
  }

  int accepted() const { return accepted_; }
  int refused() const { return refused_; }

 private:
  const OpTable& ops_;
  int accepted_ = 0;
  int refused_ = 0;
};

TEST(ModelMutationTest, OfEverythingThatAFileHolds) {
  const std::string good = EncodeModel(SampleModel()).value();
  v1::Model sample;
  ASSERT_TRUE(sample.ParseFromString(good));
  sample.clear_checksum();
  Mutator mutator(1);
  Oracle oracle(SampleOps());
  for (int i = 0; i < 10000; ++i) {
    v1::Model changed = sample;
    for (size_t k = 0; k <= mutator.Below(2); ++k) mutator.Change(&changed);
    changed.clear_checksum();
    oracle.Try(Seal(changed.SerializeAsString()));
    std::string bytes = sample.SerializeAsString();
    mutator.ChangeBytes(&bytes);
    oracle.Try(Seal(bytes));
  }
  EXPECT_GT(oracle.accepted(), 1000);
  EXPECT_GT(oracle.refused(), 5000);
}

TEST(ModelMutationTest, OfEveryOp) {
  Mutator mutator(2);
  Oracle oracle(StandardOps());
  for (const OpCase& op_case : OpCases()) {
    Model model;
    ASSERT_OK_AND_ASSIGN(model.graph, BuildCase(op_case));
    ASSERT_OK_AND_ASSIGN(const std::string good, EncodeModel(model));
    v1::Model message;
    ASSERT_TRUE(message.ParseFromString(good));
    for (int i = 0; i < 100; ++i) {
      v1::Model changed = message;
      mutator.Change(changed.mutable_graph());
      changed.clear_checksum();
      oracle.Try(Seal(changed.SerializeAsString()));
    }
  }
  EXPECT_GT(oracle.accepted(), 1000);
  EXPECT_GT(oracle.refused(), 5000);
}

}  // namespace
}  // namespace espalier
