// Versions, training state, other files, pruning, names.
#include <limits>

#include "absl/strings/str_cat.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "tests/serialization/catalogue/catalogue.h"
#include "tests/serialization/wire_bytes.h"

namespace espalier {
namespace {

void Versions(HostileCases* cases) {
  cases->Sample(
      89, [](v1::Model* m) { m->set_format_version(99); }, kUnimplemented,
      "has format version 99: this program reads");
  cases->Pb(89, Seal(Field(1, "ESPALIER") + Number(2, ~uint64_t{0})),
            kUnimplemented, "format version");
  cases->Pb(89, Seal(Field(1, "ESPALIER") + Number(2, 0)), kInvalid,
            "format version 0");
  // Every field is required: one that is not known is refused with its number,
  // wherever it stands, the first number that the schema lacks too.
  cases->Pb(91, Seal(BeginOfModel() + Number(10, 1)), kInvalid,
            "field 10 of Model is unknown");
  cases->Pb(91, Seal(BeginOfModel() + Field(4, Field(9, ""))), kInvalid,
            "field 9 of Graph is unknown");
  cases->Pb(91, Seal(BeginOfModel() + Field(99, "")), kInvalid,
            "field 99 of Model is unknown");
  cases->Pb(91, Seal(BeginOfModel() + Field(2045, "x")), kInvalid,
            "field 2045 of Model is unknown");
  cases->Pb(91, Seal(BeginOfModel() + Field(4, Field(99, ""))), kInvalid,
            "field 99 of Graph is unknown");
  cases->Pb(91, Seal(BeginOfModel() + Field(2046, "") + Field(3, "p")),
            kInvalid, "field 3 stands after tensor_data");
  for (const int64_t opset : {int64_t{0}, int64_t{-1}, int64_t{22},
                              std::numeric_limits<int64_t>::max()}) {
    cases->Network(
        92,
        [opset](OnnxFile* f) {
          f->model.mutable_opset_import(0)->set_version(opset);
        },
        kUnimplemented, absl::StrCat("opset ", opset, ": this program reads"));
  }
  cases->Network(
      92, [](OnnxFile* f) { f->model.clear_opset_import(); }, kInvalid,
      "names no opset");
}

// What a training run keeps is in states, which are values as any other.
void States(HostileCases* cases) {
  cases->Sample(
      93, [](v1::Model* m) { SetDims(ValueOf(m, "steps"), {1}); }, kInvalid,
      "node 'steps' (state) has type i32[], its value has i32[1]");
  cases->Sample(
      94,
      [](v1::Model* m) {
        *m->add_values() = m->values(0);
        m->mutable_values(2)->set_leaf("c");
        m->mutable_values(2)->mutable_value()->set_data(7);
        m->add_tensor_data(m->tensor_data(5));
      },
      kInvalid, "value 'c' belongs to no parameter or state");
  cases->Sample(
      94, [](v1::Model* m) { m->mutable_values(0)->set_leaf("x"); }, kInvalid,
      "node 'w' (parameter) has no value");
  cases->Sample(
      94,
      [](v1::Model* m) {
        m->mutable_values()->RemoveLast();
        m->mutable_tensor_data()->RemoveLast();
      },
      kInvalid, "node 'steps' (state) has no value");
}

void Pruned(HostileCases* cases) {
  // fc2 reads 4 units of fc1, which has lost one.
  const auto two_layers = [](Value x) {
    GraphBuilder& g = *x.builder();
    const auto weight = [&g](int64_t rows, int64_t columns, const char* name) {
      return g.Constant(Tensor(DataType::kF32, Shape({rows, columns})), name);
    };
    const auto bias = [&g](int64_t units, const char* name) {
      return g.Constant(Tensor(DataType::kF32, Shape({units})), name);
    };
    const Value rows = g.Input("rows", {kBatch, 2});
    const Value w1 = weight(2, 4, "w1");
    const Value h = Dense(rows, w1, bias(4, "b1"), "fc1");
    weight(3, 1, "short");
    const Value w2 = weight(4, 1, "w2");
    return Dense(h, w2, bias(1, "b2"), "y");
  };
  cases->Op(
      102, two_layers, [](v1::Node* y) { y->set_inputs(1, y->inputs(1) - 1); },
      kInvalid, "node 'y' (dense): weight has 3 rows, x has 4 columns");
  cases->SampleNode(
      102, "y", [](v1::Node* y) { y->set_inputs(1, 2); }, kInvalid,
      "node 'y' (mix): x has shape [N, 2], w has []");
  const auto layer = [](v1::Model* m) {
    return m->mutable_history(0)->mutable_layers(0);
  };
  cases->Sample(
      102, [layer](v1::Model* m) { layer(m)->set_removed(0, -1); }, kInvalid,
      "history of node 'hidden/1': removed unit -1");
  cases->Sample(
      102, [layer](v1::Model* m) { layer(m)->set_removed(1, 8); }, kInvalid,
      "removed unit 8");
}

// Names of nodes are ASCII, so that no two look alike; they differ by case.
void Alike(HostileCases* cases) {
  cases->SampleNode(
      103, "y", [](v1::Node* y) { y->set_name("W"); }, kGood, "");
  cases->SampleNode(
      103, "y", [](v1::Node* y) { y->set_name("\xC3\xA9"); }, kInvalid,
      "is not 1 to 255 letters");
  // Class names are any text, and different as bytes: e with an accent in one
  // character and in two.
  cases->Sample(
      103, [](v1::Model* m) { m->set_class_names(0, "e\xCC\x81t\xC3\xA9"); },
      kGood, "");
  cases->Network(
      103,
      [](OnnxFile* f) {
        f->Node("Relu", {"y"}, "Y").Node("Add", {"y", "Y"}, "\xC3\xA9");
        f->Output("\xC3\xA9");
      },
      kGood, "");
}

}  // namespace

HostileCases VersionCases() {
  HostileCases cases;
  Versions(&cases);
  States(&cases);
  Pruned(&cases);
  Alike(&cases);
  return cases;
}

}  // namespace espalier
