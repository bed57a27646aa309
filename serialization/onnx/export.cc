#include "serialization/onnx/export.h"

#include <deque>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/optional.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "graph/version.h"
#include "serialization/external_file.h"
#include "serialization/file.h"
#include "serialization/model_message.h"
#include "serialization/onnx/export_table.h"
#include "serialization/onnx/external_data.h"
#include "serialization/onnx/metadata.h"
#include "serialization/weights_file.h"
#include "serialization/wire.h"

namespace espalier {
namespace {

// Of one protobuf message, so of a file without external data.
constexpr size_t kMaxFileBytes = (size_t{1} << 31) - 1;

// The version of the file format that came with an opset.
int IrVersion(int opset) {
  if (opset <= 14) return 7;
  if (opset <= 18) return 8;
  if (opset <= 20) return 9;
  return 10;
}

class Exporter {
 public:
  Exporter(const Model& model, int opset)
      : model_(model),
        graph_(model.graph),
        values_(static_cast<size_t>(graph_.num_nodes())),
        shared_{OnnxGraphWriter(graph_.name()), opset, "", ""} {}

  absl::Status Write() {
    const std::vector<bool> live = LiveNodes();
    NameValues(live);
    for (const NodeId id : graph_.inputs()) {
      const Node& node = graph_.node(id);
      writer().AddInput(value(id), node.type);
      if (shared_.batch_input.empty() && node.type.shape.has_symbolic_batch()) {
        shared_.batch_input = value(id);
      }
    }
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      if (live[static_cast<size_t>(id)]) RETURN_IF_ERROR(WriteNode(id));
    }
    const std::vector<GraphOutput>& outputs = graph_.outputs();
    for (size_t i = 0; i < outputs.size(); ++i) {
      const std::string& from = value(outputs[i].node);
      if (output_values_[i] != from) {
        writer().AddNode("Identity", {from}, {}, output_values_[i],
                         output_values_[i]);
      }
      writer().AddOutput(output_values_[i], graph_.node(outputs[i].node).type);
    }
    return absl::OkStatus();
  }

  OnnxGraphWriter& writer() { return shared_.writer; }

  // By our name the name in the file.
  std::map<std::string, std::string> InputNames() const {
    std::map<std::string, std::string> names;
    for (const NodeId id : graph_.inputs()) {
      names.emplace(graph_.node(id).name, value(id));
    }
    return names;
  }

 private:
  const std::string& value(NodeId id) const {
    return values_[static_cast<size_t>(id)];
  }

  // What outputs are made of; all inputs, which whoever runs the file feeds.
  std::vector<bool> LiveNodes() const {
    std::vector<bool> live(values_.size());
    for (const GraphOutput& output : graph_.outputs()) {
      live[static_cast<size_t>(output.node)] = true;
    }
    for (NodeId id = graph_.num_nodes() - 1; id >= 0; --id) {
      if (!live[static_cast<size_t>(id)]) continue;
      for (const NodeId input : graph_.node(id).inputs) {
        live[static_cast<size_t>(input)] = true;
      }
    }
    for (const NodeId id : graph_.inputs())
      live[static_cast<size_t>(id)] = true;
    return live;
  }

  // Inputs and outputs choose first. A computed value that is an output is
  // called so; every other output is a copy, but for an input under its name.
  void NameValues(const std::vector<bool>& live) {
    for (const NodeId id : graph_.inputs()) {
      values_[static_cast<size_t>(id)] =
          writer().NewValue(graph_.node(id).name);
    }
    for (const GraphOutput& output : graph_.outputs()) {
      const Node& node = graph_.node(output.node);
      std::string& value = values_[static_cast<size_t>(output.node)];
      const bool leaf = AsLeaf(*node.op).has_value();
      if (leaf && node.name == output.name && !value.empty()) {
        output_values_.push_back(value);
        continue;
      }
      output_values_.push_back(writer().NewValue(output.name));
      if (!leaf && value.empty()) value = output_values_.back();
    }
    for (size_t i = 0; i < values_.size(); ++i) {
      if (live[i] && values_[i].empty()) {
        values_[i] =
            writer().NewValue(graph_.node(static_cast<NodeId>(i)).name);
      }
    }
  }

