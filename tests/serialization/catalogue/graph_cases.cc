// Graphs that are none.
#include <limits>

#include "absl/strings/str_cat.h"
#include "ops/binary.h"
#include "tests/serialization/catalogue/catalogue.h"
#include "tests/serialization/wire_bytes.h"

namespace espalier {
namespace {

v1::Graph* GraphOf(v1::Model* model) { return model->mutable_graph(); }

// Adds nodes like "y", each of which reads what `input` says.
void AddNodes(v1::Model* m, int count, int32_t (*input)(int)) {
  const v1::Node y = *NodeOf(m, "y");
  const int before = GraphOf(m)->nodes_size();
  for (int i = 0; i < count; ++i) {
    v1::Node* node = GraphOf(m)->add_nodes();
    *node = y;
    node->set_name(absl::StrCat("n", i));
    node->set_inputs(0, input(i));
    AttributeOf(node, "table")
        ->mutable_tensor()
        ->set_data(static_cast<uint32_t>(before - 1 + i));
    m->add_tensor_data("");
  }
}

// "y" of the sample is node 6; node 7, behind it, is the last.
void Edges(HostileCases* cases) {
  const auto reads = [cases](int number, int32_t node,
                             const std::string& message) {
    cases->SampleNode(
        number, "y", [node](v1::Node* y) { y->set_inputs(0, node); }, kInvalid,
        message);
  };
  const auto onnx_reads = [cases](int number, int node,
                                  const std::string& name) {
    cases->Network(
        number,
        [node, name](OnnxFile* f) {
          f->model.mutable_graph()->mutable_node(node)->set_input(0, name);
        },
        kInvalid,
        absl::StrCat("reads '", name, "', which nothing before it gives"));
  };
  reads(53, 6,
        "node 'y' (mix): input 0 is node 6: expected one of the 6 before it");
  onnx_reads(53, 0, "m");
  reads(54, 7, "node 'y' (mix): input 0 is node 7");
  onnx_reads(54, 0, "h");
  onnx_reads(55, 0, "y");
  cases->Sample(
      55,
      [](v1::Model* m) {
        AddNodes(m, 1000, [](int i) { return i == 0 ? 1007 : 7 + i; });
      },
      kInvalid, "node 'n0' (mix): input 0 is node 1007");
  // An update is no edge: it is done after the run, with values from before.
  cases->Sample(
      56,
      [](v1::Model* m) {
        v1::Update* update = GraphOf(m)->mutable_updates(0);
        EXPECT_EQ(GraphOf(m)->nodes(update->leaf()).name(), "w");
        EXPECT_EQ(GraphOf(m)->nodes(update->value()).inputs(0), update->leaf());
      },
      kGood, "");
  reads(57, -1, "node -1");
  reads(57, std::numeric_limits<int32_t>::min(), "node -2147483648");
  reads(57, std::numeric_limits<int32_t>::max(), "node 2147483647");
  onnx_reads(57, 0, "nothing");
  cases->Network(
      57,
      [](OnnxFile* f) {
        f->model.mutable_graph()->mutable_node(0)->set_input(0, "");
      },
      kInvalid, "has no input 0");
  cases->Sample(
      57, [](v1::Model* m) { GraphOf(m)->mutable_updates(0)->set_leaf(99); },
      kInvalid, "update: the leaf is node 99");
  cases->Sample(
      57, [](v1::Model* m) { GraphOf(m)->mutable_updates(0)->set_value(-5); },
      kInvalid, "update: the new value is node -5");
  // Nodes stand in the order in which they run, in ours and in ONNX's.
  cases->Sample(
      65, [](v1::Model* m) { GraphOf(m)->mutable_nodes()->SwapElements(0, 6); },
      kInvalid, "node 'y' (mix): input 0 is node 5");
  cases->Network(
      65,
      [](OnnxFile* f) {
        f->model.mutable_graph()->mutable_node()->SwapElements(0, 1);
      },
      kInvalid, "reads 'm', which nothing before it gives");
}

void Names(HostileCases* cases) {
  cases->Sample(
      58,
      [](v1::Model* m) { GraphOf(m)->mutable_outputs(0)->set_name("hidden"); },
      kInvalid, "output 'hidden': another output has this name");
  cases->Network(
      58,
      [](OnnxFile* f) {
        f->model.mutable_graph()->mutable_node(1)->set_output(0, "m");
      },
      kInvalid, "value 'm' is given twice");
  cases->SampleNode(
      58, "y", [](v1::Node* y) { y->set_name("w"); }, kInvalid,
      "node 'w' (mix): this name is taken");
  cases->Sample(
      59,
      [](v1::Model* m) {
        *m->add_values() = m->values(0);
        m->mutable_values(2)->mutable_value()->set_data(7);
        m->add_tensor_data(m->tensor_data(5));
      },
      kInvalid, "value of 'w': stands twice");
  cases->Network(
      59,
      [](OnnxFile* f) {
        f->Floats("w", {2, 3});
      },
      kInvalid, "value 'w' is given twice");
  cases->Sample(
      60,
      [](v1::Model* m) {
        *m->add_values() = m->values(0);
        m->mutable_values(2)->set_leaf("y");
        m->mutable_values(2)->mutable_value()->set_data(7);
        m->add_tensor_data(m->tensor_data(5));
      },
      kInvalid, "value 'y' belongs to no parameter or state");
  cases->Network(
      60,
      [](OnnxFile* f) {
        f->Floats("h", {2, 3});
      },
      kInvalid, "value 'h' is given twice");
  // Files before IR 4 list every initializer as an input too.
  cases->Network(
      60,
      [](OnnxFile* f) {
        f->Input("w", {2, 3});
      },
      kGood, "");
  cases->SampleNode(
      61, "y", [](v1::Node* y) { y->set_name(""); }, kInvalid,
      "node 6 has no name");
  cases->Sample(
      61, [](v1::Model* m) { GraphOf(m)->mutable_outputs(0)->set_name(""); },
      kInvalid, "output '': name ''");
  cases->Sample(
      61, [](v1::Model* m) { GraphOf(m)->set_name(""); }, kInvalid,
      "graph: name ''");
  cases->Sample(
      61, [](v1::Model* m) { GraphOf(m)->set_name("a b"); }, kInvalid,
      "graph: name 'a b'");
  cases->Network(
      61, [](OnnxFile* f) { f->Floats("", {1}); }, kInvalid,
      "a value has no name");
  cases->Network(
      61, [](OnnxFile* f) { f->last_node().clear_output(); }, kInvalid,
      "has no result");
  for (const int node : {-1, 8}) {
    cases->Sample(
        62,
        [node](v1::Model* m) {
          GraphOf(m)->mutable_outputs(0)->set_node(node);
        },
        kInvalid, absl::StrCat("output 'y': it is node ", node));
  }
  cases->Sample(
      62, [](v1::Model* m) { GraphOf(m)->clear_nodes(); }, kInvalid,
      "output 'y': it is node 6: expected one of the 0 before it");
  cases->Network(
      62,
      [](OnnxFile* f) {
        f->model.mutable_graph()->mutable_output(0)->set_name("none");
      },
      kInvalid, "output 'none': reads 'none'");
  cases->Sample(
      63,
      [](v1::Model* m) {
        GraphOf(m)->clear_outputs();
        GraphOf(m)->clear_updates();
      },
      kInvalid, "has no output and no update");
  cases->Network(
      63, [](OnnxFile* f) { f->model.mutable_graph()->clear_output(); },
      kInvalid, "is no ONNX model: it has no outputs");
  cases->Network(
      63, [](OnnxFile* f) { f->model.clear_graph(); }, kInvalid,
      "is no ONNX model: it has no outputs");
}

// `count` layers, each Relu and, where `doubled`, an Add of it and itself.
OnnxFile Chain(int count, bool doubled) {
  OnnxFile file;
  file.Input("x", {-1, 2});
  std::string last = "x";
  for (int i = 0; i < count; ++i) {
    const std::string next = absl::StrCat("y", i);
    if (doubled) {
      file.Node("Add", {last, last}, next);
    } else {
      file.Node("Relu", {last}, next);
    }
    last = next;
  }
  file.Output(last);
  return file;
}

void Sizes(HostileCases* cases) {
  constexpr int kMany = 3000;
  constexpr int kTooMany = 1000000;
  // Nobody reads them.
  cases->Sample(
      64, [](v1::Model* m) { AddNodes(m, kMany, [](int) { return 5; }); },
      kGood, "");
  cases->Network(
      64,
      [](OnnxFile* f) {
        for (int i = 0; i < kMany; ++i) {
          f->Node("Relu", {"h"}, absl::StrCat("dead", i));
        }
      },
      kGood, "");
  // A chain is walked, not recursed into.
  cases->Sample(
      66, [](v1::Model* m) { AddNodes(m, kMany, [](int i) { return 7 + i; }); },
      kGood, "");
  cases->Onnx(
      66, [] { return Chain(kMany, false).bytes(); }, kGood, "");
  cases->PbMade(
      66,
      [] {
        std::string nodes;
        const std::string node = Field(1, "n") + Field(2, "relu");
        for (int i = 0; i < kTooMany; ++i) nodes += Field(2, node);
        return Seal(BeginOfModel() + Field(4, nodes));
      },
      kExhausted, kTooMuch);
  cases->Onnx(
      66,
      [] {
        std::string nodes;
        const std::string node = Field(1, "n") + Field(4, "Relu");
        for (int i = 0; i < kTooMany; ++i) nodes += Field(1, node);
        return Field(7, nodes);
      },
      kExhausted, "holds too many fields");
  // 2^60 paths.
  cases->Op(
      67,
      [](Value x) {
        for (int i = 0; i < 60; ++i) x = Add(x, x);
        return Add(x, x, "y");
      },
      [](v1::Node*) {}, kGood, "");
  cases->Onnx(
      67, [] { return Chain(60, true).bytes(); }, kGood, "");
  cases->Network(
      68,
      [](OnnxFile* f) {
        std::string graph = f->model.graph().SerializeAsString();
        for (int i = 0; i < 20; ++i) {
          // A graph of one If node, whose attribute is the graph so far.
          const std::string branch =
              Field(1, "then_branch") + Field(6, graph) + Number(20, 5);
          graph = Field(1, Field(2, "i") + Field(4, "If") + Field(5, branch));
        }
        onnx::GraphProto nested;
        EXPECT_TRUE(nested.ParseFromString(graph));
        f->model.mutable_graph()->mutable_node()->MergeFrom(nested.node());
      },
      kUnimplemented, "'If'");
  cases->SampleNode(
      69, "y",
      [](v1::Node* y) {
        for (int i = 0; i < 20000; ++i) y->add_inputs(0);
      },
      kInvalid, "node 'y' (mix): expected 2 inputs, found 20002");
  cases->Network(
      69,
      [](OnnxFile* f) {
        for (int i = 0; i < kTooMany; ++i) f->last_node().add_input("h");
      },
      kExhausted, "holds too many fields");
  cases->SampleNode(
      69, "y", [](v1::Node* y) { y->add_inputs(0); }, kInvalid,
      "node 'y' (mix): expected 2 inputs, found 3");
  cases->SampleNode(
      69, "y", [](v1::Node* y) { y->clear_inputs(); }, kInvalid,
      "expected 2 inputs, found 0");
  cases->Network(
      69, [](OnnxFile* f) { f->last_node().add_input("x"); }, kInvalid,
      "expected at most 1");
}

void Updates(HostileCases* cases) {
  cases->Sample(
      70,
      [](v1::Model* m) { *GraphOf(m)->add_updates() = m->graph().updates(0); },
      kInvalid, "it has an update already");
  cases->Sample(
      70, [](v1::Model* m) { GraphOf(m)->mutable_updates(0)->set_leaf(0); },
      kInvalid, "update of node 'x' (input): only parameters and states");
  cases->Sample(
      70, [](v1::Model* m) { GraphOf(m)->mutable_updates(1)->set_leaf(1); },
      kInvalid, "update of node 'w' (parameter): ");
  cases->SampleNode(
      70, "x", [](v1::Node* x) { x->set_kind("state"); }, kInvalid,
      "node 'x' (state): attribute 'initializer' is missing");
}

}  // namespace

HostileCases GraphCases() {
  HostileCases cases;
  Edges(&cases);
  Names(&cases);
  Sizes(&cases);
  Updates(&cases);
  return cases;
}

}  // namespace espalier
