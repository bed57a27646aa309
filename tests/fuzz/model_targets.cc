#include <map>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "espalier/model.pb.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/text.h"
#include "ops/registry.h"
#include "serialization/byte_source.h"
#include "serialization/bytes.h"
#include "serialization/crc32c.h"
#include "serialization/model_codec.h"
#include "serialization/onnx/export.h"
#include "serialization/onnx/import.h"
#include "serialization/onnx/import_structure.h"
#include "tests/fuzz/promises.h"
#include "tests/fuzz/targets.h"

namespace espalier {
namespace {

// CRC-32C bit by bit (Castagnoli's polynomial, reversed).
uint32_t SlowChecksum(absl::string_view bytes) {
  uint32_t crc = 0xFFFFFFFF;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) {
      crc = crc >> 1 ^ ((crc & 1) != 0 ? 0x82F63B78 : 0);
    }
  }
  return ~crc;
}

// FNV-1a: what runs draw their inputs from.
uint64_t SeedOf(absl::string_view bytes) {
  uint64_t seed = 0xCBF29CE484222325;
  for (const char c : bytes) {
    seed = (seed ^ static_cast<unsigned char>(c)) * 0x100000001B3;
  }
  return seed ^ seed >> 32;
}

void RequireChecksum(absl::string_view file) {
  constexpr size_t kChecksumBytes = 6;
  Require(file.size() > kChecksumBytes, "a file has a checksum");
  const absl::string_view bytes = file.substr(0, file.size() - kChecksumBytes);
  Require(absl::StartsWith(file.substr(bytes.size()), "\xFD\x7F"),
          "the checksum is the last field");
  Require(LoadLittle<uint32_t>(file.data() + file.size() - 4) ==
              SlowChecksum(bytes),
          "the checksum is that of the bytes");
}

// Nothing when it is refused.
absl::StatusOr<Model> DecodedModel(const std::string& file) {
  absl::StatusOr<Model> model = DecodeModel(file, StandardOps());
  if (!model.ok()) {
    RequireRefusal(model.status());
    return model;
  }
  RequireChecksum(file);
  RequireWireForm(file, *v1::Model::descriptor(), /*unknown_fields=*/false);
  RequireModel(*model);
  RequireRoundTrips(*model);
  return model;
}

// Where the elements of all parameters and states are few: each as its
// initializer draws it.
absl::StatusOr<Model> Initialised(const Graph& graph) {
  constexpr double kMostElements = 1 << 16;
  double elements = 0;
  Model model;
  model.graph = graph;
  for (const Node& node : graph.nodes()) {
    const Initializer* initializer = LeafInitializer(*node.op);
    if (initializer == nullptr) continue;
    elements += static_cast<double>(node.type.shape.num_elements());
    if (elements > kMostElements) {
      return absl::ResourceExhaustedError("too many elements");
    }
    model.values.emplace(node.name, initializer->Draw(node.type, 1, 0));
  }
  return model;
}

// The same inputs and outputs, whatever names they have; a leading 1 may have
// become the batch.
void RequireSameOutside(const Graph& a, const Graph& b) {
  Require(a.inputs().size() == b.inputs().size(), "as many inputs again");
  Require(a.outputs().size() == b.outputs().size(), "as many outputs again");
  const auto same = [](const Node& x, const Node& y) {
    return x.type.dtype == y.type.dtype &&
           x.type.shape.num_elements_per_sample() ==
               y.type.shape.num_elements_per_sample();
  };
  for (size_t i = 0; i < a.inputs().size(); ++i) {
    Require(same(a.node(a.inputs()[i]), b.node(b.inputs()[i])),
            "inputs of the same type again");
  }
  for (size_t i = 0; i < a.outputs().size(); ++i) {
    Require(same(a.node(a.outputs()[i].node), b.node(b.outputs()[i].node)),
            "outputs of the same type again");
  }
}

// With the shapes of the file.
void RequireImportAsItIs(const std::string& file) {
  OnnxImportOptions options;
  options.keep_leading_dimension = true;
  const absl::StatusOr<Model> model = ImportOnnx(file, options);
  if (!model.ok()) return RequireRefusal(model.status());
  RequireModel(*model);
  RequireRun(*model, SeedOf(file));
}

// The graph is the same where weights are left in the file.
void RequireStructure(const std::string& file, const Model& model) {
  MemorySource source(file);
  const absl::StatusOr<Model> structure =
      ImportOnnxStructure(&source, OnnxImportOptions(), /*least_left=*/1);
  Require(structure.ok(), absl::StrCat("a structure is read as its model is: ",
                                       structure.status().ToString()));
  Require(structure->values.empty(), "a structure has no values");
  Require(PrintGraph(structure->graph) == PrintGraph(model.graph),
          "a structure has the model's graph");
}

}  // namespace

int FuzzModelBytes(const uint8_t* data, size_t size) {
  return DecodedModel(AsString(data, size)).ok() ? 1 : 0;
}

int FuzzModelRun(const uint8_t* data, size_t size) {
  const std::string file = AsString(data, size);
  const absl::StatusOr<Model> model = DecodedModel(file);
  if (!model.ok()) return 0;
  RequireRun(*model, SeedOf(file));
  return 1;
}

int FuzzModelText(const uint8_t* data, size_t size) {
  const absl::StatusOr<Model> model =
      DecodeModelText(AsString(data, size), StandardOps());
  if (!model.ok()) {
    RequireRefusal(model.status());
    return 0;
  }
  RequireModel(*model);
  RequireRoundTrips(*model);
  return 1;
}

int FuzzGraphText(const uint8_t* data, size_t size) {
  const std::string text = AsString(data, size);
  const absl::StatusOr<Graph> graph = ParseGraph(text, StandardOps());
  if (!graph.ok()) {
    RequireRefusal(graph.status());
    return 0;
  }
  RequireGraph(*graph);
  const std::string printed = PrintGraph(*graph);
  const absl::StatusOr<Graph> again = ParseGraph(printed, StandardOps());
  Require(again.ok(), absl::StrCat("what is printed can be parsed: ",
                                   again.status().ToString()));
  Require(PrintGraph(*again) == printed, "printed again as the same text");
  const absl::StatusOr<Model> model = Initialised(*graph);
  if (model.ok()) RequireRun(*model, SeedOf(text));
  return 1;
}

int FuzzOnnx(const uint8_t* data, size_t size) {
  const std::string file = AsString(data, size);
  if (SeedOf(file) % 4 == 0) RequireImportAsItIs(file);
  const absl::StatusOr<Model> model = ImportOnnx(file);
  if (!model.ok()) {
    RequireRefusal(model.status());
    return 0;
  }
  RequireWireForm(file, *onnx::ModelProto::descriptor(),
                  /*unknown_fields=*/true);
  RequireModel(*model);
  RequireStructure(file, *model);
  RequireRoundTrips(*model);
  RequireRun(*model, SeedOf(file));
  const absl::StatusOr<std::string> exported = ExportOnnx(*model);
  if (!exported.ok()) {
    RequireRefusal(exported.status());
    return 1;
  }
  const absl::StatusOr<Model> again = ImportOnnx(*exported);
  if (!again.ok()) {
    RequireRefusal(again.status());
    return 1;
  }
  RequireModel(*again);
  RequireSameOutside(model->graph, again->graph);
  return 1;
}

}  // namespace espalier
