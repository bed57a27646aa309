#include "tools/output_path.h"

#include <filesystem>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/scratch_folder.h"
#include "tools/exit_code.h"

namespace espalier {
namespace tools {
namespace {

using ::testing::HasSubstr;

std::string Refusal(const std::string& path,
                    const std::vector<std::string>& inputs = {},
                    bool force = false) {
  const absl::Status status = CheckOutput("--output", path, inputs, force);
  EXPECT_EQ(ExitCodeOf(status), status.ok() ? kDone : kUsage);
  return std::string(status.message());
}

TEST(OutputPathTest, NewFilesAndOldOnes) {
  const ScratchFolder folder;
  EXPECT_EQ(Refusal(folder.File("new.pb")), "");
  EXPECT_EQ(Refusal("new.pb"), "");
  EXPECT_EQ(Refusal(folder.Write("old.pb", "old")), "");
  EXPECT_EQ(folder.Read("old.pb"), "old");
}

TEST(OutputPathTest, FoldersThatAreNotThere) {
  const ScratchFolder folder;
  EXPECT_THAT(Refusal(folder.File("none/m.pb")),
              HasSubstr("there is no folder"));
  EXPECT_THAT(Refusal(folder.Write("file", "") + "/m.pb"),
              HasSubstr("there is no folder"));
  EXPECT_THAT(Refusal(folder.path() + "/"), HasSubstr("name of a folder"));
  EXPECT_THAT(Refusal(folder.path()), HasSubstr("no regular file"));
}

TEST(OutputPathTest, NamesThatLeadNowhere) {
  namespace fs = std::filesystem;
  const ScratchFolder folder;
  fs::create_symlink("nothing", folder.File("dangling"));
  fs::create_symlink("loop", folder.File("loop"));
  fs::create_symlink(folder.Write("file", ""), folder.File("link"));
  EXPECT_THAT(Refusal(folder.File("dangling")), HasSubstr("symbolic link"));
  EXPECT_THAT(Refusal(folder.File("loop")), HasSubstr("symbolic link"));
  EXPECT_THAT(Refusal(folder.File("loop/m.pb")), HasSubstr("no folder"));
  EXPECT_THAT(Refusal(folder.File(std::string(260, 'm'))),
              HasSubstr("too long"));
  EXPECT_EQ(Refusal(folder.File("link")), "");
}

TEST(OutputPathTest, FilesInAFolderOfData) {
  const ScratchFolder folder;
  const std::vector<std::string> data = {folder.path()};
  EXPECT_THAT(Refusal(folder.Write("train-labels-idx1-ubyte", ""), data),
              HasSubstr("would overwrite the input"));
  EXPECT_EQ(Refusal(folder.Write("m.pb", ""), data), "");
}

TEST(OutputPathTest, OneFileHoweverItIsSpelt) {
  const ScratchFolder folder;
  std::filesystem::create_symlink(folder.path(), folder.File("here"));
  const std::string old = folder.Write("old", "");
  std::filesystem::create_symlink(old, folder.File("link"));
  EXPECT_TRUE(SameOutput("m.pb", "m.pb"));
  EXPECT_TRUE(SameOutput("m.pb", "./m.pb"));
  EXPECT_TRUE(SameOutput(folder.File("m.pb"), folder.path() + "//./m.pb"));
  EXPECT_TRUE(SameOutput(folder.File("m.pb"), folder.File("here/m.pb")));
  EXPECT_TRUE(SameOutput(old, folder.File("link")));
  EXPECT_FALSE(SameOutput("m.pb", "n.pb"));
  EXPECT_FALSE(SameOutput("m.pb", folder.File("m.pb")));
  EXPECT_FALSE(SameOutput(old, folder.File("m.pb")));
}

TEST(OutputPathTest, TextHasNoNameOfAModelOrOfWeights) {
  for (const char* name : {"m.pb", "a/m.pbtxt", "m.onnx", "w.npz",
                           "w.safetensors", "a/m.pb.0123abcd.weights"}) {
    const absl::Status status = CheckTextOutput("--log", name);
    EXPECT_EQ(ExitCodeOf(status), kUsage) << name;
    EXPECT_EQ(status.message(),
              absl::StrCat("--log '", name,
                           "': expected the name of a text file, found that of "
                           "a model or of weights"));
  }
  for (const char* name : {"m.dot", "log.jsonl", "log", "m.pb.txt"}) {
    EXPECT_TRUE(CheckTextOutput("--log", name).ok()) << name;
  }
  const ScratchFolder folder;
  folder.Write("m.pb", "model");
  folder.Write("old.jsonl", "log");
  std::filesystem::create_symlink("m.pb", folder.File("a.jsonl"));
  std::filesystem::create_symlink("old.jsonl", folder.File("b.jsonl"));
  EXPECT_FALSE(CheckTextOutput("--log", folder.File("a.jsonl")).ok());
  EXPECT_TRUE(CheckTextOutput("--log", folder.File("b.jsonl")).ok());
}

TEST(OutputPathTest, NeverOverAnInputUnlessForced) {
  const ScratchFolder folder;
  const std::string input = folder.Write("m.pb", "input");
  std::filesystem::create_symlink(input, folder.File("link.pb"));
  EXPECT_THAT(Refusal(input, {input}), HasSubstr("--force allows it"));
  EXPECT_THAT(Refusal(folder.path() + "/./m.pb", {input}),
              HasSubstr("would overwrite the input"));
  EXPECT_THAT(Refusal(folder.File("link.pb"), {input}),
              HasSubstr("would overwrite the input"));
  EXPECT_EQ(Refusal(input, {input}, true), "");
  EXPECT_EQ(Refusal(input, {"", "builtin:digits", folder.File("x.pb")}), "");
  EXPECT_EQ(Refusal(folder.File("new.pb"), {folder.path()}), "");
}

TEST(OutputPathTest, NeverOverWeightsOfAnInputUnlessForced) {
  const ScratchFolder folder;
  std::filesystem::create_directory(folder.File("below"));
  const std::string weights = folder.Write("net.onnx.data", "weights");
  const std::string lower = folder.Write("below/w.npy", "weights");
  const std::string other = folder.Write("w.npy", "");
  // Texts behind their lengths, as protobuf writes them.
  const std::string model = folder.Write("net.onnx",
                                         "\x0dnet.onnx.data\x0b"
                                         "below/w.npy");
  std::filesystem::create_symlink(model, folder.File("below/link.onnx"));
  std::filesystem::create_symlink(weights, folder.File("link.data"));
  for (const std::string& input : {model, folder.File("below/link.onnx")}) {
    for (const std::string& output :
         {weights, lower, folder.File("link.data")}) {
      EXPECT_THAT(Refusal(output, {input}),
                  HasSubstr("would overwrite weights of"));
      EXPECT_EQ(Refusal(output, {input}, true), "");
    }
    EXPECT_EQ(Refusal(other, {input}), "");
  }
}

}  // namespace
}  // namespace tools
}  // namespace espalier
