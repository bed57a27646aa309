#include "tests/fuzz/seeds.h"

#include <google/protobuf/text_format.h>

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"
#include "graph/text.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "serialization/bytes.h"
#include "serialization/model_codec.h"
#include "serialization/npz.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/import.h"
#include "serialization/safetensors.h"
#include "serialization/tensor_file.h"
#include "serialization/zip.h"
#include "tests/ops/op_cases.h"
#include "tests/serialization/gzip_member.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

Model ModelOf(absl::StatusOr<Graph> graph) {
  ESPALIER_CHECK(graph.ok());
  Model model;
  model.graph = *std::move(graph);
  uint64_t stream = 0;
  for (const Node& node : model.graph.nodes()) {
    const Initializer* initializer = LeafInitializer(*node.op);
    if (initializer == nullptr) continue;
    Tensor value = initializer->Draw(node.type, 1, stream++);
    model.values.emplace(node.name, std::move(value));
  }
  return model;
}

// Classifies, was pruned, has a domain.
Model Network() {
  GraphBuilder g("network");
  const Value x = g.Input("x", {kBatch, 3});
  const Value hidden = layers::Dense(x, 4, Activation::kRelu);
  g.Output("scores", layers::Dense(hidden, 2));
  Model model = ModelOf(g.Build());
  model.domains["x"] = {{0, 0, -1}, {1, 1, 1}};
  model.class_names = {"no", "yes"};
  model.producer = "fuzz seeds";
  model.history = {
      {"prune", "domain", "interval bounds", {{"relu", 6, {1, 4}}}}};
  return model;
}

Model Training() {
  GraphBuilder g("training");
  const Value x = g.Input("x", {kBatch, 3});
  const Value labels = g.Input("labels", {kBatch}, DataType::kI32);
  const Value hidden = layers::Dense(x, 4, Activation::kTanh);
  const Value loss = MeanSoftmaxCrossEntropy(layers::Dense(hidden, 2), labels);
  g.Output("loss", loss);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> gradients = Gradients(loss, parameters);
  const Value rate = g.Constant(0.1f);
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], RmsProp(parameters[i], gradients[i], rate));
  }
  return ModelOf(g.Build());
}

void AddModel(const std::string& name, const Model& model,
              std::vector<FuzzSeed>* seeds) {
  const absl::StatusOr<std::string> bytes = EncodeModel(model);
  ESPALIER_CHECK(bytes.ok());
  seeds->push_back({"model", name, *bytes});
  // Two of all kinds of attributes, and one with all else.
  if (name == "gather" || name == "pad" || name == "network") {
    seeds->push_back({"model_text", name, EncodeModelText(model).value()});
  }
  seeds->push_back({"graph_text", name, PrintGraph(model.graph)});
  const absl::StatusOr<std::string> exported = ExportOnnx(model);
  // What has no ONNX form, or one that is not read, is no seed.
  if (exported.ok() && ImportOnnx(*exported).ok()) {
    seeds->push_back({"onnx", name, *exported});
  }
}

void AddModels(std::vector<FuzzSeed>* seeds) {
  std::set<std::string> kinds;
  for (const OpCase& op_case : OpCasesOf({2, 2, 3, 4})) {
    if (!kinds.insert(op_case.kind).second) continue;
    const bool inputs = kinds.size() % 2 == 0;
    AddModel(op_case.kind,
             ModelOf(BuildCase(
                 op_case, inputs ? Operands::kInputs : Operands::kParameters)),
             seeds);
  }
  AddModel("network", Network(), seeds);
  AddModel("training", Training(), seeds);
}

// What other programs write and ours does not: attributes, typed data, limits
// as inputs, initializers listed as inputs.
constexpr char kForeignOnnx[] = R"(
ir_version: 8
producer_name: "other"
opset_import { version: 14 }
metadata_props { key: "espalier.domain.x" value: "0:1" }
metadata_props { key: "espalier.class_names" value: "[\"a\", \"b\"]" }
graph {
  name: "foreign"
  input { name: "x" type { tensor_type { elem_type: 1
    shape { dim { dim_param: "batch" } dim { dim_value: 2 } } } } }
  initializer { name: "w" dims: 2 dims: 2 data_type: 1
    float_data: 1 float_data: 2 float_data: 3 float_data: 4 }
  initializer { name: "c" dims: 2 data_type: 11 double_data: 1 double_data: 2 }
  initializer { name: "h" dims: 2 data_type: 10
    int32_data: 15360 int32_data: 16384 }
  initializer { name: "shape" dims: 2 data_type: 7
    int64_data: -1 int64_data: 2 }
  initializer { name: "low" data_type: 1 float_data: -1 }
  node { op_type: "Gemm" input: "x" input: "w" input: "c" output: "g"
    attribute { name: "alpha" type: FLOAT f: 0.5 }
    attribute { name: "beta" type: FLOAT f: 2 }
    attribute { name: "transB" type: INT i: 1 } }
  node { op_type: "Reshape" input: "g" input: "shape" output: "r"
    attribute { name: "allowzero" type: INT i: 1 } }
  node { op_type: "Flatten" input: "r" output: "f"
    attribute { name: "axis" type: INT i: -1 } }
  node { op_type: "Constant" output: "k"
    attribute { name: "value_floats" type: FLOATS floats: 3 floats: 4 } }
  node { op_type: "Mul" input: "f" input: "k" output: "m" }
  node { op_type: "Add" input: "m" input: "h" output: "a" }
  node { op_type: "Clip" input: "a" input: "low" output: "y" }
  output { name: "y" }
})";

