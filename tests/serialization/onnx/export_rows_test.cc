#include <algorithm>
#include <cmath>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "graph/leaves.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/export_table.h"
#include "tests/ops/op_cases.h"
#include "tests/serialization/onnx/export_helpers.h"
#include "tests/serialization/onnx/onnx_table.h"
#include "tests/serialization/onnx/onnx_text.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

TEST(OnnxRowsTest, HaveEveryKindOnce) {
  std::vector<std::string> kinds;
  for (const OnnxRow& row : OnnxRows()) kinds.emplace_back(row.kind);
  std::vector<std::string> expected;
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    expected.emplace_back(entry.kind);
  }
  EXPECT_EQ(kinds, expected)
      << "the rows are those of serialization/onnx/export_table.cc";
}

TEST(OnnxRowsTest, SayWhatTheyAre) {
  for (const OnnxRow& row : OnnxRows()) {
    const bool written = row.form == OnnxRow::Form::kWritten;
    EXPECT_EQ(row.write != nullptr, written) << row.kind;
    EXPECT_EQ(row.text.empty(), written) << row.kind;
    EXPECT_EQ(row.form == OnnxRow::Form::kLeaf, IsLeafKind(row.kind));
    EXPECT_EQ(FindOnnxRow(row.kind), &row);
  }
  EXPECT_EQ(FindOnnxRow("none"), nullptr);
}

TEST(OnnxTableTest, OfTheDocumentationIsCurrent) {
  std::ifstream stream(absl::StrCat(ESPALIER_SOURCE_DIR, "/docs/onnx.md"));
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  const auto lines_from_head = [](absl::string_view table) {
    const size_t head = table.find("| kind | in ONNX |");
    EXPECT_NE(head, absl::string_view::npos);
    return std::vector<std::string>(
        absl::StrSplit(table.substr(std::min(head, table.size())), '\n'));
  };
  EXPECT_EQ(lines_from_head(text), lines_from_head(OnnxTable()))
      << "onnx_cases --table prints what belongs into docs/onnx.md";
}

class OnnxCaseTest : public testing::TestWithParam<OpCase> {};

TEST_P(OnnxCaseTest, IsWrittenOrRefusedWithItsReason) {
  const OnnxRow* row = FindOnnxRow(GetParam().kind);
  ASSERT_NE(row, nullptr);
  for (const Operands operands : {Operands::kInputs, Operands::kParameters}) {
    ASSERT_OK_AND_ASSIGN(const Graph graph, BuildCase(GetParam(), operands));
    for (int opset = kFirstOnnxOpset; opset <= kLastOnnxOpset; ++opset) {
      const absl::StatusOr<std::string> bytes =
          ExportOnnx(ModelOf(graph), {opset});
      if (row->form == OnnxRow::Form::kNone) {
        EXPECT_THAT(bytes, StatusIs(absl::StatusCode::kUnimplemented,
                                    HasSubstr(std::string(row->text))));
        continue;
      }
      ASSERT_OK(bytes);
      const onnx::ModelProto model = ParseOnnx(*bytes);
      CheckStructure(model, opset);
      ASSERT_EQ(model.graph().input_size(),
                static_cast<int>(graph.inputs().size()));
      for (int i = 0; i < model.graph().input_size(); ++i) {
        const Node& input = graph.node(graph.inputs()[static_cast<size_t>(i)]);
        EXPECT_EQ(model.graph().input(i).name(), input.name);
        EXPECT_EQ(PrintType(model.graph().input(i)), input.type.ToString());
      }
      ASSERT_EQ(model.graph().output_size(), 1);
      EXPECT_EQ(model.graph().output(0).name(), "y");
      EXPECT_EQ(PrintType(model.graph().output(0)),
                graph.node(graph.outputs()[0].node).type.ToString());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, OnnxCaseTest, testing::ValuesIn(OpCases()),
                         [](const testing::TestParamInfo<OpCase>& info) {
                           return info.param.name;
                         });

}  // namespace
}  // namespace espalier
