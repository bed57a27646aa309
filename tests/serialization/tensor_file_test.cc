#include "serialization/tensor_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "serialization/bytes.h"
#include "serialization/weights_file.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

NamedTensors Sample() {
  NamedTensors tensors;
  Tensor weight({2, 3}, std::vector<float>{1, -2, 0.5f, -0.0f, 1e-42f, 0});
  weight.data<float>()[5] = std::numeric_limits<float>::signaling_NaN();
  tensors.emplace("layer/weight", weight);
  tensors.emplace("steps", Tensor({}, std::vector<int32_t>{-7}));
  tensors.emplace("\"quoted\\", Tensor({1}, std::vector<float>{3}));
  tensors.emplace("\xC3\xA9t\xC3\xA9", Tensor({0, 2}, std::vector<float>{}));
  // Beyond what is read in one piece.
  Tensor large(DataType::kF32, {100000});
  float next = 0;
  for (float& element : large.data<float>()) element = next++;
  tensors.emplace("large", large);
  return tensors;
}

TEST(TensorFileTest, GivesBackEveryBit) {
  ScratchFolder folder;
  for (const std::string name : {"w.npz", "w.safetensors"}) {
    EXPECT_TRUE(IsTensorFileName(name));
    ASSERT_OK(SaveTensors(Sample(), folder.File(name)));
    ASSERT_OK_AND_ASSIGN(const NamedTensors again,
                         LoadTensors(folder.File(name)));
    EXPECT_EQ(again, Sample()) << name;
    ASSERT_OK(SaveTensors(again, folder.File("again-" + name)));
    EXPECT_EQ(folder.Read("again-" + name), folder.Read(name));
    ASSERT_OK(SaveTensors({}, folder.File(name)));
    ASSERT_OK_AND_ASSIGN(const NamedTensors none,
                         LoadTensors(folder.File(name)));
    EXPECT_TRUE(none.empty());
  }
}

TEST(TensorFileTest, RefusesOtherNamesAndSaysWhichFileIsWrong) {
  ScratchFolder folder;
  EXPECT_FALSE(IsTensorFileName("w.npy"));
  EXPECT_THAT(SaveTensors({}, folder.File("w.npy")),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("ends in .npz or .safetensors")));
  const std::string none = folder.File("none.npz");
  EXPECT_THAT(LoadTensors(none).status(),
              StatusIs(absl::StatusCode::kNotFound,
                       "load '" + none + "': No such file or directory"));
  const std::string path = folder.Write("w.safetensors", "short");
  EXPECT_THAT(LoadTensors(path).status(),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("load '" + path + "': ")));
}

std::vector<float> Floats(const Tensor& tensor) {
  const absl::Span<const float> data = tensor.data<float>();
  return {data.begin(), data.end()};
}
std::vector<int32_t> Ints(const Tensor& tensor) {
  const absl::Span<const int32_t> data = tensor.data<int32_t>();
  return {data.begin(), data.end()};
}

// Made by tests/data/make_tensor_files.py.
std::string Foreign(const std::string& name) {
  return ESPALIER_SOURCE_DIR "/tests/data/tensors/" + name;
}

TEST(TensorFileTest, ReadsWhatNumPyWrites) {
  for (const std::string name : {"stored.npz", "packed.npz"}) {
    ASSERT_OK_AND_ASSIGN(const NamedTensors tensors,
                         LoadTensors(Foreign(name)));
    EXPECT_EQ(tensors.size(), 7u);
    EXPECT_EQ(tensors.at("layer/weight").shape(), Shape({2, 3}));
    EXPECT_THAT(Floats(tensors.at("layer/weight")),
                ElementsAre(0, 0.25f, 0.5f, 0.75f, 1, 1.25f));
    const std::vector<float> bias = Floats(tensors.at("layer/bias"));
    EXPECT_EQ(bias[0], -1.5f);
    EXPECT_EQ(bias[1], std::numeric_limits<float>::infinity());
    EXPECT_TRUE(std::isnan(bias[2]));
    EXPECT_THAT(Floats(tensors.at("fortran")), ElementsAre(0, 1, 2, 3, 4, 5));
    EXPECT_THAT(Ints(tensors.at("steps")), ElementsAre(7));
    EXPECT_EQ(tensors.at("empty").shape(), Shape({0, 4}));
    EXPECT_THAT(Ints(tensors.at("flags")), ElementsAre(1, 0));
    EXPECT_THAT(Ints(tensors.at("\xC3\xA9t\xC3\xA9")), ElementsAre(0, 1, 2));
  }
}

