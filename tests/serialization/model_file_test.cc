#include "serialization/model_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "graph/text.h"
#include "tests/graph/test_ops.h"
#include "tests/serialization/gzip_member.h"
#include "tests/serialization/sample_model.h"
#include "tests/serialization/scratch_folder.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

TEST(ModelFileTest, WritesTheFormatThatTheEndingNames) {
  ScratchFolder folder;
  const Model model = SampleModel();
  ASSERT_TRUE(Save(model, folder.File("a.pb")).ok());
  ASSERT_TRUE(Save(model, folder.File("a.pbtxt")).ok());
  EXPECT_THAT(folder.Names(), UnorderedElementsAre("a.pb", "a.pbtxt"));
  EXPECT_THAT(folder.Read("a.pbtxt"), HasSubstr("kind: \"mix\""));
  const Model binary = Load(folder.File("a.pb"), SampleOps()).value();
  const Model text = Load(folder.File("a.pbtxt"), SampleOps()).value();
  EXPECT_EQ(PrintGraph(binary.graph), PrintGraph(model.graph));
  EXPECT_EQ(PrintGraph(text.graph), PrintGraph(model.graph));

  // From text to binary and back nothing is lost.
  ASSERT_TRUE(Save(text, folder.File("b.pb")).ok());
  EXPECT_EQ(folder.Read("b.pb"), folder.Read("a.pb"));
  ASSERT_TRUE(Save(binary, folder.File("b.pbtxt")).ok());
  EXPECT_EQ(folder.Read("b.pbtxt"), folder.Read("a.pbtxt"));
}

TEST(ModelFileTest, RefusesOtherEndings) {
  ScratchFolder folder;
  for (const std::string name : {"m.onxx", "pb", "m", "m.pb.gz", ""}) {
    const std::string path = folder.File(name);
    const absl::Status saved = Save(SampleModel(), path);
    EXPECT_EQ(saved.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_EQ(saved.message(), absl::StrCat("save '", path,
                                            "': the name of a model file ends "
                                            "in .pb, .pbtxt or .onnx"));
    EXPECT_EQ(CheckModelName(path).message(),
              "the name of a model file ends in .pb, .pbtxt or .onnx");
    EXPECT_EQ(Load(path, SampleOps()).status().code(),
              absl::StatusCode::kInvalidArgument);
  }
  EXPECT_THAT(folder.Names(), ElementsAre());
  EXPECT_TRUE(CheckModelName("a.pb").ok());
  EXPECT_TRUE(CheckModelName("a.pbtxt").ok());
}

TEST(ModelFileTest, DoesNotSaveAnOwnOpWithAStandardKind) {
  GraphBuilder g("g");
  const Value x = g.Input("x", {kBatch, 2});
  g.Output("y", g.AddNode(std::make_shared<PassOp>("relu"), {x}, "own"));
  Model model;
  model.graph = g.Build().value();
  ScratchFolder folder;
  for (const std::string name : {"m.pb", "m.pbtxt", "m.onnx"}) {
    const absl::Status saved = Save(model, folder.File(name));
    EXPECT_EQ(saved.code(), absl::StatusCode::kInvalidArgument);
    EXPECT_THAT(std::string(saved.message()),
                HasSubstr("node 'own' (relu): this op of the program's own"));
  }
  EXPECT_THAT(folder.Names(), ElementsAre());
}

TEST(ModelFileTest, NamesTheFileThatItCannotRead) {
  ScratchFolder folder;
  const std::string path = folder.File("none.pb");
  const absl::Status status = Load(path, SampleOps()).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_EQ(status.message(),
            absl::StrCat("read '", path, "': No such file or directory"));

  std::filesystem::create_directory(folder.File("folder.pb"));
  EXPECT_EQ(Load(folder.File("folder.pb"), SampleOps()).status().code(),
            absl::StatusCode::kInvalidArgument);
  ASSERT_EQ(::mkfifo(folder.File("fifo.pb").c_str(), 0600), 0);
  EXPECT_EQ(Load(folder.File("fifo.pb"), SampleOps()).status().code(),
            absl::StatusCode::kInvalidArgument);
  const std::string large = folder.Write("large.pb", "");
  std::filesystem::resize_file(large, uint64_t{1} << 40);
  EXPECT_EQ(Load(large, SampleOps()).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ModelFileTest, RefusesForeignFiles) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  constexpr auto kLoss = absl::StatusCode::kDataLoss;
  ScratchFolder folder;
  ASSERT_TRUE(Save(SampleModel(), folder.File("good.pb")).ok());
  const std::string good = folder.Read("good.pb");
  ASSERT_TRUE(Save(SampleModel(), folder.File("good.pbtxt")).ok());
  std::string crlf;
  for (const char c : good) crlf += c == '\n' ? "\r\n" : std::string(1, c);
  const struct {
    std::string bytes;
    absl::StatusCode code;
    std::string message;
  } cases[] = {
      {"", kLoss, "is empty"},
      {"\x0A\x08"
       "ESPALIER",
       kLoss, "no checksum at its end"},
      {"\x0A\x08"
       "ESPA",
       kLoss, "ends inside its first field"},
      {std::string("\x89PNG\r\n\x1a\n\0\0\0\rIHDR", 16), kInvalid,
       "is no Espalier model: it begins with '\\211PNG"},
      // ir_version 8, producer_name "pytorch": how ONNX files begin.
      {"\x08\x08\x12\x07pytorch\x1A\x05"
       "1.130",
       kInvalid, "is no Espalier model"},
      {folder.Read("good.pbtxt"), kInvalid, "it begins with 'magic: "},
      {GzipMember(good), kInvalid, "is no Espalier model"},
      {std::string(1 << 20, '\0'), kInvalid, "is no Espalier model"},
      {crlf, kLoss, ""},
  };
  for (const auto& c : cases) {
    const std::string path = folder.Write("m.pb", c.bytes);
    ::testing::internal::CaptureStderr();
    const absl::Status status = Load(path, SampleOps()).status();
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(status.code(), c.code) << status;
    EXPECT_THAT(std::string(status.message()),
                HasSubstr(absl::StrCat("load '", path, "': ")));
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.message));
  }
}

TEST(ModelFileTest, KeepsTheOldFileWhenTheNewOneCannotBeWritten) {
  ScratchFolder folder;
  const std::string path = folder.Write("m.pb", "the old one");
  // A real short write and then a real error.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  rlimit small = before;
  small.rlim_cur = 100;
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  const absl::Status status = Save(SampleModel(), path);
  ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  EXPECT_FALSE(status.ok());
  EXPECT_THAT(std::string(status.message()),
              HasSubstr(absl::StrCat("write '", path, "': write: ")));
  EXPECT_EQ(folder.Read("m.pb"), "the old one");
  EXPECT_THAT(folder.Names(), ElementsAre("m.pb"));

  // A model that is refused does not touch the file either.
  Model wrong = SampleModel();
  wrong.values.clear();
  EXPECT_EQ(Save(wrong, path).code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(folder.Read("m.pb"), "the old one");
  EXPECT_EQ(Save(SampleModel(), folder.File("none/m.pb")).code(),
            absl::StatusCode::kNotFound);
}

}  // namespace
}  // namespace espalier
