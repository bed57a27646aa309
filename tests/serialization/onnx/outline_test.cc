#include "serialization/onnx/outline.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "serialization/onnx/import_structure.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/serialization/wire_bytes.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

// w has 24 bytes, b 12.
OnnxFile Network() {
  OnnxFile file;
  file.Input("x", {-1, 2}).Floats("w", {2, 3}).Floats("b", {3});
  file.Node("Gemm", {"x", "w", "b"}, "y").Output("y");
  return file;
}

TEST(OnnxOutlineTest, IsTheFileWithoutElements) {
  OnnxFile file = Network();
  const std::string bytes = file.bytes();
  MemorySource source(bytes);
  ASSERT_OK_AND_ASSIGN(const OnnxOutline outline, ReadOnnxOutline(&source, 24));
  ASSERT_EQ(outline.left_out.size(), 1);
  const OnnxOutline::LeftOut& left_out = outline.left_out[0];
  onnx::TensorProto& w =
      *file.model.mutable_graph()->mutable_initializer(left_out.initializer);
  EXPECT_EQ(w.name(), "w");
  EXPECT_EQ(bytes.substr(static_cast<size_t>(left_out.place),
                         static_cast<size_t>(left_out.size)),
            w.raw_data());
  w.clear_raw_data();
  EXPECT_EQ(outline.bytes, file.bytes());

  ASSERT_OK_AND_ASSIGN(const OnnxOutline both, ReadOnnxOutline(&source, 12));
  EXPECT_EQ(both.left_out.size(), 2);
  ASSERT_OK_AND_ASSIGN(const OnnxOutline none, ReadOnnxOutline(&source, 25));
  EXPECT_EQ(none.bytes, bytes);
}

TEST(OnnxOutlineTest, RefusesWhatDoesNotAddUp) {
  const std::string bytes = Network().bytes();
  int refused = 0;
  for (size_t size = 1; size < bytes.size(); ++size) {
    MemorySource source(absl::string_view(bytes).substr(0, size));
    const absl::Status status = ReadOnnxOutline(&source, 1).status();
    if (status.ok()) continue;  // between two fields of the file
    EXPECT_THAT(status, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("do not add up")));
    ++refused;
  }
  EXPECT_GT(refused, static_cast<int>(bytes.size() / 2));
}

// Protobuf takes lengths of at most five bytes.
TEST(OnnxOutlineTest, LengthsAreAsLongAsProtobufTakesThem) {
  const std::string bytes = Network().bytes();
  const std::string graph = "\x3a";
  const size_t at = bytes.find(graph);
  ASSERT_NE(at, bytes.npos);
  for (const int padding : {3, 4}) {
    std::string padded = bytes;
    padded[at + 1] = static_cast<char>(padded[at + 1] | 0x80);
    ASSERT_EQ(bytes[at + 1] & 0x80, 0);
    padded.insert(at + 2, std::string(static_cast<size_t>(padding), '\x80') +
                              std::string(1, '\0'));
    MemorySource source(padded);
    EXPECT_EQ(ImportOnnxStructure(&source).ok(), padding == 3);
    EXPECT_EQ(ImportOnnx(padded).ok(), padding == 3);
  }
}

TEST(OnnxOutlineTest, ElementsInTwoPlacesAreRefused) {
  OnnxFile file = Network();
  onnx::GraphProto graph = file.model.graph();
  const onnx::TensorProto w = graph.initializer(0);
  graph.mutable_initializer()->DeleteSubrange(0, 1);
  file.model.clear_graph();
  const std::string tensor = w.SerializeAsString() + Field(9, w.raw_data());
  const std::string twice =
      file.bytes() + Field(7, graph.SerializeAsString() + Field(5, tensor));
  MemorySource source(twice);
  EXPECT_THAT(
      ImportOnnxStructure(&source, OnnxImportOptions(), 1),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("two places")));
}

}  // namespace
}  // namespace espalier