void AddForeignOnnx(std::vector<FuzzSeed>* seeds) {
  onnx::ModelProto model;
  ESPALIER_CHECK(
      google::protobuf::TextFormat::ParseFromString(kForeignOnnx, &model));
  seeds->push_back({"onnx", "foreign", model.SerializeAsString()});
  // Before opset 11 limits were attributes.
  model.mutable_opset_import(0)->set_version(9);
  onnx::NodeProto* clip = model.mutable_graph()->mutable_node(6);
  clip->mutable_input()->RemoveLast();
  onnx::AttributeProto* limit = clip->add_attribute();
  limit->set_name("max");
  limit->set_type(onnx::AttributeProto::FLOAT);
  limit->set_f(6);
  // And an initializer an input as well.
  *model.mutable_graph()->add_input() = model.graph().input(0);
  model.mutable_graph()->mutable_input(1)->set_name("w");
  seeds->push_back({"onnx", "foreign_old", model.SerializeAsString()});
}

void AddTables(std::vector<FuzzSeed>* seeds) {
  const auto add = [seeds](const std::string& name, char options,
                           const std::string& text) {
    seeds->push_back({"csv", name, options + text});
  };
  add("plain", '\0', "1,2,3\n4,5,6\n");
  add("last", '\1', "0.5,-1e3,2\r\n 4 ,5,6\r\n");
  add("header", '\2', "x,\"the \"\"y\"\"\",z\n1,2,3\n");
  add("classes", '\7', "x,y,label\n1,2,0\n\"3\",4,1\n");
}

std::string Idx(const std::vector<char>& dims, size_t elements) {
  std::string file(2, '\0');
  file += '\x08';
  file += static_cast<char>(dims.size());
  for (const char dim : dims) file += std::string(3, '\0') + dim;
  for (size_t i = 0; i < elements; ++i) file += static_cast<char>(40 * i);
  return file;
}

std::string Npy(const std::string& header, const std::string& elements) {
  std::string file("\x93NUMPY\x01\x00", 8);
  AppendLittle(&file, static_cast<uint16_t>(header.size()));
  return file + header + elements;
}

void AddNamedTensors(std::vector<FuzzSeed>* seeds) {
  const NamedTensors tensors = {
      {"b", Tensor({2}, std::vector<float>{1, -2})},
      {"w/0", Tensor({2, 1}, std::vector<int32_t>{3, 4})}};
  ZipWriter writer;
  ESPALIER_CHECK(WriteNpz(tensors, &writer).ok());
  std::string archive;
  for (const absl::string_view piece : writer.Finish()) {
    absl::StrAppend(&archive, piece);
  }
  seeds->push_back({"npz", "two", archive});
  std::string file = SafetensorsHeader(tensors).value();
  for (const auto& [name, tensor] : tensors) {
    file.append(static_cast<const char*>(tensor.raw()), tensor.num_bytes());
  }
  seeds->push_back({"safetensors", "two", file});
  for (const char* type : {"F16", "BF16", "F64", "I8", "U16", "BOOL"}) {
    const size_t size = type[0] == 'I' || type[1] == 'O'   ? 1
                        : absl::string_view(type) == "F64" ? 8
                                                           : 2;
    const std::string header =
        absl::StrCat("{\"t\":{\"dtype\":\"", type,
                     "\",\"shape\":[2],\"data_offsets\":[0,", 2 * size, "]}}");
    std::string bytes;
    AppendLittle(&bytes, uint64_t{header.size()});
    seeds->push_back(
        {"safetensors", type, bytes + header + std::string(2 * size, '\0')});
  }
}

void AddArrays(std::vector<FuzzSeed>* seeds) {
  seeds->push_back({"idx", "labels", Idx({3}, 3)});
  seeds->push_back({"idx", "images", Idx({2, 3, 2}, 12)});
  seeds->push_back({"idx", "packed", GzipMember(Idx({2, 2}, 4))});
  struct Type {
    const char* name;
    size_t size;
  };
  for (const Type type :
       {Type{"<f4", 4}, Type{">f8", 8}, Type{"|i1", 1}, Type{"<i2", 2},
        Type{">i4", 4}, Type{"<i8", 8}, Type{"|u1", 1}, Type{">u2", 2},
        Type{"<u4", 4}, Type{"<u8", 8}, Type{"|b1", 1}}) {
    const bool fortran = type.size == 4;
    seeds->push_back(
        {"npy", std::string(type.name + 1),
         Npy(absl::StrCat("{'descr': '", type.name, "', 'fortran_order': ",
                          fortran ? "True" : "False", ", 'shape': (2, 3), }\n"),
             std::string(6 * type.size, '\0'))});
  }
  AddNamedTensors(seeds);
  const std::string bytes = "stored, not much";
  seeds->push_back({"gzip", "one", GzipMember(bytes)});
  seeds->push_back({"gzip", "two", GzipMember(bytes) + GzipMember("")});
}

}  // namespace

std::vector<FuzzSeed> MakeFuzzSeeds() {
  std::vector<FuzzSeed> seeds;
  AddModels(&seeds);
  AddForeignOnnx(&seeds);
  AddTables(&seeds);
  AddArrays(&seeds);
  return seeds;
}

}  // namespace espalier
