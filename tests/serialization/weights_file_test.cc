// Model files whose weights are in a file beside them.
#include "serialization/weights_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "espalier/model.pb.h"
#include "graph/text.h"
#include "serialization/crc32c.h"
#include "serialization/external_file.h"
#include "serialization/model_codec.h"
#include "serialization/model_file.h"
#include "tests/serialization/hostile_helpers.h"
#include "tests/serialization/sample_model.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

SaveOptions Beside() {
  SaveOptions options;
  options.external_weights = true;
  return options;
}

// The sample saved with its weights beside it.
class WeightsFileTest : public ::testing::Test {
 protected:
  WeightsFileTest() {
    EXPECT_OK(Save(SampleModel(), path_, Beside()));
    EXPECT_TRUE(message_.ParseFromString(folder_.Read("m.pb")));
    message_.clear_checksum();
    name_ = message_.weights().name();
    weights_ = folder_.Read(name_);
  }

  // What loading says after the message was changed and sealed again.
  absl::Status AfterChange(const std::function<void(v1::Model*)>& change) {
    v1::Model message = message_;
    change(&message);
    folder_.Write("m.pb", Seal(message.SerializeAsString()));
    return LoadBothWays();
  }
  // The model says that its file is as it is.
  absl::Status WithWeights(const std::string& weights) {
    folder_.Write(name_, weights);
    return AfterChange([&weights](v1::Model* message) {
      message->mutable_weights()->set_bytes(weights.size());
      message->mutable_weights()->set_checksum(Crc32c(weights));
    });
  }
  // With and without values: both check the same.
  absl::Status LoadBothWays() {
    const absl::Status status = Load(path_, SampleOps()).status();
    EXPECT_EQ(LoadStructure(path_, SampleOps()).status(), status);
    return status;
  }

  ScratchFolder folder_;
  const std::string path_ = folder_.File("m.pb");
  v1::Model message_;
  std::string name_;
  std::string weights_;
};

TEST_F(WeightsFileTest, GivesBackTheModelAndTheSameBytes) {
  // w of two floats, then steps at the next multiple of 64.
  EXPECT_EQ(weights_.size(), 68u);
  EXPECT_EQ(name_, WeightsName("m.pb", Crc32c(weights_)).value());
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("m.pb", name_));
  EXPECT_EQ(message_.format_version(), 2u);
  EXPECT_EQ(message_.values(1).value().offset(), 64u);
  EXPECT_EQ(message_.tensor_data_size(), 5);

  ASSERT_OK_AND_ASSIGN(const Model again, Load(path_, SampleOps()));
  EXPECT_EQ(EncodeModel(again).value(), EncodeModel(SampleModel()).value());
  ScratchFolder other;
  ASSERT_OK(Save(again, other.File("m.pb"), Beside()));
  EXPECT_EQ(other.Read("m.pb"), folder_.Read("m.pb"));
  EXPECT_EQ(other.Read(name_), weights_);
}

TEST_F(WeightsFileTest, WithoutThemAFileIsOfVersion1AndTheyAreRemoved) {
  ASSERT_OK(Save(SampleModel(), path_));
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("m.pb"));
  EXPECT_EQ(folder_.Read("m.pb"), EncodeModel(SampleModel()).value());
  EXPECT_EQ(folder_.Read("m.pb")[11], '\x01');
}

TEST_F(WeightsFileTest, TooManyWeightsGoBesideByThemselves) {
  ModelLimits limits;
  limits.tensor_bytes = 39;  // all tensors have 40, those of the graph 28
  ASSERT_OK_AND_ASSIGN(const EncodedModel beside,
                       EncodeModelFile(SampleModel(), "m.pb", false, limits));
  ASSERT_TRUE(beside.weights.has_value());
  EXPECT_EQ(beside.weights->name, name_);
  limits.tensor_bytes = 40;
  ASSERT_OK_AND_ASSIGN(const EncodedModel inside,
                       EncodeModelFile(SampleModel(), "m.pb", false, limits));
  EXPECT_FALSE(inside.weights.has_value());
  limits.tensor_bytes = 27;
  EXPECT_THAT(EncodeModelFile(SampleModel(), "m.pb", false, limits).status(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("tensors have 28 bytes")));
}

TEST_F(WeightsFileTest, IsFoundThroughALinkToTheModel) {
  ScratchFolder elsewhere;
  std::filesystem::create_symlink(path_, elsewhere.File("link.pb"));
  EXPECT_OK(Load(elsewhere.File("link.pb"), SampleOps()));
  // Where the old one was saved, the new one is too.
  ASSERT_OK(Save(SampleModel(), elsewhere.File("link.pb"), Beside()));
  EXPECT_THAT(elsewhere.Names(), UnorderedElementsAre("link.pb"));
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("m.pb", name_));
}

