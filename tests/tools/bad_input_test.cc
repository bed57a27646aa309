// Files that are not what they should be: every command says where, ends with
// 3, and leaves no output behind and an old one as it was.
#include <cmath>
#include <cstdint>

#include "gmock/gmock.h"
#include "graph/builder.h"
#include "ops/binary.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using ::testing::UnorderedElementsAreArray;

class BadInputTest : public ::testing::Test {
 protected:
  // Runs a line whose --output is m-out.pb, which is there already.
  void ExpectRefused(std::vector<std::string> line,
                     const std::vector<std::string>& said) {
    const std::string output = folder_.Write("m-out.pb", "old");
    line.insert(line.end(), {"--output", output});
    ExpectBadInput(line, said);
    EXPECT_EQ(folder_.Read("m-out.pb"), "old");
  }

  void ExpectBadInput(const std::vector<std::string>& line,
                      const std::vector<std::string>& said) {
    const std::vector<std::string> before = folder_.Names();
    const CommandResult result = RunEspalier(line);
    EXPECT_EQ(result.exit_code, 3) << line[0] << ": " << result.err;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, StartsWith("error: "));
    for (const std::string& text : said) {
      EXPECT_THAT(result.err, HasSubstr(text));
    }
    EXPECT_THAT(folder_.Names(), UnorderedElementsAreArray(before));
  }

  ScratchFolder folder_;
};

TEST_F(BadInputTest, Models) {
  ASSERT_TRUE(Save(SmallModel(), folder_.File("good.pb")).ok());
  const std::string good = folder_.Read("good.pb");
  std::string flipped = good;
  flipped[flipped.size() / 2] ^= 4;
  folder_.Write("empty.pb", "");
  folder_.Write("cut.pb", good.substr(0, good.size() - 1));
  folder_.Write("half.pb", good.substr(0, good.size() / 2));
  folder_.Write("flipped.pb", flipped);
  folder_.Write("foreign.pb", "\x89PNG\r\n\x1a\n and so on and so forth");
  folder_.Write("foreign.pbtxt", "{\"a\": 1}");
  const ScratchFolder other;
  const std::string x = other.File("x.npy");
  ASSERT_TRUE(
      WriteNpy(x, Tensor(Shape({1, 2}), std::vector<float>{0, 1})).ok());
  for (const char* name : {"missing.pb", "empty.pb", "cut.pb", "half.pb",
                           "flipped.pb", "foreign.pb", "foreign.pbtxt"}) {
    const std::string model = folder_.File(name);
    ExpectBadInput({"inspect", model}, {name});
    ExpectBadInput({"evaluate", model, "--data", "builtin:digits"}, {name});
    ExpectBadInput({"compare", folder_.File("good.pb"), model}, {name});
    ExpectRefused({"prune", model}, {name});
    ExpectRefused({"run", model, "--input", x}, {name});
    ExpectRefused({"train", "--data", "builtin:digits", "--model", model},
                  {name});
  }
}

TEST_F(BadInputTest, AFolderOrADeviceIsNoModel) {
  ExpectBadInput({"inspect", folder_.path()}, {folder_.path()});
  ExpectBadInput({"inspect", "/dev/null"}, {"/dev/null"});
}

TEST_F(BadInputTest, Tables) {
  struct Table {
    const char* text;
    std::vector<std::string> said;
  };
  for (const Table& table : std::vector<Table>{
           {"1,2,0\n1,2\n", {"d.csv", "line 2"}},
           {"1,2,0\n1,2,3,0\n", {"d.csv", "line 2"}},
           {"1,2,0\n1,two,1\n", {"d.csv", "line 2", "two"}},
           {"1,2,0\nnan,2,1\n", {"d.csv", "line 2", "nan"}},
           {"1,2,0\n1,inf,1\n", {"d.csv", "line 2", "inf"}},
           {"1,2,0\n1,2,-1\n", {"d.csv", "line 2", "-1"}},
           {"1,2,0\n1,2,0.5\n", {"d.csv", "line 2", "0.5"}},
           {"", {"d.csv"}},
           {"a,b,c\n", {"d.csv"}},
           {"1;2;0\n1;3;1\n", {"d.csv", "commas separate columns"}},
       }) {
    const std::string data = folder_.Write("d.csv", table.text);
    ExpectRefused({"train", "--data", data}, table.said);
  }
  const std::string data = folder_.Write("d.csv", "a,b,c\n1,2,0\n1,3,1\n");
  ExpectRefused({"train", "--data", data, "--target", "d"}, {"d.csv", "'d'"});
  ExpectRefused({"train", "--data", folder_.File("none.csv")}, {"none.csv"});
}

TEST_F(BadInputTest, LabelsBeyondTheModelsClasses) {
  const std::string model = folder_.File("m.pb");
  ASSERT_EQ(RunEspalier({"train", "--data", "builtin:moons", "--epochs", "1",
                         "--output", model})
                .exit_code,
            0);
  const std::string data = folder_.Write("d.csv", "0,0,0\n1,1,1\n0,1,2\n");
  ExpectBadInput({"evaluate", model, "--data", data}, {"2", "classes"});
  ExpectRefused({"train", "--data", data, "--model", model}, {"2"});
}

