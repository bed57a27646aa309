// ONNX files whose weights are in files beside them.
#include "serialization/onnx/external_data.h"

#include <sys/stat.h>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/activations.h"
#include "ops/layers.h"
#include "serialization/external_file.h"
#include "serialization/model_codec.h"
#include "serialization/model_file.h"
#include "serialization/onnx/export.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/serialization/onnx/onnx_text.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

std::string FloatsFrom(int first, int count) {
  std::string bytes;
  for (int i = 0; i < count; ++i) {
    const auto value = static_cast<float>(first + i);
    bytes.append(reinterpret_cast<const char*>(&value), sizeof(value));
  }
  return bytes;
}

// y = x w + b with w [2, 3] at byte 8 and b [3] at byte 32 of "w.bin".
class OnnxExternalDataTest : public ::testing::Test {
 protected:
  OnnxExternalDataTest() {
    file_.Input("x", {-1, 2});
    file_.Floats("w", {2, 3});
    Move("w.bin", "8", "24");
    file_.Floats("b", {3});
    Move("w.bin", "32", "12");
    file_.Node("Gemm", {"x", "w", "b"}, "y").Output("y");
    folder_.Write("w.bin", std::string(8, 'x') + FloatsFrom(1, 9));
  }

  void Move(const std::string& location, const std::string& offset,
            const std::string& length) {
    onnx::TensorProto& tensor = file_.last_tensor();
    tensor.clear_raw_data();
    tensor.set_data_location(onnx::TensorProto::EXTERNAL);
    for (const auto& [key, value] :
         std::vector<std::pair<std::string, std::string>>{
             {"location", location}, {"offset", offset}, {"length", length}}) {
      onnx::StringStringEntryProto* entry = tensor.add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    }
  }

  absl::StatusOr<Model> LoadFile() {
    return Load(folder_.Write("m.onnx", file_.bytes()));
  }
  // Of the first tensor.
  onnx::TensorProto& weight() {
    return *file_.model.mutable_graph()->mutable_initializer(0);
  }
  void SetEntry(int i, const std::string& value) {
    weight().mutable_external_data(i)->set_value(value);
  }
  absl::Status AfterChange(const std::function<void()>& change) {
    const onnx::ModelProto before = file_.model;
    change();
    const absl::Status status = LoadFile().status();
    file_.model = before;
    return status;
  }

  ScratchFolder folder_;
  OnnxFile file_;
};

TEST_F(OnnxExternalDataTest, IsRead) {
  ASSERT_OK_AND_ASSIGN(const Model model, LoadFile());
  EXPECT_THAT(model.values.at("w").data<float>(),
              ElementsAre(1, 2, 3, 4, 5, 6));
  EXPECT_THAT(model.values.at("b").data<float>(), ElementsAre(7, 8, 9));
}

