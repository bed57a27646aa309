#include "serialization/model_codec.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "absl/strings/match.h"
#include "espalier/model.pb.h"
#include "graph/builder.h"
#include "graph/text.h"
#include "tests/serialization/sample_model.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

void ExpectSame(const Model& a, const Model& b) {
  EXPECT_EQ(PrintGraph(a.graph), PrintGraph(b.graph));
  EXPECT_EQ(a.values, b.values);
  ASSERT_EQ(a.domains.size(), b.domains.size());
  for (const auto& [name, domain] : a.domains) {
    ASSERT_EQ(b.domains.count(name), 1u);
    EXPECT_EQ(domain.lower, b.domains.at(name).lower);
    EXPECT_EQ(domain.upper, b.domains.at(name).upper);
  }
  EXPECT_EQ(a.class_names, b.class_names);
  EXPECT_EQ(a.producer, b.producer);
  ASSERT_EQ(a.history.size(), b.history.size());
  for (size_t i = 0; i < a.history.size(); ++i) {
    EXPECT_EQ(a.history[i].action, b.history[i].action);
    EXPECT_EQ(a.history[i].grade, b.history[i].grade);
    EXPECT_EQ(a.history[i].reason, b.history[i].reason);
    ASSERT_EQ(a.history[i].layers.size(), b.history[i].layers.size());
    for (size_t k = 0; k < a.history[i].layers.size(); ++k) {
      EXPECT_EQ(a.history[i].layers[k].node, b.history[i].layers[k].node);
      EXPECT_EQ(a.history[i].layers[k].units_before,
                b.history[i].layers[k].units_before);
      EXPECT_EQ(a.history[i].layers[k].removed, b.history[i].layers[k].removed);
    }
  }
}

TEST(ModelCodecTest, GivesBackTheModelAndTheSameBytes) {
  const Model model = SampleModel();
  const std::string bytes = EncodeModel(model).value();
  const absl::StatusOr<Model> again = DecodeModel(bytes, SampleOps());
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectSame(*again, model);
  EXPECT_EQ(EncodeModel(*again).value(), bytes);
  EXPECT_EQ(EncodeModel(SampleModel()).value(), bytes);
}

TEST(ModelCodecTest, GivesBackTheModelFromText) {
  const Model model = SampleModel();
  const std::string text = EncodeModelText(model).value();
  EXPECT_TRUE(absl::StartsWith(
      text, "magic: \"ESPALIER\"\nformat_version: 1\nproducer: "));
  EXPECT_THAT(text, HasSubstr("class_names: \"\xC3\xA9t\xC3\xA9\""));
  const absl::StatusOr<Model> again = DecodeModelText(text, SampleOps());
  ASSERT_TRUE(again.ok()) << again.status();
  ExpectSame(*again, model);
  EXPECT_EQ(EncodeModel(*again).value(), EncodeModel(model).value());
  EXPECT_EQ(EncodeModelText(*again).value(), text);
}

TEST(ModelCodecTest, IsOnePlainMessageWithTheTensorsLast) {
  const std::string bytes = EncodeModel(SampleModel()).value();
  EXPECT_TRUE(absl::StartsWith(bytes,
                               "\x0A\x08"
                               "ESPALIER\x10\x01"));
  v1::Model message;
  ASSERT_TRUE(message.ParseFromString(bytes));
  EXPECT_EQ(message.graph().name(), "sample");
  EXPECT_NE(message.checksum(), 0u);
  ASSERT_EQ(message.tensor_data_size(), 7);
  // The last tensor is a state of one i32, then comes the checksum.
  const std::string end("\xF2\x7F\x04\x00\x00\x00\x80\xFD\x7F", 9);
  EXPECT_EQ(bytes.substr(bytes.size() - 13, 9), end);
  // Protobuf itself would have written the same.
  EXPECT_EQ(message.SerializeAsString(), bytes);
}

TEST(ModelCodecTest, SeesEveryCut) {
  const std::string bytes = EncodeModel(SampleModel()).value();
  for (size_t size = 0; size < bytes.size(); ++size) {
    const absl::Status status =
        DecodeModel(bytes.substr(0, size), SampleOps()).status();
    ASSERT_EQ(status.code(), absl::StatusCode::kDataLoss) << size << status;
  }
}

TEST(ModelCodecTest, SeesEveryDamagedByte) {
  const std::string bytes = EncodeModel(SampleModel()).value();
  for (size_t i = 0; i < bytes.size(); ++i) {
    for (int value = 0; value < 256; ++value) {
      std::string damaged = bytes;
      damaged[i] = static_cast<char>(value);
      if (damaged[i] == bytes[i]) continue;
      ASSERT_EQ(DecodeModel(damaged, SampleOps()).status().code(),
                absl::StatusCode::kDataLoss)
          << i << " " << value;
    }
  }
}

