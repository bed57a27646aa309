// Files whose checksum is right and whose contents are wrong on purpose.
#include <cmath>
#include <functional>
#include <limits>
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

TEST(HostileModelTest, TheUnchangedSampleLoads) {
  const std::string bytes = Seal(SampleMessage().SerializeAsString());
  EXPECT_EQ(bytes, EncodeModel(SampleModel()).value());
  EXPECT_TRUE(DecodeModel(bytes, SampleOps()).ok());
  EXPECT_TRUE(DecodeModelText(SampleMessage().DebugString(), SampleOps()).ok());
}

v1::Tensor* ValueOf(v1::Model* m, const std::string& leaf) {
  for (v1::Variable& variable : *m->mutable_values()) {
    if (variable.leaf() == leaf) return variable.mutable_value();
  }
  return nullptr;
}

void SetDims(v1::Tensor* tensor, std::vector<int64_t> dims) {
  tensor->mutable_dims()->Assign(dims.begin(), dims.end());
}

TEST(HostileModelTest, Tensors) {
  const auto dims = [](std::vector<int64_t> dims) {
    return [dims](v1::Model* m) { SetDims(ValueOf(m, "w"), dims); };
  };
  constexpr int64_t kTwo = 2;
  ExpectChangeRefused(dims({kTwo << 30, kTwo << 30}), kInvalid,
                      "value of 'w': dimension 0 of the shape is 2147483648");
  ExpectChangeRefused(dims({(kTwo << 61) + 1, 4}), kInvalid, "dimension 0");
  ExpectChangeRefused(dims({65536, 65536, 65536}), kInvalid, "elements");
  ExpectChangeRefused(dims({kTwo << 38}), kInvalid, "dimension 0");
  ExpectChangeRefused(dims({1 << 20, 1 << 20}), kInvalid,
                      "has 8 bytes: expected 4398046511104");
  ExpectChangeRefused(dims({-1}), kInvalid, "dimension 0 of a tensor is -1");
  ExpectChangeRefused(dims({-2}), kInvalid, "dimension 0");
  ExpectChangeRefused(dims({2, -1}), kInvalid, "dimension 1");
  ExpectChangeRefused(dims({std::numeric_limits<int64_t>::min()}), kInvalid,
                      "dimension 0");
  ExpectChangeRefused(dims({0}), kInvalid, "has 8 bytes: expected 0");
  ExpectChangeRefused(dims({0, 2147483647, 2147483647}), kInvalid, "elements");
  ExpectChangeRefused(dims({}), kInvalid, "has 8 bytes: expected 4");
  ExpectChangeRefused(dims({1}), kInvalid, "has 8 bytes: expected 4");
  ExpectChangeRefused(dims({3}), kInvalid, "has 8 bytes: expected 12");
  ExpectChangeRefused(dims(std::vector<int64_t>(13, 1)), kInvalid,
                      "more than 12 dimensions");
  ExpectChangeRefused(dims(std::vector<int64_t>(1000, 1)), kInvalid,
                      "more than 12 dimensions");
  ExpectChangeRefused(dims({1, 2}), kInvalid,
                      "node 'w' (parameter) has type f32[2], its value has "
                      "f32[1, 2]");
  ExpectChangeRefused(
      [](v1::Model* m) { ValueOf(m, "w")->set_dtype(v1::I32); }, kInvalid,
      "node 'w' (parameter) has type f32[2], its value has i32[2]");
  ExpectChangeRefused(
      [](v1::Model* m) {
        ValueOf(m, "w")->set_dtype(v1::DATA_TYPE_UNSPECIFIED);
      },
      kInvalid, "data type 0 of a tensor");
  ExpectChangeRefused(
      [](v1::Model* m) { ValueOf(m, "w")->set_data(7); }, kInvalid,
      "value of 'w': a tensor names entry 7 of tensor_data: it has 7");
  ExpectChangeRefused([](v1::Model* m) { ValueOf(m, "w")->set_data(0); },
                      kInvalid, "two tensors name entry 0");
  ExpectChangeRefused([](v1::Model* m) { m->add_tensor_data(""); }, kInvalid,
                      "entry 7 of tensor_data belongs to no tensor");
  ExpectChangeRefused([](v1::Model* m) { m->clear_tensor_data(); }, kInvalid,
                      "it has 0");
}