TEST_F(OnnxExternalDataTest, OffsetAndLengthMayBeLeftOut) {
  onnx::TensorProto& bias = file_.last_tensor();
  bias.mutable_external_data()->RemoveLast();
  EXPECT_OK(LoadFile());
  folder_.Write("w.bin", FloatsFrom(1, 6));
  weight().mutable_external_data()->DeleteSubrange(1, 2);
  bias.clear_external_data();
  bias.clear_data_location();
  bias.set_raw_data(FloatsFrom(7, 3));
  ASSERT_OK_AND_ASSIGN(const Model model, LoadFile());
  EXPECT_THAT(model.values.at("w").data<float>(),
              ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST_F(OnnxExternalDataTest, OfAttributesIsRead) {
  onnx::GraphProto& graph = *file_.model.mutable_graph();
  onnx::NodeProto constant;
  constant.set_op_type("Constant");
  constant.add_output("w");
  onnx::AttributeProto* value = constant.add_attribute();
  value->set_name("value");
  value->set_type(onnx::AttributeProto::TENSOR);
  *value->mutable_t() = graph.initializer(0);
  graph.mutable_initializer()->DeleteSubrange(0, 1);
  const onnx::NodeProto gemm = graph.node(0);
  *graph.mutable_node(0) = constant;
  *graph.add_node() = gemm;
  EXPECT_OK(LoadFile());
  graph.mutable_node(0)
      ->mutable_attribute(0)
      ->mutable_t()
      ->mutable_external_data(0)
      ->set_value("../w.bin");
  EXPECT_THAT(LoadFile().status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("attribute 'value': external file")));
}

TEST_F(OnnxExternalDataTest, RefusesWhatLeadsElsewhere) {
  ScratchFolder outside;
  outside.Write("w.bin", std::string(8, 'x') + FloatsFrom(1, 9));
  std::filesystem::create_directory(folder_.File("sub"));
  folder_.Write("sub/w.bin", folder_.Read("w.bin"));
  std::filesystem::create_symlink(outside.File("w.bin"), folder_.File("link"));
  std::filesystem::create_symlink(outside.path(), folder_.File("up"));
  folder_.Write("hard", folder_.Read("w.bin"));
  std::filesystem::create_hard_link(folder_.File("hard"),
                                    folder_.File("hard2"));
  ASSERT_EQ(::mkfifo(folder_.File("fifo").c_str(), 0600), 0);
  EXPECT_OK(AfterChange([&] { SetEntry(0, "sub/w.bin"); }));
  const struct {
    std::string location;
    absl::StatusCode code;
  } cases[] = {
      {"", absl::StatusCode::kInvalidArgument},
      {outside.File("w.bin"), absl::StatusCode::kInvalidArgument},
      {"../w.bin", absl::StatusCode::kInvalidArgument},
      {"sub/../w.bin", absl::StatusCode::kInvalidArgument},
      {"sub\\w.bin", absl::StatusCode::kInvalidArgument},
      {std::string("w.bin\0", 6), absl::StatusCode::kInvalidArgument},
      {std::string(256, 'w'), absl::StatusCode::kInvalidArgument},
      {"link", absl::StatusCode::kPermissionDenied},
      {"up/w.bin", absl::StatusCode::kPermissionDenied},
      {"hard", absl::StatusCode::kPermissionDenied},
      {"fifo", absl::StatusCode::kInvalidArgument},
      {"sub", absl::StatusCode::kInvalidArgument},
      {"none", absl::StatusCode::kNotFound},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(AfterChange([&] { SetEntry(0, c.location); }),
                StatusIs(c.code, HasSubstr("initializer 'w': external file")))
        << c.location;
  }
}

TEST_F(OnnxExternalDataTest, RefusesEntriesThatAreWrong) {
  const auto add = [this](const std::string& key, const std::string& value) {
    onnx::StringStringEntryProto* entry = weight().add_external_data();
    entry->set_key(key);
    entry->set_value(value);
  };
  const auto expect = [this](const std::function<void()>& change,
                             const std::string& what) {
    EXPECT_THAT(AfterChange(change),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(what)));
  };
  for (const std::string number :
       {"-1", "+8", " 8", "8 ", "", "0x8", "8.0", "9223372036854775808",
        "99999999999999999999999"}) {
    expect([&] { SetEntry(1, number); }, "offset is '" + number);
    expect([&] { SetEntry(2, number); }, "length is '" + number);
  }
  expect([&] { SetEntry(1, "45"); },
         "24 bytes at byte 45 of 'w.bin', which has 44");
  expect([&] { SetEntry(1, "21"); }, "24 bytes at byte 21");
  expect([&] { SetEntry(1, "9223372036854775807"); }, "which has 44");
  expect([&] { SetEntry(2, "9223372036854775807"); }, "which has 44");
  expect([&] { SetEntry(2, "20"); },
         "has 20 bytes: expected 6 elements of 4 bytes");
  expect([&] { add("location", "w.bin"); }, "'location' stands twice");
  expect([&] { add("basepath", "/etc"); }, "'basepath' is no key of it");
  expect([&] { add("checksum", "12"); }, "checksum is no SHA-1");
  EXPECT_OK(AfterChange([&] { add("checksum", std::string(40, 'a')); }));
  expect([&] { weight().mutable_external_data()->DeleteSubrange(0, 1); },
         "location is missing");
  expect([&] { weight().clear_external_data(); }, "location is missing");
  expect([&] { weight().clear_data_location(); }, "data_location is another");
  expect([&] { weight().set_raw_data(FloatsFrom(1, 6)); }, "two places");
  expect([&] { weight().add_float_data(1); }, "two places");
}

TEST_F(OnnxExternalDataTest, ReadsNoMoreThanTheFilesHave) {
  folder_.Write("w.bin", FloatsFrom(0, 8));
  SetEntry(1, "0");
  file_.last_tensor().mutable_external_data(1)->set_value("0");
  EXPECT_THAT(LoadFile().status(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("tensors share bytes")));
  // A file with nothing on the disk, beyond any memory.
  folder_.Write("w.bin", "");
  std::filesystem::resize_file(folder_.File("w.bin"), uint64_t{1} << 41);
  EXPECT_EQ(LoadFile().status().code(), absl::StatusCode::kResourceExhausted);
}

