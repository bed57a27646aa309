// A model file is read by protobuf's own tool, with the schema alone.
#include <gmock/gmock.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/util/message_differencer.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

#include "absl/strings/str_cat.h"
#include "espalier/model.pb.h"
#include "serialization/model_file.h"
#include "tests/serialization/sample_model.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

TEST(ProtocDecodeTest, ReadsAllOfAModelFile) {
  const ScratchFolder folder;
  ASSERT_TRUE(Save(SampleModel(), folder.File("m.pb")).ok());
  const std::string line = absl::StrCat(
      "'" ESPALIER_PROTOC
      "' --decode=espalier.v1.Model '--proto_path=" ESPALIER_SOURCE_DIR
      "/serialization' model.proto < '",
      folder.File("m.pb"), "' > '", folder.File("m.txt"), "' 2> '",
      folder.File("errors"), "'");
  ASSERT_EQ(std::system(line.c_str()), 0) << folder.Read("errors");
  EXPECT_EQ(folder.Read("errors"), "");

  // Every field has its name, the checksum too: unknown ones would be numbers,
  // which the parser of text refuses.
  const std::string text = folder.Read("m.txt");
  v1::Model decoded;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &decoded));
  v1::Model message;
  ASSERT_TRUE(message.ParseFromString(folder.Read("m.pb")));
  EXPECT_NE(message.checksum(), 0u);
  EXPECT_TRUE(
      google::protobuf::util::MessageDifferencer::Equals(decoded, message))
      << text;
}

}  // namespace
}  // namespace espalier