  absl::Status WriteNode(NodeId id) {
    const Node& node = graph_.node(id);
    const absl::optional<LeafKind> leaf = AsLeaf(*node.op);
    if (leaf.has_value()) {
      if (*leaf == LeafKind::kConstant) {
        writer().AddInitializer(value(id), *ConstantValue(*node.op));
      } else if (*leaf != LeafKind::kInput) {
        writer().AddInitializer(value(id), model_.values.at(node.name));
      }
      return absl::OkStatus();
    }
    std::vector<std::string> inputs;
    for (const NodeId input : node.inputs) inputs.push_back(value(input));
    OnnxNodeWriter node_writer(shared_, graph_, node, std::move(inputs),
                               value(id));
    return Annotate(WriteOnnxNode(node.op->kind(), node_writer),
                    node.ToString());
  }

  const Model& model_;
  const Graph& graph_;
  std::vector<std::string> values_;         // by node, names in the file
  std::vector<std::string> output_values_;  // by output
  OnnxExport shared_;
};

// All fields written by hand have a tag of one byte.
void AppendLength(uint32_t field, size_t length, std::string* out) {
  AppendVarint(field << 3 | static_cast<uint32_t>(WireType::kBytes), out);
  AppendVarint(length, out);
}

bool IsExternal(const OnnxInitializer& initializer) {
  return initializer.header.external_data_size() > 0;
}

size_t FieldSize(size_t length) {
  size_t size = 2 + length;
  for (size_t rest = length; rest >= 0x80; rest >>= 7) ++size;
  return size;
}

// An ONNX file in pieces that point into the model, the exporter and `kept`.
struct Encoded {
  FilePieces pieces;
  absl::optional<WeightsFile> weights;
  std::unique_ptr<Exporter> exporter;
  std::deque<std::string> kept;
};

// Of the file once its headers are complete, which they say in their lengths.
struct Sizes {
  std::vector<size_t> initializers;
  size_t graph = 0;
  size_t file = 0;
};

Sizes Measure(const onnx::ModelProto& head, const onnx::GraphProto& graph,
              const std::vector<OnnxInitializer>& initializers) {
  Sizes sizes;
  sizes.graph = graph.ByteSizeLong();
  for (const OnnxInitializer& initializer : initializers) {
    size_t size = initializer.header.ByteSizeLong();
    if (!IsExternal(initializer)) size += FieldSize(initializer.raw.size());
    sizes.initializers.push_back(size);
    sizes.graph += FieldSize(size);
  }
  sizes.file = head.ByteSizeLong() + FieldSize(sizes.graph);
  return sizes;
}

// What is large enough goes to a file beside the one called `name`.
absl::StatusOr<absl::optional<WeightsFile>> MoveWeights(
    const std::string& name, std::vector<OnnxInitializer>* initializers) {
  std::vector<absl::string_view> moved;
  for (const OnnxInitializer& initializer : *initializers) {
    if (initializer.raw.size() >= kLeastExternalBytes) {
      moved.push_back(initializer.raw);
    }
  }
  if (moved.empty()) return {absl::nullopt};
  WeightsLayout layout = LayOutWeights(moved, kOnnxAlignment);
  ASSIGN_OR_RETURN(const std::string location,
                   WeightsName(name, layout.checksum));
  auto offset = layout.offsets.begin();
  for (OnnxInitializer& initializer : *initializers) {
    if (initializer.raw.size() < kLeastExternalBytes) continue;
    SetOnnxExternalData(location, *offset++, initializer.raw.size(),
                        &initializer.header);
  }
  return {WeightsFile{location, std::move(layout.pieces)}};
}

// `head` is the model without its graph, `graph` that without initializers,
// which are put in by hand, so that the weights are not copied.
void Assemble(const onnx::ModelProto& head, const onnx::GraphProto& graph,
              const std::vector<OnnxInitializer>& initializers,
              const Sizes& sizes, Encoded* encoded) {
  constexpr uint32_t kGraph = onnx::ModelProto::kGraphFieldNumber;
  constexpr uint32_t kInitializer = onnx::GraphProto::kInitializerFieldNumber;
  constexpr uint32_t kRaw = onnx::TensorProto::kRawDataFieldNumber;
  const auto add = [encoded](std::string piece) {
    encoded->pieces.push_back(encoded->kept.emplace_back(std::move(piece)));
  };
  std::string bytes = head.SerializeAsString();
  AppendLength(kGraph, sizes.graph, &bytes);
  graph.AppendToString(&bytes);
  for (size_t i = 0; i < initializers.size(); ++i) {
    const OnnxInitializer& initializer = initializers[i];
    AppendLength(kInitializer, sizes.initializers[i], &bytes);
    initializer.header.AppendToString(&bytes);
    if (IsExternal(initializer)) continue;
    AppendLength(kRaw, initializer.raw.size(), &bytes);
    add(std::move(bytes));
    bytes.clear();
    encoded->pieces.push_back(initializer.raw);
  }
  add(std::move(bytes));
}

// Of a file called `name`; without one all weights are inside.
absl::StatusOr<Encoded> Encode(const Model& model, const std::string& name,
                               const OnnxOptions& options) {
  if (options.opset < kFirstOnnxOpset || options.opset > kLastOnnxOpset) {
    return absl::InvalidArgumentError(
        absl::StrCat("opset ", options.opset, ": expected ", kFirstOnnxOpset,
                     " to ", kLastOnnxOpset));
  }
  // Checks the model too.
  ASSIGN_OR_RETURN(const ModelMessage message, ToMessage(model));
  if (!model.graph.updates().empty()) {
    const Node& leaf = model.graph.node(model.graph.updates()[0].leaf);
    return absl::FailedPreconditionError(
        absl::StrCat("it is a training graph, with an update of ",
                     leaf.ToString(), ": ONNX takes its inference form only"));
  }
  Encoded encoded;
  encoded.exporter = std::make_unique<Exporter>(model, options.opset);
  RETURN_IF_ERROR(encoded.exporter->Write());
  onnx::ModelProto head;
  head.set_ir_version(IrVersion(options.opset));
  head.set_producer_name("espalier");
  head.set_producer_version(std::string(Version()));
  onnx::OperatorSetIdProto* opset = head.add_opset_import();
  opset->set_domain("");
  opset->set_version(options.opset);
  AddOnnxMetadata(model, message.message, encoded.exporter->InputNames(),
                  &head);
  const onnx::GraphProto& graph = *encoded.exporter->writer().graph();
  std::vector<OnnxInitializer> initializers =
      encoded.exporter->writer().initializers();
  Sizes sizes = Measure(head, graph, initializers);
  if (!name.empty() &&
      (options.external_weights || sizes.file > kMaxFileBytes)) {
    ASSIGN_OR_RETURN(encoded.weights, MoveWeights(name, &initializers));
    sizes = Measure(head, graph, initializers);
  }
  if (sizes.file > kMaxFileBytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the model has ", sizes.file, " bytes as ONNX",
                     name.empty() ? "" : ", without its weights",
                     ": such a file holds at most ", kMaxFileBytes));
  }
  Assemble(head, graph, initializers, sizes, &encoded);
  return encoded;
}

}  // namespace

absl::StatusOr<std::string> ExportOnnx(const Model& model,
                                       const OnnxOptions& options) {
  ASSIGN_OR_RETURN(const Encoded encoded, Encode(model, "", options));
  return absl::StrJoin(encoded.pieces, "");
}

absl::Status SaveOnnx(const Model& model, const std::string& path,
                      const OnnxOptions& options) {
  const absl::StatusOr<Encoded> encoded = [&]() -> absl::StatusOr<Encoded> {
    ASSIGN_OR_RETURN(const FilePlace place, FindPlace(path));
    return Encode(model, place.name, options);
  }();
  if (!encoded.ok()) {
    return Annotate(encoded.status(), absl::StrCat("save ", Quoted(path)));
  }
  return WriteModel(path, encoded->pieces, encoded->weights);
}

}  // namespace espalier