class OnnxWeightsTest : public ::testing::Test {
 protected:
  OnnxWeightsTest() {
    GraphBuilder g("net");
    const Value x = g.Input("x", {kBatch, 30});
    g.Output("y", layers::Dense(layers::Dense(x, 40, Activation::kRelu), 3));
    model_.graph = g.Build().value();
    float next = 1;
    for (const NodeId id : model_.graph.parameters()) {
      const Node& node = model_.graph.node(id);
      Tensor value(node.type.dtype, node.type.shape);
      for (float& element : value.data<float>()) element = next++;
      model_.values.emplace(node.name, std::move(value));
    }
    options_.external_weights = true;
    EXPECT_OK(Save(model_, path_, options_));
    for (const std::string& name : folder_.Names()) {
      if (ChecksumInWeightsName(name).has_value()) weights_ = name;
    }
  }

  ScratchFolder folder_;
  const std::string path_ = folder_.File("m.onnx");
  Model model_;
  SaveOptions options_;
  std::string weights_;
};

TEST_F(OnnxWeightsTest, AreWrittenAsOnnxAdvisesAndReadBack) {
  ASSERT_FALSE(weights_.empty());
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("m.onnx", weights_));
  // The second weights have 480 bytes and stay inside.
  const onnx::ModelProto file = ParseOnnx(folder_.Read("m.onnx"));
  int external = 0;
  for (const onnx::TensorProto& tensor : file.graph().initializer()) {
    if (tensor.data_location() != onnx::TensorProto::EXTERNAL) {
      EXPECT_LT(tensor.raw_data().size(), kLeastExternalBytes);
      continue;
    }
    ++external;
    EXPECT_FALSE(tensor.has_raw_data());
    ASSERT_EQ(tensor.external_data_size(), 3);
    EXPECT_EQ(tensor.external_data(0).value(), weights_);
    EXPECT_EQ(std::stol(tensor.external_data(1).value()) %
                  static_cast<long>(kOnnxAlignment),
              0);
    EXPECT_EQ(tensor.external_data(2).value(), std::to_string(30 * 40 * 4));
  }
  EXPECT_EQ(external, 1);
  EXPECT_EQ(folder_.Read(weights_).size(), 30u * 40 * 4);

  ASSERT_OK_AND_ASSIGN(const Model again, Load(path_));
  ASSERT_OK(Save(model_, folder_.File("inside.onnx")));
  ASSERT_OK_AND_ASSIGN(const Model inside, Load(folder_.File("inside.onnx")));
  EXPECT_EQ(EncodeModel(again).value(), EncodeModel(inside).value());
  // Without external weights the file is as ExportOnnx makes it.
  EXPECT_EQ(folder_.Read("inside.onnx"), ExportOnnx(model_).value());
  // And they are removed with the last model that had them.
  ASSERT_OK(Save(model_, path_));
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("m.onnx", "inside.onnx"));
}

TEST_F(OnnxWeightsTest, AreNoFileWhereAllAreSmall) {
  GraphBuilder g("small");
  g.Output("y", layers::Dense(g.Input("x", {kBatch, 2}), 3));
  Model small;
  small.graph = g.Build().value();
  for (const NodeId id : small.graph.parameters()) {
    const Node& node = small.graph.node(id);
    small.values.emplace(node.name, Tensor(node.type.dtype, node.type.shape));
  }
  ASSERT_OK(Save(small, path_, options_));
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("m.onnx"));
  EXPECT_OK(Load(path_));
}

TEST_F(OnnxWeightsTest, DamageIsSeen) {
  const std::string good = folder_.Read(weights_);
  for (const size_t i : {size_t{0}, size_t{1000}, good.size() - 1}) {
    std::string damaged = good;
    damaged[i] = static_cast<char>(damaged[i] ^ 1);
    folder_.Write(weights_, damaged);
    EXPECT_THAT(Load(path_).status(),
                StatusIs(absl::StatusCode::kDataLoss,
                         HasSubstr("is damaged: the checksum")));
    EXPECT_EQ(LoadStructure(path_).status(), Load(path_).status());
  }
  folder_.Write(weights_, good.substr(0, good.size() - 1));
  EXPECT_EQ(Load(path_).status().code(), absl::StatusCode::kDataLoss);
  std::filesystem::remove(folder_.File(weights_));
  EXPECT_EQ(Load(path_).status().code(), absl::StatusCode::kNotFound);
}

TEST_F(OnnxWeightsTest, AreWrittenThroughNoLink) {
  ScratchFolder outside;
  outside.Write("victim", "precious");
  std::filesystem::remove(folder_.File(weights_));
  std::filesystem::create_symlink(outside.File("victim"),
                                  folder_.File(weights_));
  EXPECT_EQ(Save(model_, path_, options_).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(outside.Read("victim"), "precious");
}

}  // namespace
}  // namespace espalier