TEST(TensorFileTest, ReadsTheTypesOfSafetensors) {
  ASSERT_OK_AND_ASSIGN(const NamedTensors tensors,
                       LoadTensors(Foreign("mixed.safetensors")));
  EXPECT_EQ(tensors.size(), 8u);
  EXPECT_THAT(Floats(tensors.at("a")), ElementsAre(1, -2, 0.5f, 1e30f));
  EXPECT_THAT(
      Floats(tensors.at("b")),
      ElementsAre(1.5f, -0.25f, std::numeric_limits<float>::infinity()));
  EXPECT_THAT(Floats(tensors.at("c")), ElementsAre(1, -2.5f));
  EXPECT_THAT(Floats(tensors.at("d")), ElementsAre(0.1f));
  EXPECT_THAT(Ints(tensors.at("i")), ElementsAre(-5));
  EXPECT_THAT(Ints(tensors.at("u")), ElementsAre(0, 255));
  EXPECT_THAT(Ints(tensors.at("t")), ElementsAre(1, 0));
  EXPECT_EQ(tensors.at("z").shape(), Shape({0, 3}));
}

// Bytes are a fourth of the numbers that become of them.
TEST(TensorFileTest, NumbersThatMemoryCannotHoldAreNotRead) {
  const ScratchFolder folder;
  constexpr int64_t kRows = 4096;
  const int64_t columns = PhysicalMemory() / 2 / kRows;
  const int64_t bytes = kRows * columns;
  const std::string header =
      absl::StrCat("{\"w\":{\"dtype\":\"U8\",\"shape\":[", kRows, ",", columns,
                   "],\"data_offsets\":[0,", bytes, "]}}");
  std::string file;
  AppendLittle(&file, uint64_t{header.size()});
  file += header;
  const std::string path = folder.Write("large.safetensors", file);
  std::filesystem::resize_file(path,
                               file.size() + static_cast<uint64_t>(bytes));
  EXPECT_THAT(LoadTensors(path).status(),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       AllOf(HasSubstr(path), HasSubstr("bytes of numbers"),
                             HasSubstr("the machine's memory"))));
}

TEST(SetValuesTest, TakesExactlyTheValuesOfTheModel) {
  GraphBuilder g("net");
  const Value w = g.Parameter("w", {2}, Initializer::Zeros());
  g.State("steps", {}, 0, DataType::kI32);
  g.Output("y", w);
  Model model;
  model.graph = g.Build().value();
  const NamedTensors before = {{"w", Tensor({2}, {1, 2})},
                               {"steps", Tensor({}, std::vector<int32_t>{3})}};
  model.values = before;
  NamedTensors values = before;
  values["w"] = Tensor({2}, {5, 6});
  ASSERT_OK(SetValues(values, &model));
  EXPECT_EQ(model.values, values);

  NamedTensors wrong = before;
  wrong.erase("steps");
  wrong["v"] = Tensor({1}, {1});
  wrong["y"] = Tensor({1}, {1});
  wrong["w"] = Tensor({3}, {1, 2, 3});
  EXPECT_THAT(
      SetValues(wrong, &model),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("missing: 'steps'; of no parameter or state: 'v', "
                         "'y'; of another type: 'w' is f32[3], expected "
                         "f32[2]")));
  wrong = before;
  wrong["steps"] = Tensor({}, std::vector<float>{3});
  EXPECT_THAT(SetValues(wrong, &model).ToString(),
              HasSubstr("'steps' is f32[], expected i32[]"));
  for (int i = 0; i < 12; ++i) {
    wrong["extra" + std::to_string(i)] = Tensor({1}, {1});
  }
  EXPECT_THAT(SetValues(wrong, &model).ToString(), HasSubstr("and 2 more"));
  EXPECT_EQ(model.values, values);
}

}  // namespace
}  // namespace espalier
