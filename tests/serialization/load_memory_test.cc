// How much memory saving and loading models take: the weights are held once.
#include <cstdint>
#include <string>

#include "graph/builder.h"
#include "gtest/gtest.h"
#include "ops/layers.h"
#include "serialization/model_file.h"
#include "tests/serialization/onnx/onnx_file.h"
#include "tests/serialization/scratch_folder.h"
#include "tests/testing/counted_memory.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

constexpr int64_t kMiB = int64_t{1} << 20;
constexpr int64_t kWeights = 48 * kMiB;
constexpr int64_t kSlack = 12 * kMiB;

Model LargeModel() {
  GraphBuilder g("large");
  const Value x = g.Input("x", {kBatch, 3072});
  g.Output("y", layers::Dense(x, 4096));
  Model model;
  model.graph = g.Build().value();
  for (const NodeId id : model.graph.parameters()) {
    const Node& node = model.graph.node(id);
    Tensor value(node.type.dtype, node.type.shape);
    float next = 0;
    for (float& element : value.data<float>()) element = next++;
    model.values.emplace(node.name, std::move(value));
  }
  return model;
}

TEST(LoadMemoryTest, WeightsAreHeldOnce) {
  ScratchFolder folder;
  SaveOptions beside;
  beside.external_weights = true;
  {
    const Model model = LargeModel();
    // So that the measure is seen to measure.
    EXPECT_GE(PeakOf([&] { const Model copy = model; }), kWeights - kSlack);
    EXPECT_LE(PeakOf([&] { ASSERT_OK(Save(model, folder.File("m.pb"))); }),
              kSlack);
    EXPECT_LE(PeakOf([&] {
                ASSERT_OK(Save(model, folder.File("beside.pb"), beside));
              }),
              kSlack);
    EXPECT_LE(PeakOf([&] { ASSERT_OK(Save(model, folder.File("m.onnx"))); }),
              kSlack);
    EXPECT_LE(PeakOf([&] {
                ASSERT_OK(Save(model, folder.File("beside.onnx"), beside));
              }),
              kSlack);
  }
  for (const std::string name : {"m.pb", "beside.pb"}) {
    EXPECT_LE(PeakOf([&] { ASSERT_OK(LoadStructure(folder.File(name))); }),
              kSlack)
        << name;
    const int64_t loaded = PeakOf([&] { ASSERT_OK(Load(folder.File(name))); });
    EXPECT_LE(loaded, kWeights + kSlack) << name;
    EXPECT_GE(loaded, kWeights - kSlack) << name;
  }
  // Protobuf holds the weights of ONNX files until they are converted.
  for (const std::string name : {"m.onnx", "beside.onnx"}) {
    EXPECT_LE(PeakOf([&] { ASSERT_OK(LoadStructure(folder.File(name))); }),
              kMiB)
        << name;
    EXPECT_LE(PeakOf([&] { ASSERT_OK(Load(folder.File(name))); }),
              2 * kWeights + kSlack)
        << name;
  }
}

// Of ONNX files with weights of fewer bits too.
TEST(LoadMemoryTest, StructuresLeaveHalvesInTheirFile) {
  const ScratchFolder folder;
  for (const int type :
       {onnx::TensorProto::FLOAT16, onnx::TensorProto::BFLOAT16}) {
    OnnxFile file;
    file.Input("x", {-1, 3000})
        .Node("Cast", {"w"}, "f")
        .Set("to", onnx::TensorProto::FLOAT)
        .Node("MatMul", {"x", "f"}, "y")
        .Output("y");
    onnx::TensorProto* tensor = file.model.mutable_graph()->add_initializer();
    tensor->set_name("w");
    tensor->set_data_type(type);
    tensor->add_dims(3000);
    tensor->add_dims(4000);
    tensor->set_raw_data(std::string(size_t{2} * 3000 * 4000, '\x11'));
    const std::string path = folder.Write("m.onnx", file.bytes());
    EXPECT_LE(PeakOf([&] { ASSERT_OK(LoadStructure(path)); }), kMiB) << type;
    EXPECT_OK(Load(path)) << type;
  }
}

}  // namespace
}  // namespace espalier
