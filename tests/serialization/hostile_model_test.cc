// Files whose checksum is right and whose contents are wrong on purpose: what
// the catalogue (catalogue/) does not list.
#include <cmath>
#include <functional>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/serialization/hostile_helpers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
constexpr auto kUnimplemented = absl::StatusCode::kUnimplemented;
constexpr auto kExhausted = absl::StatusCode::kResourceExhausted;

// A sample changed by `change`, as a binary file and as text.
void ExpectChangeRefused(const std::function<void(v1::Model*)>& change,
                         absl::StatusCode code, const std::string& what) {
  v1::Model message = SampleMessage();
  change(&message);
  ExpectRefused(Seal(message.SerializeAsString()), code, what);
  ::testing::internal::CaptureStderr();
  const absl::Status status =
      DecodeModelText(message.DebugString(), SampleOps()).status();
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(status.code(), code) << what << ": " << status;
  EXPECT_THAT(std::string(status.message()), HasSubstr(what));
}

v1::Node* NodeOf(v1::Model* m, const std::string& name) {
  for (v1::Node& node : *m->mutable_graph()->mutable_nodes()) {
    if (node.name() == name) return &node;
  }
  return nullptr;
}

TEST(HostileModelTest, TheUnchangedSampleLoads) {
  const std::string bytes = Seal(SampleMessage().SerializeAsString());
  EXPECT_EQ(bytes, EncodeModel(SampleModel()).value());
  EXPECT_TRUE(DecodeModel(bytes, SampleOps()).ok());
  EXPECT_TRUE(DecodeModelText(SampleMessage().DebugString(), SampleOps()).ok());
}

TEST(HostileModelTest, Facts) {
  const struct {
    std::function<void(v1::Model*)> change;
    std::string what;
  } cases[] = {
      {[](v1::Model* m) { m->set_magic("ESPALIEN"); }, "ESPALIEN"},
      {[](v1::Model* m) { m->mutable_values()->RemoveLast(); },
       "belongs to no tensor"},
      {[](v1::Model* m) {
         m->mutable_values()->RemoveLast();
         m->mutable_tensor_data()->RemoveLast();
       },
       "node 'steps' (state) has no value"},
      {[](v1::Model* m) { m->mutable_values(0)->set_leaf("x"); },
       "node 'w' (parameter) has no value"},
      {[](v1::Model* m) {
         *m->add_values() = m->values(0);
         m->mutable_values(2)->mutable_value()->set_data(7);
         m->add_tensor_data(m->tensor_data(5));
       },
       "value of 'w': stands twice"},
      {[](v1::Model* m) {
         *m->add_values() = m->values(0);
         m->mutable_values(2)->set_leaf("c");
         m->mutable_values(2)->mutable_value()->set_data(7);
         m->add_tensor_data(m->tensor_data(5));
       },
       "value 'c' belongs to no parameter or state"},
      {[](v1::Model* m) { m->mutable_domains(0)->set_input("w"); },
       "domain of 'w': the graph has no f32 input of this name"},
      {[](v1::Model* m) { m->mutable_domains(0)->set_input("q"); },
       "domain of 'q'"},
      {[](v1::Model* m) { *m->add_domains() = m->domains(0); },
       "domain of 'x' stands twice"},
      {[](v1::Model* m) { m->mutable_domains(0)->add_lower(0); },
       "domain of 'x': expected 2 pairs, one per element of a sample, found 3 "
       "lower and 2 upper ends"},
      {[](v1::Model* m) { m->mutable_domains(0)->clear_upper(); }, "0 upper"},
      {[](v1::Model* m) { m->mutable_domains(0)->set_lower(1, 17); },
       "domain of 'x': pair 1"},
      {[](v1::Model* m) { m->mutable_domains(0)->set_lower(1, NAN); },
       "domain of 'x': pair 1"},
      {[](v1::Model* m) { m->mutable_domains(0)->set_upper(0, INFINITY); },
       "domain of 'x': pair 0"},
      {[](v1::Model* m) {
         m->mutable_history(0)->mutable_layers(0)->set_removed(0, -1);
       },
       "history of node 'hidden/1': removed unit -1"},
      {[](v1::Model* m) {
         m->mutable_history(0)->mutable_layers(0)->set_removed(1, 8);
       },
       "removed unit 8"},
      {[](v1::Model* m) {
         m->mutable_history(0)->mutable_layers(0)->set_removed(1, 0);
       },
       "removed unit 0"},
      {[](v1::Model* m) {
         m->mutable_history(0)->mutable_layers(0)->set_units_before(-8);
       },
       "removed unit 0"},
  };
  for (const auto& c : cases) ExpectChangeRefused(c.change, kInvalid, c.what);
}