TEST_F(WeightsFileTest, StayWithAModelThatWasRenamed) {
  std::filesystem::rename(folder_.File("m.pb"), folder_.File("kept.pb"));
  // No model, though it is called like one; nor a file to be read.
  std::filesystem::create_directory(folder_.File("folder.pb"));
  std::filesystem::create_symlink("nothing", folder_.File("dangling.onnx"));
  ASSERT_OK(Save(SampleModel(), folder_.File("m.pb")));
  EXPECT_OK(Load(folder_.File("kept.pb"), SampleOps()));
  // Without it they are what a writer left.
  std::filesystem::remove(folder_.File("kept.pb"));
  ASSERT_OK(Save(SampleModel(), folder_.File("m.pb")));
  EXPECT_FALSE(std::filesystem::exists(folder_.File(name_)));
}

TEST_F(WeightsFileTest, StructureHasNoValues) {
  ASSERT_OK_AND_ASSIGN(const Model structure,
                       LoadStructure(path_, SampleOps()));
  EXPECT_TRUE(structure.values.empty());
  EXPECT_EQ(PrintGraph(structure.graph), PrintGraph(SampleModel().graph));
  ASSERT_OK(Save(SampleModel(), path_));
  ASSERT_OK_AND_ASSIGN(const Model inside, LoadStructure(path_, SampleOps()));
  EXPECT_TRUE(inside.values.empty());
  EXPECT_EQ(PrintGraph(inside.graph), PrintGraph(SampleModel().graph));
  EXPECT_EQ(inside.domains.size(), 1u);
}

TEST_F(WeightsFileTest, SeesEveryDamagedByteAndEveryCut) {
  for (size_t i = 0; i < weights_.size(); ++i) {
    for (const char value : {'\x00', '\x7F', '\x80', '\xFF'}) {
      std::string damaged = weights_;
      damaged[i] = value;
      if (damaged == weights_) continue;
      folder_.Write(name_, damaged);
      EXPECT_EQ(LoadBothWays().code(), absl::StatusCode::kDataLoss) << i;
    }
    folder_.Write(name_, weights_.substr(0, i));
    EXPECT_THAT(LoadBothWays(), StatusIs(absl::StatusCode::kDataLoss,
                                         HasSubstr("the model says 68")));
  }
  folder_.Write(name_, weights_ + "x");
  EXPECT_EQ(LoadBothWays().code(), absl::StatusCode::kDataLoss);
  std::filesystem::remove(folder_.File(name_));
  EXPECT_THAT(LoadBothWays(),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr(name_)));
}

