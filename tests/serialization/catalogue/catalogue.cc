#include "tests/serialization/catalogue/catalogue.h"

#include "absl/strings/match.h"
#include "absl/strings/str_join.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/serialization/sample_model.h"

namespace espalier {

void HostileCases::Pb(int number, const std::string& bytes,
                      absl::StatusCode code, const std::string& message) {
  PbMade(
      number, [bytes] { return bytes; }, code, message);
}

void HostileCases::PbMade(int number, const std::function<std::string()>& bytes,
                          absl::StatusCode code, const std::string& message) {
  cases_.push_back({number, "m.pb", &SampleOps(), bytes, {}, code, message});
}

void HostileCases::Onnx(int number, const std::function<std::string()>& bytes,
                        absl::StatusCode code, const std::string& message) {
  cases_.push_back(
      {number, "m.onnx", &StandardOps(), bytes, {}, code, message});
}

void HostileCases::Place(
    int number, const std::function<std::string(const ScratchFolder&)>& place,
    absl::StatusCode code, const std::string& message) {
  cases_.push_back({number, "", &StandardOps(), {}, place, code, message});
}

void HostileCases::Sample(int number,
                          const std::function<void(v1::Model*)>& change,
                          absl::StatusCode code, const std::string& message) {
  const auto changed = [change] {
    v1::Model model = SampleMessage();
    change(&model);
    return model;
  };
  PbMade(
      number, [changed] { return Seal(changed().SerializeAsString()); }, code,
      message);
  cases_.push_back({number,
                    "m.pbtxt",
                    &SampleOps(),
                    [changed] { return changed().DebugString(); },
                    {},
                    code,
                    message});
}

void HostileCases::SampleNode(int number, const std::string& node,
                              const std::function<void(v1::Node*)>& change,
                              absl::StatusCode code,
                              const std::string& message) {
  Sample(
      number, [node, change](v1::Model* model) { change(NodeOf(model, node)); },
      code, message);
}

void HostileCases::Beside(
    int number,
    const std::function<void(const ScratchFolder&, v1::Model*)>& change,
    absl::StatusCode code, const std::string& message) {
  const auto place = [change](const ScratchFolder& folder) {
    const Model sample = SampleModel();
    const EncodedModel encoded =
        EncodeModelFile(sample, "m.pb", /*weights_beside=*/true).value();
    folder.Write(encoded.weights->name,
                 absl::StrJoin(encoded.weights->contents, ""));
    v1::Model model;
    EXPECT_TRUE(model.ParseFromString(absl::StrJoin(encoded.pieces, "")));
    model.clear_checksum();
    change(folder, &model);
    return folder.Write("m.pb", Seal(model.SerializeAsString()));
  };
  cases_.push_back({number, "m.pb", &SampleOps(), {}, place, code, message});
}

void HostileCases::Op(int number, const std::function<Value(Value)>& build,
                      const std::function<void(v1::Node*)>& change,
                      absl::StatusCode code, const std::string& message) {
  const auto changed = [build, change] {
    GraphBuilder g("one_op");
    g.Output("y", build(g.Input("x", {kBatch, 2, 3})));
    Model model;
    absl::StatusOr<Graph> graph = g.Build();
    EXPECT_TRUE(graph.ok()) << graph.status();
    model.graph = *std::move(graph);
    v1::Model message;
    EXPECT_TRUE(message.ParseFromString(EncodeModel(model).value()));
    message.clear_checksum();
    change(NodeOf(&message, "y"));
    return message;
  };
  cases_.push_back({number,
                    "m.pb",
                    &StandardOps(),
                    [changed] { return Seal(changed().SerializeAsString()); },
                    {},
                    code,
                    message});
  cases_.push_back({number,
                    "m.pbtxt",
                    &StandardOps(),
                    [changed] { return changed().DebugString(); },
                    {},
                    code,
                    message});
}

void HostileCases::Network(int number,
                           const std::function<void(OnnxFile*)>& change,
                           absl::StatusCode code, const std::string& message) {
  Onnx(
      number,
      [change] {
        OnnxFile file = OnnxNetwork();
        change(&file);
        return file.bytes();
      },
      code, message);
}

v1::Node* NodeOf(v1::Model* model, const std::string& name) {
  for (v1::Node& node : *model->mutable_graph()->mutable_nodes()) {
    if (node.name() == name) return &node;
  }
  return nullptr;
}

v1::Tensor* ValueOf(v1::Model* model, const std::string& leaf) {
  for (v1::Variable& variable : *model->mutable_values()) {
    if (variable.leaf() == leaf) return variable.mutable_value();
  }
  return nullptr;
}

v1::Attribute* AttributeOf(v1::Node* node, const std::string& name) {
  for (v1::Attribute& attribute : *node->mutable_attributes()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

void SetDims(v1::Tensor* tensor, const std::vector<int64_t>& dims) {
  tensor->mutable_dims()->Assign(dims.begin(), dims.end());
}

}  // namespace espalier
