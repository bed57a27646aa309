#include "tests/fuzz/seeds.h"

#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "graph/builder.h"
#include "graph/check.h"
#include "graph/model.h"
#include "graph/text.h"
#include "ops/binary.h"
#include "ops/concat.h"
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
#include "tests/fuzz/folder_input.h"
#include "tests/fuzz/onnx_seeds.h"
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

// Two layers of as many units beside each other.
Model Branches() {
  GraphBuilder g("branches");
  const Value x = g.Input("x", {kBatch, 3});
  const Value a = layers::Dense(x, 4, Activation::kRelu);
  const Value b = layers::Dense(x, 4, Activation::kTanh);
  g.Output("y", layers::Dense(Concat({a, b}, 1), 2));
  return ModelOf(g.Build());
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

// The box [0, 1] for each f32 input.
void AddDomains(Model* model) {
  for (NodeId id : model->graph.inputs()) {
    const Node& input = model->graph.node(id);
    if (input.type.dtype != DataType::kF32) continue;
    const auto elements =
        static_cast<size_t>(input.type.shape.num_elements_per_sample());
    model->domains[input.name] = {std::vector<float>(elements, 0),
                                  std::vector<float>(elements, 1)};
  }
}

// With as many bytes of weights, zeros, as the files that no model may reach.
Model Zeros() {
  GraphBuilder g("zeros");
  constexpr int64_t kElements = kForbiddenBytes / sizeof(float);
  const Value x = g.Input("x", {kBatch, kElements});
  g.Output("y",
           Mul(x, g.Parameter("w", Shape({kElements}), Initializer::Zeros())));
  return ModelOf(g.Build());
}

// Models with their weights beside them.
void AddFolders(std::vector<FuzzSeed>* seeds) {
  for (const auto& [name, model] :
       {std::pair("network", Network()), std::pair("training", Training()),
        std::pair("zeros", Zeros())}) {
    EncodedModel encoded =
        EncodeModelFile(model, "m.pb", /*weights_beside=*/true).value();
    seeds->push_back(
        {"model_folder", name,
         JoinFolder({absl::StrJoin(encoded.pieces, ""),
                     absl::StrJoin(encoded.weights->contents, "")})});
  }
}

void AddModels(std::vector<FuzzSeed>* seeds) {
  std::set<std::string> kinds;
  for (const OpCase& op_case : OpCasesOf({2, 2, 3, 4})) {
    if (!kinds.insert(op_case.kind).second) continue;
    const bool inputs = kinds.size() % 2 == 0;
    Model model = ModelOf(
        BuildCase(op_case, inputs ? Operands::kInputs : Operands::kParameters));
    if (kinds.size() % 8 == 0) AddDomains(&model);
    AddModel(op_case.kind, model, seeds);
  }
  AddModel("network", Network(), seeds);
  AddModel("branches", Branches(), seeds);
  AddModel("training", Training(), seeds);
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
  AddFolders(&seeds);
  AddForeignOnnx(&seeds);
  AddTables(&seeds);
  AddArrays(&seeds);
  return seeds;
}

}  // namespace espalier
