#include "serialization/onnx/export.h"

#include <map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/check.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "graph/version.h"
#include "serialization/file.h"
#include "serialization/model_message.h"
#include "serialization/onnx/export_table.h"
#include "serialization/onnx/metadata.h"
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

size_t FieldSize(size_t length) {
  size_t size = 2 + length;
  for (size_t rest = length; rest >= 0x80; rest >>= 7) ++size;
  return size;
}

// `head` is the model without its graph, `graph` that without initializers,
// which are put in by hand, so that the weights are copied once.
absl::StatusOr<std::string> Assemble(
    const onnx::ModelProto& head, const onnx::GraphProto& graph,
    const std::vector<OnnxInitializer>& initializers) {
  constexpr uint32_t kGraph = onnx::ModelProto::kGraphFieldNumber;
  constexpr uint32_t kInitializer = onnx::GraphProto::kInitializerFieldNumber;
  constexpr uint32_t kRaw = onnx::TensorProto::kRawDataFieldNumber;
  size_t graph_size = graph.ByteSizeLong();
  std::vector<size_t> sizes;
  for (const OnnxInitializer& initializer : initializers) {
    sizes.push_back(initializer.header.ByteSizeLong() +
                    FieldSize(initializer.raw.size()));
    graph_size += FieldSize(sizes.back());
  }
  const size_t size = head.ByteSizeLong() + FieldSize(graph_size);
  if (size > kMaxFileBytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the model has ", size, " bytes as ONNX: such a file holds at most ",
        kMaxFileBytes, ", and weights beside it are not written"));
  }
  std::string bytes;
  bytes.reserve(size);
  head.AppendToString(&bytes);
  AppendLength(kGraph, graph_size, &bytes);
  graph.AppendToString(&bytes);
  for (size_t i = 0; i < initializers.size(); ++i) {
    AppendLength(kInitializer, sizes[i], &bytes);
    initializers[i].header.AppendToString(&bytes);
    AppendLength(kRaw, initializers[i].raw.size(), &bytes);
    absl::StrAppend(&bytes, initializers[i].raw);
  }
  ESPALIER_CHECK(bytes.size() == size);
  return bytes;
}

}  // namespace

absl::StatusOr<std::string> ExportOnnx(const Model& model,
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
  Exporter exporter(model, options.opset);
  RETURN_IF_ERROR(exporter.Write());
  onnx::ModelProto head;
  head.set_ir_version(IrVersion(options.opset));
  head.set_producer_name("espalier");
  head.set_producer_version(std::string(Version()));
  onnx::OperatorSetIdProto* opset = head.add_opset_import();
  opset->set_domain("");
  opset->set_version(options.opset);
  AddOnnxMetadata(model, message.message, exporter.InputNames(), &head);
  return Assemble(head, *exporter.writer().graph(),
                  exporter.writer().initializers());
}

absl::Status SaveOnnx(const Model& model, const std::string& path,
                      const OnnxOptions& options) {
  const absl::StatusOr<std::string> bytes = ExportOnnx(model, options);
  if (!bytes.ok()) {
    return Annotate(bytes.status(), absl::StrCat("save ", Quoted(path)));
  }
  return WriteFile(path, *bytes);
}

}  // namespace espalier