TEST(ModelCodecTest, SeesWhatIsPutAroundAFile) {
  const std::string bytes = EncodeModel(SampleModel()).value();
  for (const std::string& other :
       {bytes + "x", bytes + bytes, bytes + "PK\x05\x06", "PK\x03\x04" + bytes,
        "\x7F"
        "ELF" +
            bytes,
        bytes + std::string(6, '\0')}) {
    EXPECT_EQ(DecodeModel(other, SampleOps()).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(ModelCodecTest, KeepsToTheLimits) {
  const Model model = SampleModel();
  const std::string bytes = EncodeModel(model).value();
  const std::string text = EncodeModelText(model).value();
  const auto expect_refused = [&](const ModelLimits& limits,
                                  const std::string& what, bool in_text) {
    for (const absl::Status& status :
         {EncodeModel(model, limits).status(),
          DecodeModel(bytes, SampleOps(), limits).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kResourceExhausted) << what;
      EXPECT_THAT(std::string(status.message()), HasSubstr(what));
    }
    EXPECT_EQ(
        DecodeModelText(text, SampleOps(), limits).status().code(),
        in_text ? absl::StatusCode::kResourceExhausted : absl::StatusCode::kOk);
  };
  ModelLimits tensors;
  tensors.tensor_bytes = 39;
  expect_refused(tensors,
                 "tensors have 40 bytes: a model file holds at most 39", false);
  tensors.tensor_bytes = 40;
  EXPECT_TRUE(EncodeModel(model, tensors).ok());
  EXPECT_TRUE(DecodeModel(bytes, SampleOps(), tensors).ok());
  ModelLimits structure;
  structure.structure_bytes = 200;
  expect_refused(structure, "at most 200", false);
  ModelLimits fields;
  fields.wire.fields = 20;
  expect_refused(fields, "too many fields", true);
  ModelLimits lists;
  lists.wire.packed = 10;
  expect_refused(lists, "too many list elements", true);
  ModelLimits in_text;
  in_text.text_bytes = 1000;
  EXPECT_EQ(EncodeModelText(model, in_text).status().code(),
            absl::StatusCode::kResourceExhausted);
  // Braces in strings and comments open no message.
  ModelLimits close;
  close.wire.fields = 200;
  EXPECT_TRUE(DecodeModelText(text + "#" + std::string(1000, '{') + "\n",
                              SampleOps(), close)
                  .ok());
  EXPECT_EQ(DecodeModelText(text + std::string(1000, '{'), SampleOps(), close)
                .status()
                .code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ModelCodecTest, RefusesToWriteWhatItWouldNotRead) {
  const auto expect_refused = [](const Model& model, const std::string& what) {
    for (const absl::Status& status :
         {EncodeModel(model).status(), EncodeModelText(model).status()}) {
      EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument) << what;
      EXPECT_THAT(std::string(status.message()), HasSubstr(what));
    }
  };
  expect_refused(Model(), "the model has no graph");
  Model model = SampleModel();
  model.values.erase("w");
  expect_refused(model, "node 'w' (parameter) has no value");
  model = SampleModel();
  model.class_names[0] = "\xFF";
  expect_refused(model, "class name '\\377' is not UTF-8");
  model = SampleModel();
  model.class_names[0] = "";
  expect_refused(model, "a class name is empty");
  model.class_names[0] = model.class_names[1];
  expect_refused(model, "class name '\\303\\251t\\303\\251' stands twice");
  model.class_names[0] = "no";
  model.class_names.push_back("maybe");
  expect_refused(model, "there are 3 class names: expected none, or as many");
  model = SampleModel();
  model.producer = "\xC3(";
  expect_refused(model, "producer");
  model.producer = std::string(4097, 'p');
  expect_refused(model, "has 4097 bytes: expected at most 4096");
  model = SampleModel();
  model.class_names[0] = "a\x1B[2J";
  expect_refused(model, "class name 'a\\033[2J' holds a control character");
  model.class_names[0] = std::string(256, 'c');
  expect_refused(model, "has 256 bytes: expected at most 255");
  for (std::string HistoryEntry::*field :
       {&HistoryEntry::action, &HistoryEntry::grade, &HistoryEntry::reason}) {
    model = SampleModel();
    model.history[0].*field = "\r";
    expect_refused(model, "'\\r' holds a control character");
  }
  model = SampleModel();
  model.history[0].layers[0].node = "\x7F";
  expect_refused(model, "node of the history '\\177' holds a control");
  model = SampleModel();
  model.history[0].layers[0].removed = {7, 0};
  expect_refused(model, "removed unit 0: expected units in ascending order");
  model = SampleModel();
  model.history[0].layers[0].units_before = 7;
  expect_refused(model, "removed unit 7");
}

}  // namespace
}  // namespace espalier