TEST_F(BadInputTest, ModelsThatTheDataCannotTrain) {
  const ScratchFolder data;
  const std::string wide = data.Write("wide.csv", "1,2,3,0\n1,2,3,1\n");
  const std::string model = data.File("m.pb");
  Model with_domain = SmallModel();
  for (const bool declared : {true, false}) {
    if (!declared) with_domain.domains.clear();
    ASSERT_TRUE(Save(with_domain, model).ok());
    for (const char* domain : {"", "0:9"}) {
      std::vector<std::string> line = {"train", "--data", wide, "--model",
                                       model};
      if (domain[0] != '\0') line.insert(line.end(), {"--domain", domain});
      ExpectRefused(line, {"wide.csv", "m.pb", "expected f32[N, 2]", "[2, 3]"});
    }
  }
  GraphBuilder g("two");
  const Value x = g.Input("x", {kBatch, 2});
  g.Output("y", Add(x, g.Input("t", {kBatch, 2})));
  Model two;
  two.graph = *g.Build();
  two.domains = {{"x", {{0, 0}, {1, 1}}}, {"t", {{0, 0}, {1, 1}}}};
  two.history.push_back({"prune", "domain", "", {}});
  ASSERT_TRUE(Save(two, model).ok());
  const std::string narrow = data.Write("n.csv", "1,2,0\n1,2,1\n");
  ExpectRefused(
      {"train", "--data", narrow, "--model", model, "--domain", "0:9"},
      {"m.pb", "expected one input and one output, found 2 and 1"});
  ExpectRefused({"prune", model, "--domain", "data:" + narrow},
                {"n.csv", "data serves a model with one input"});
}

TEST_F(BadInputTest, SamplesOfAnotherShapeThanTheModels) {
  const ScratchFolder data;
  const std::string model = data.File("m.pb");
  ASSERT_TRUE(Save(SmallModel(), model).ok());
  const std::string x = data.File("wide.npy");
  ASSERT_TRUE(WriteNpy(x, Tensor(DataType::kF32, {3, 5})).ok());
  ExpectBadInput({"compare", model, model, "--data", x},
                 {"wide.npy", "[3, 5]"});
  ExpectRefused({"prune", model, "--grade", "data", "--data", x},
                {"wide.npy", "[3, 5]"});
  const std::string d = data.Write("wide.csv", "1,2,3,0\n1,2,3,1\n");
  ExpectBadInput({"evaluate", model, "--data", d}, {"wide.csv"});
}

std::string BigEndian(uint32_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) {
    bytes += static_cast<char>(value >> shift & 255);
  }
  return bytes;
}

TEST_F(BadInputTest, IdxFolders) {
  const std::string images = BigEndian(0x803) + BigEndian(2) + BigEndian(2) +
                             BigEndian(2) + std::string(8, '\x7f');
  const std::string labels =
      BigEndian(0x801) + BigEndian(2) + std::string("\0\1", 2);
  const auto refused = [this](const std::string& image_bytes,
                              const std::string& label_bytes,
                              const std::vector<std::string>& said) {
    const ScratchFolder data;
    data.Write("train-images-idx3-ubyte", image_bytes);
    data.Write("train-labels-idx1-ubyte", label_bytes);
    ExpectRefused({"train", "--data", data.path()}, said);
  };
  refused(BigEndian(0x804) + images.substr(4), labels,
          {"train-images-idx3-ubyte"});
  refused(BigEndian(0xd03) + images.substr(4), labels,
          {"train-images-idx3-ubyte"});
  refused(images, BigEndian(0x803) + labels.substr(4),
          {"train-labels-idx1-ubyte"});
  // Counts: above what is there, below it, different from the other file's, and
  // one whose product wraps.
  refused(images.substr(0, 4) + BigEndian(3) + images.substr(8), labels,
          {"train-images-idx3-ubyte"});
  refused(images.substr(0, 4) + BigEndian(1) + images.substr(8), labels,
          {"train-images-idx3-ubyte"});
  refused(images, labels.substr(0, 4) + BigEndian(1) + std::string("\0", 1),
          {"has 2 images", "1 labels"});
  refused(BigEndian(0x803) + BigEndian(1u << 31) + BigEndian(1u << 31) +
              BigEndian(4),
          labels, {"train-images-idx3-ubyte"});
  refused("", labels, {"train-images-idx3-ubyte"});
  refused(images.substr(0, images.size() - 1), labels,
          {"train-images-idx3-ubyte"});
  const ScratchFolder empty;
  ExpectRefused({"train", "--data", empty.path()}, {"train-images-idx3-ubyte"});
}

TEST_F(BadInputTest, Arrays) {
  const ScratchFolder data;
  const std::string x = data.File("x.npy");
  const std::string y = data.File("y.npy");
  const auto write = [&](const std::vector<float>& features,
                         const std::vector<int32_t>& labels) {
    ASSERT_TRUE(
        WriteNpy(x, Tensor(Shape({static_cast<int64_t>(features.size()), 1}),
                           features))
            .ok());
    ASSERT_TRUE(WriteNpy(y, Tensor(Shape({static_cast<int64_t>(labels.size())}),
                                   labels))
                    .ok());
  };
  const std::vector<std::string> line = {"train", "--data", x, "--labels", y};
  write({0, NAN}, {0, 1});
  ExpectRefused(line, {"row 1"});
  write({0, 1}, {0, -1});
  ExpectRefused(line, {"row 1", "-1"});
  write({0, 1}, {0, 1, 1});
  ExpectRefused(line, {"3"});
  write({0, 1}, {0, 2000000000});
  ExpectRefused(line, {"2000000000"});
  data.Write("x.npy", "\x93NUMPY");
  ExpectRefused(line, {"x.npy"});
}

}  // namespace
}  // namespace espalier