v1::Node* NodeOf(v1::Model* m, const std::string& name) {
  for (v1::Node& node : *m->mutable_graph()->mutable_nodes()) {
    if (node.name() == name) return &node;
  }
  return nullptr;
}

TEST(HostileModelTest, Graphs) {
  const auto node = [](const std::function<void(v1::Node*)>& change) {
    return [change](v1::Model* m) { change(NodeOf(m, "y")); };
  };
  const struct {
    std::function<void(v1::Model*)> change;
    absl::StatusCode code;
    std::string what;
  } cases[] = {
      // "y" is node 6: itself, a later one, none at all.
      {node([](v1::Node* y) { y->set_inputs(0, 6); }), kInvalid,
       "node 'y' (mix): input 0 is node 6: expected one of the 6 before it"},
      {node([](v1::Node* y) { y->set_inputs(1, 7); }), kInvalid, "node 7"},
      {node([](v1::Node* y) { y->set_inputs(0, -1); }), kInvalid, "node -1"},
      {node([](v1::Node* y) { y->set_inputs(0, INT32_MIN); }), kInvalid,
       "node -2147483648"},
      {node([](v1::Node* y) { y->set_inputs(0, INT32_MAX); }), kInvalid,
       "node 2147483647"},
      {node([](v1::Node* y) { y->add_inputs(0); }), kInvalid,
       "node 'y' (mix): expected 2 inputs, found 3"},
      {node([](v1::Node* y) { y->clear_inputs(); }), kInvalid,
       "expected 2 inputs, found 0"},
      {node([](v1::Node* y) { y->set_inputs(1, 2); }), kInvalid,
       "node 'y' (mix): x has shape [N, 2], w has []"},
      {node([](v1::Node* y) { y->set_name(""); }), kInvalid,
       "node 6 has no name"},
      {node([](v1::Node* y) { y->set_name("w"); }), kInvalid,
       "node 'w' (mix): this name is taken"},
      {node([](v1::Node* y) { y->set_name("../../etc/x y"); }), kInvalid,
       "is not 1 to 255 letters"},
      {node([](v1::Node* y) { y->set_name(std::string("y\0z", 3)); }), kInvalid,
       "name 'y\\000z' is not"},
      {node([](v1::Node* y) { y->set_name(std::string(1 << 20, 'a')); }),
       kInvalid, "is not 1 to 255 letters"},
      {node([](v1::Node* y) { y->set_kind("conv2d"); }), kUnimplemented,
       "node 'y' (conv2d): op kind 'conv2d' is unknown"},
      {node([](v1::Node* y) { y->set_kind(""); }), kUnimplemented,
       "op kind '' is unknown"},
      {node([](v1::Node* y) { y->set_kind("\x1B[2J"); }), kUnimplemented,
       "node 'y' (\\033[2J): op kind '\\033[2J' is unknown"},
      {node([](v1::Node* y) { y->set_kind("input"); }), kInvalid,
       "node 'y' (input): "},
      // Attributes.
      {node([](v1::Node* y) { y->mutable_attributes()->RemoveLast(); }),
       kInvalid, "node 'y' (mix): attribute 'table' is missing"},
      {node([](v1::Node* y) { y->mutable_attributes(1)->set_name("size"); }),
       kInvalid, "attribute 'count' is missing"},
      {node([](v1::Node* y) { *y->add_attributes() = y->attributes(0); }),
       kInvalid, "attribute 'flag' is unknown or repeated"},
      {node([](v1::Node* y) { y->mutable_attributes(0)->set_int_value(1); }),
       kInvalid, "attribute 'flag' is of type int64: expected bool"},
      {node([](v1::Node* y) { y->mutable_attributes(2)->clear_value(); }),
       kInvalid, "attribute 'factor': has no value"},
      {node([](v1::Node* y) {
         SetDims(y->mutable_attributes(5)->mutable_tensor(), {1});
       }),
       kInvalid, "node 'y' (mix): attribute 'table': a tensor of shape [1]"},
      {[](v1::Model* m) {
         NodeOf(m, "x")->mutable_attributes(0)->set_string_value("f64");
       },
       kInvalid, "node 'x' (input): unknown data type 'f64'"},
      {[](v1::Model* m) {
         NodeOf(m, "x")->mutable_attributes(1)->mutable_int_list()->set_values(
             1, -1);
       },
       kInvalid, "node 'x' (input): attribute 'shape': dimension 1"},
      {[](v1::Model* m) {
         auto* values =
             NodeOf(m, "w")->mutable_attributes(1)->mutable_int_list();
         values->set_values(0, int64_t{1} << 40);
       },
       kInvalid, "node 'w' (parameter): attribute 'shape'"},
      {[](v1::Model* m) {
         NodeOf(m, "steps")->mutable_attributes(0)->set_string_value("f32");
       },
       kInvalid,
       "update of node 'steps' (state): expected a value of type f32[], "
       "found i32[]"},
      {[](v1::Model* m) { NodeOf(m, "x")->set_kind("state"); }, kInvalid,
       "node 'x' (state): attribute 'initializer' is missing"},
      // Names, outputs, updates.
      {[](v1::Model* m) { m->mutable_graph()->set_name(""); }, kInvalid,
       "graph: name ''"},
      {[](v1::Model* m) { m->mutable_graph()->set_name("a b"); }, kInvalid,
       "graph: name 'a b'"},
      {[](v1::Model* m) { m->mutable_graph()->clear_nodes(); }, kInvalid,
       "output 'y': it is node 6: expected one of the 0 before it"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_outputs(0)->set_node(-1);
       },
       kInvalid, "output 'y': it is node -1"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_outputs(0)->set_node(8);
       },
       kInvalid, "output 'y': it is node 8"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_outputs(0)->set_name("hidden");
       },
       kInvalid, "output 'hidden': another output has this name"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_outputs(0)->set_name("");
       },
       kInvalid, "output '': name ''"},
      {[](v1::Model* m) {
         m->mutable_graph()->clear_outputs();
         m->mutable_graph()->clear_updates();
       },
       kInvalid, "has no output and no update"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_updates(0)->set_leaf(99);
       },
       kInvalid, "update: the leaf is node 99"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_updates(0)->set_value(-5);
       },
       kInvalid, "update: the new value is node -5"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_updates(0)->set_leaf(0);
       },
       kInvalid, "update of node 'x' (input): only parameters and states"},
      {[](v1::Model* m) {
         m->mutable_graph()->mutable_updates(1)->set_leaf(1);
       },
       kInvalid, "update of node 'w' (parameter): "},
      {[](v1::Model* m) {
         *m->mutable_graph()->add_updates() = m->graph().updates(0);
       },
       kInvalid, "it has an update already"},
  };
  for (const auto& c : cases) ExpectChangeRefused(c.change, c.code, c.what);
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
  for (int i = 0; i < kNodes; ++i) {
    v1::Node* node = graph->add_nodes();
    *node = mix;
    node->set_name(absl::StrCat("n", i));
    node->set_inputs(0, 7 + i);
    node->mutable_attributes(5)->mutable_tensor()->set_data(7 + i);
    message.add_tensor_data("");
  }
  const absl::StatusOr<Model> model =
      DecodeModel(Seal(message.SerializeAsString()), SampleOps());
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->graph.num_nodes(), 8 + kNodes);
}

}  // namespace
}  // namespace espalier
