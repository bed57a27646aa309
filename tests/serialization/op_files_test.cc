// Model files of every op of the library.
#include <string>

#include "espalier/model.pb.h"
#include "gmock/gmock.h"
#include "graph/text.h"
#include "gtest/gtest.h"
#include "ops/layers.h"
#include "ops/registry.h"
#include "serialization/model_codec.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

class OpFilesTest : public testing::TestWithParam<OpCase> {};

TEST_P(OpFilesTest, GiveBackTheOp) {
  Model model;
  ASSERT_OK_AND_ASSIGN(model.graph, BuildCase(GetParam()));
  ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeModel(model));
  ASSERT_OK_AND_ASSIGN(const Model binary, DecodeModel(bytes, StandardOps()));
  EXPECT_EQ(PrintGraph(binary.graph), PrintGraph(model.graph));
  ASSERT_OK_AND_ASSIGN(const std::string again, EncodeModel(binary));
  EXPECT_EQ(again, bytes);
  ASSERT_OK_AND_ASSIGN(const std::string text, EncodeModelText(model));
  ASSERT_OK_AND_ASSIGN(const Model from_text,
                       DecodeModelText(text, StandardOps()));
  EXPECT_EQ(PrintGraph(from_text.graph), PrintGraph(model.graph));
}

// Without any one of its attributes, or with one more, an op is refused.
TEST_P(OpFilesTest, RefuseOtherAttributes) {
  Model model;
  ASSERT_OK_AND_ASSIGN(model.graph, BuildCase(GetParam()));
  v1::Model message;
  ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeModel(model));
  ASSERT_TRUE(message.ParseFromString(bytes));
  message.clear_checksum();
  const int last = message.graph().nodes_size() - 1;
  ASSERT_EQ(message.graph().nodes(last).kind(), GetParam().kind);
  const auto refused = [](const v1::Model& changed) {
    return DecodeModelText(changed.DebugString(), StandardOps()).status();
  };
  EXPECT_OK(refused(message));
  const int attributes = message.graph().nodes(last).attributes_size();
  for (int i = 0; i < attributes; ++i) {
    v1::Model changed = message;
    v1::Node* node = changed.mutable_graph()->mutable_nodes(last);
    node->mutable_attributes()->DeleteSubrange(i, 1);
    EXPECT_THAT(refused(changed), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr("is missing")));
  }
  v1::Model changed = message;
  v1::Attribute* more =
      changed.mutable_graph()->mutable_nodes(last)->add_attributes();
  more->set_name("more");
  more->set_bool_value(true);
  EXPECT_THAT(refused(changed), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("attribute 'more'")));
}

INSTANTIATE_TEST_SUITE_P(All, OpFilesTest, testing::ValuesIn(OpCases()),
                         [](const testing::TestParamInfo<OpCase>& info) {
                           return info.param.name;
                         });

TEST(OpFilesErrorTest, NamesTheNodeWhoseShapesDisagree) {
  GraphBuilder g("net");
  layers::DenseOptions options;
  options.name = "fc1";
  g.Output("y", layers::Dense(g.Input("x", {kBatch, 100}), 3,
                              Activation::kIdentity, options));
  Model model;
  ASSERT_OK_AND_ASSIGN(model.graph, g.Build());
  for (const NodeId id : model.graph.parameters()) {
    const Node& node = model.graph.node(id);
    model.values.emplace(node.name, Tensor(node.type.dtype, node.type.shape));
  }
  ASSERT_OK_AND_ASSIGN(const std::string bytes, EncodeModel(model));
  v1::Model message;
  ASSERT_TRUE(message.ParseFromString(bytes));
  message.clear_checksum();
  v1::Node* x = message.mutable_graph()->mutable_nodes(0);
  ASSERT_EQ(x->attributes(1).name(), "shape");
  x->mutable_attributes(1)->mutable_int_list()->set_values(1, 128);
  EXPECT_THAT(
      DecodeModelText(message.DebugString(), StandardOps()).status(),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "node 'fc1' (dense): weight has 100 rows, x has 128 columns"));
}

}  // namespace
}  // namespace espalier