TEST(HostileModelTest, Text) {
  const std::string good = SampleMessage().DebugString();
  const struct {
    std::string text;
    absl::StatusCode code;
    std::string what;
  } cases[] = {
      {"", kInvalid, "magic is '': expected 'ESPALIER'"},
      {"\x7F"
       "ELF\x01\x02",
       kInvalid, "line 1, column "},
      {good + "\nfoo: 1\n", kInvalid, "no field named \"foo\""},
      {good + "\nmagic: \"ESPALIER\"\n", kInvalid, "magic"},
      {good + "\nchecksum: 7\n", kInvalid, "only binary files have one"},
      {good + "graph {", kInvalid, "line "},
      {good + "class_names: \"a", kInvalid, "line "},
      {good + "class_names: \"\\377\"", kInvalid,
       "class name '\\377' is not UTF-8"},
      {good + "class_names: \"\xFF\"", kInvalid, "is not UTF-8"},
      {good + "class_names: \"no\"", kInvalid, "'no' stands twice"},
      {good + "class_names: \"maybe\"", kInvalid, "there are 3 class names"},
      {good + "producer: \"\x1B[2J", kInvalid, "line "},
      {good + "class_names: \"\\033[2J\"", kInvalid,
       "class name '\\033[2J' holds a control character"},
      {good + "history { reason: \"\\302\\233m\" }", kInvalid,
       "reason '\\302\\233m' holds a control character"},
      {"format_version: 99999999999", kInvalid, "line 1, column 17"},
      {"magic: \"ESPALIER\" format_version: 3", kUnimplemented,
       "has format version 3"},
      {std::string(100000, '{'), kInvalid, "line 1"},
      {std::string(1000001, '{'), kExhausted, "too many fields"},
      {good + "history { layers { removed: [" + std::string(4000001, ',') +
           "] } }",
       kExhausted, "too many fields"},
  };
  for (const auto& c : cases) {
    ::testing::internal::CaptureStderr();
    const absl::Status status = DecodeModelText(c.text, SampleOps()).status();
    EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
    EXPECT_EQ(status.code(), c.code) << status;
    EXPECT_THAT(std::string(status.message()), HasSubstr(c.what));
    EXPECT_FALSE(absl::StrContains(status.message(), "\x1B"));
  }
}

// A chain of nodes is walked, not recursed into.
TEST(HostileModelTest, DeepGraphsLoad) {
  v1::Model message = SampleMessage();
  v1::Graph* graph = message.mutable_graph();
  const v1::Node mix = *NodeOf(&message, "y");
  ASSERT_EQ(graph->nodes_size(), 8);
  constexpr int kNodes = 20000;
  // So many bytes that the nodes may take what they do.
  constexpr int kElements = 300;
  for (int i = 0; i < kNodes; ++i) {
    v1::Node* node = graph->add_nodes();
    *node = mix;
    node->set_name(absl::StrCat("n", i));
    node->set_inputs(0, 7 + i);
    v1::Tensor* tensor = node->mutable_attributes(5)->mutable_tensor();
    tensor->set_data(7 + i);
    tensor->set_dims(0, kElements);
    message.add_tensor_data(std::string(4 * kElements, '\0'));
  }
  const absl::StatusOr<Model> model =
      DecodeModel(Seal(message.SerializeAsString()), SampleOps());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->graph.num_nodes(), 8 + kNodes);
}

}  // namespace
}  // namespace espalier