TEST_F(WeightsFileTest, RefusesWhatLeadsElsewhere) {
  ScratchFolder outside;
  outside.Write("w", weights_);
  std::filesystem::create_directory(folder_.File("sub"));
  folder_.Write("sub/w", weights_);
  std::filesystem::create_symlink(outside.File("w"), folder_.File("link"));
  folder_.Write("hard", weights_);
  std::filesystem::create_hard_link(folder_.File("hard"),
                                    folder_.File("hard2"));
  const struct {
    std::string name;
    absl::StatusCode code;
    std::string what;
  } cases[] = {
      {outside.File("w"), absl::StatusCode::kInvalidArgument, "in a folder"},
      {"../w", absl::StatusCode::kInvalidArgument, "in a folder"},
      {"sub/w", absl::StatusCode::kInvalidArgument, "in a folder"},
      {"..", absl::StatusCode::kInvalidArgument, "not plain"},
      {"", absl::StatusCode::kInvalidArgument, "is empty"},
      {"link", absl::StatusCode::kPermissionDenied, "symbolic link"},
      {"hard", absl::StatusCode::kPermissionDenied, "hard link"},
      {"sub", absl::StatusCode::kInvalidArgument, "a folder"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(AfterChange([&c](v1::Model* message) {
                  message->mutable_weights()->set_name(c.name);
                }),
                StatusIs(c.code, HasSubstr(c.what)))
        << c.name;
  }
}

TEST_F(WeightsFileTest, RefusesMessagesThatAreWrong) {
  EXPECT_OK(AfterChange([](v1::Model* /*message*/) {}));
  const struct {
    std::function<void(v1::Model*)> change;
    absl::StatusCode code;
    std::string what;
  } cases[] = {
      {[](v1::Model* m) { m->clear_weights(); },
       absl::StatusCode::kInvalidArgument,
       "format version 2 and no file of weights"},
      {[](v1::Model* m) { m->set_format_version(1); },
       absl::StatusCode::kInvalidArgument,
       "field 9 of Model is unknown in format version 1"},
      {[](v1::Model* m) { m->set_format_version(3); },
       absl::StatusCode::kUnimplemented, "this program reads 1 to 2"},
      {[](v1::Model* m) { m->mutable_weights()->set_bytes(67); },
       absl::StatusCode::kDataLoss, "has 68 bytes: the model says 67"},
      {[](v1::Model* m) { m->mutable_weights()->set_checksum(1); },
       absl::StatusCode::kDataLoss, "checksum is 00000001"},
      {[](v1::Model* m) {
         m->mutable_values(0)->mutable_value()->clear_offset();
       },
       absl::StatusCode::kInvalidArgument,
       "value of 'w': names an entry of tensor_data"},
      {[](v1::Model* m) { m->mutable_values(0)->mutable_value()->set_data(1); },
       absl::StatusCode::kInvalidArgument, "names an entry of tensor_data"},
      {[](v1::Model* m) {
         m->mutable_values(1)->mutable_value()->set_offset(8);
       },
       absl::StatusCode::kInvalidArgument,
       "value of 'steps': begins at byte 8 of the file of weights: expected "
       "64"},
      {[](v1::Model* m) {
         m->mutable_values(1)->mutable_value()->set_offset(~uint64_t{0});
       },
       absl::StatusCode::kInvalidArgument, "expected 64"},
      {[](v1::Model* m) { m->mutable_values()->SwapElements(0, 1); },
       absl::StatusCode::kInvalidArgument, "begins at byte 64"},
      {[](v1::Model* m) {
         m->mutable_values(0)->mutable_value()->set_dims(0, 2147483647);
       },
       absl::StatusCode::kInvalidArgument,
       "value of 'w': has 8589934588 bytes at byte 0"},
      {[](v1::Model* m) { m->mutable_values(1)->mutable_value()->add_dims(2); },
       absl::StatusCode::kInvalidArgument, "has 8 bytes at byte 64"},
      {[](v1::Model* m) { m->mutable_values()->RemoveLast(); },
       absl::StatusCode::kInvalidArgument, "60 bytes after the last tensor"},
      {[](v1::Model* m) {
         for (v1::Node& node : *m->mutable_graph()->mutable_nodes()) {
           for (v1::Attribute& attribute : *node.mutable_attributes()) {
             if (attribute.has_tensor()) {
               attribute.mutable_tensor()->set_offset(0);
             }
           }
         }
       },
       absl::StatusCode::kInvalidArgument, "a place in a file of weights"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(AfterChange(c.change), StatusIs(c.code, HasSubstr(c.what)));
  }
}

TEST_F(WeightsFileTest, RefusesFilesThatAreWrong) {
  EXPECT_OK(WithWeights(weights_));
  EXPECT_THAT(WithWeights(weights_ + "x"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("1 bytes after the last tensor")));
  EXPECT_THAT(WithWeights(weights_.substr(0, 66)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("has 4 bytes at byte 64")));
  EXPECT_THAT(WithWeights(""), StatusIs(absl::StatusCode::kInvalidArgument,
                                        HasSubstr("has 8 bytes at byte 0")));
  std::string padded = weights_;
  padded[63] = 1;
  EXPECT_THAT(WithWeights(padded),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("byte 63, between two tensors, is not 0")));
  // More than any machine has, though the disk holds nothing of it.
  constexpr uint64_t kHuge = uint64_t{1} << 41;
  std::filesystem::resize_file(folder_.File(name_), kHuge);
  EXPECT_EQ(AfterChange([](v1::Model* message) {
              message->mutable_weights()->set_bytes(kHuge);
            }).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST_F(WeightsFileTest, BytesAloneAndTextHaveNoFileBeside) {
  EXPECT_THAT(DecodeModel(folder_.Read("m.pb"), SampleOps()).status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("weights are in another file")));
  EXPECT_THAT(Save(SampleModel(), folder_.File("m.pbtxt"), Beside()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("a text file holds its weights")));
  ASSERT_OK_AND_ASSIGN(const std::string text, EncodeModelText(SampleModel()));
  EXPECT_THAT(
      DecodeModelText(text + "weights { name: 'w' }", SampleOps()).status(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("only binary files have one")));
}

TEST(PhysicalMemoryTest, IsNoLimitWhereTheSystemDoesNotSay) {
  constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(PhysicalMemory(1 << 20, 4096), int64_t{1} << 32);
  EXPECT_EQ(PhysicalMemory(-1, 4096), kNoLimit);
  EXPECT_EQ(PhysicalMemory(1 << 20, -1), kNoLimit);
  EXPECT_GT(PhysicalMemory(), int64_t{1} << 20);
}

}  // namespace
}  // namespace espalier
