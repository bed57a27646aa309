#include "serialization/onnx/import.h"

#include <google/protobuf/io/coded_stream.h>

#include <map>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "espalier/onnx/onnx.pb.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/memory_budget.h"
#include "serialization/model_message.h"
#include "serialization/onnx/external_data.h"
#include "serialization/onnx/graph_reader.h"
#include "serialization/onnx/import_structure.h"
#include "serialization/onnx/left_elements.h"
#include "serialization/onnx/metadata.h"
#include "serialization/onnx/outline.h"
#include "serialization/wire.h"

namespace espalier {
namespace {

constexpr int kFirstOpset = 1;
constexpr int kLastOpset = 21;
constexpr int kLastIrVersion = 10;  // which came with that
constexpr int kMaxDepth = 32;       // the schema's own is 6

// Also of what is skipped, which takes time.
WireLimits LimitsFor(int64_t bytes) {
  return {/*fields=*/100000 + bytes / 64, /*packed=*/1000000 + bytes / 2};
}

// Of a file that `budget` is for, or its outline. Leaves in it what the bytes
// and their messages do not take.
absl::StatusOr<onnx::ModelProto> Parse(const std::string& bytes,
                                       MemoryBudget* budget) {
  const auto size = static_cast<int64_t>(bytes.size());
  RETURN_IF_ERROR(budget->Charge(size));
  RETURN_IF_ERROR(ScanWire(bytes, *onnx::ModelProto::descriptor(),
                           LimitsFor(budget->file_bytes()), budget,
                           UnknownFields::kSkip));
  budget->GiveBack(size);
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t*>(bytes.data()),
      static_cast<int>(bytes.size()));
  stream.SetRecursionLimit(kMaxDepth);
  onnx::ModelProto model;
  if (!model.ParseFromCodedStream(&stream) || !stream.ConsumedEntireMessage()) {
    return absl::InvalidArgumentError("protobuf cannot parse it");
  }
  return model;
}

absl::StatusOr<int> OpsetOf(const onnx::ModelProto& model) {
  if (model.ir_version() < 1 || model.ir_version() > kLastIrVersion) {
    return absl::UnimplementedError(
        absl::StrCat("IR version ", model.ir_version(),
                     ": this program reads 1 to ", kLastIrVersion));
  }
  absl::optional<int64_t> version;
  absl::flat_hash_set<std::string> domains;
  for (const onnx::OperatorSetIdProto& opset : model.opset_import()) {
    const bool own = opset.domain().empty() || opset.domain() == "ai.onnx";
    if (own) version = opset.version();
    if (!domains.insert(own ? "ai.onnx" : opset.domain()).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("names two opsets of domain ",
                       Quoted(own ? "ai.onnx" : opset.domain())));
    }
  }
  if (!version.has_value()) {
    return absl::InvalidArgumentError("is no ONNX model: it names no opset");
  }
  if (*version < kFirstOpset || *version > kLastOpset) {
    return absl::UnimplementedError(
        absl::StrCat("opset ", *version, ": this program reads ", kFirstOpset,
                     " to ", kLastOpset));
  }
  return static_cast<int>(*version);
}

// The ways in which the batch may be read, the likely one first.
std::vector<OnnxBatch> BatchesOf(const onnx::GraphProto& graph,
                                 const OnnxImportOptions& options) {
  std::map<std::string, bool> constant;
  for (const onnx::TensorProto& tensor : graph.initializer()) {
    constant[tensor.name()] = true;
  }
  bool all_lead_with_1 = true;
  for (const onnx::ValueInfoProto& input : graph.input()) {
    if (constant.count(input.name()) > 0) continue;
    const onnx::TensorShapeProto& shape = input.type().tensor_type().shape();
    if (shape.dim_size() > 0 && !shape.dim(0).has_dim_value()) {
      return {OnnxBatch::kSymbolic};
    }
    all_lead_with_1 = all_lead_with_1 && shape.dim_size() > 1 &&
                      shape.dim(0).dim_value() == 1;
  }
  if (options.keep_leading_dimension) return {OnnxBatch::kNone};
  if (!all_lead_with_1) return {OnnxBatch::kInFront, OnnxBatch::kNone};
  return {OnnxBatch::kLeading, OnnxBatch::kInFront, OnnxBatch::kNone};
}

// In the first way in which the batch may be read that gives a graph.
absl::StatusOr<Model> ReadModel(onnx::ModelProto& file,
                                const OnnxImportOptions& options,
                                const MemoryBudget& budget,
                                OnnxLeftElements* left_elements) {
  ASSIGN_OR_RETURN(const int opset, OpsetOf(file));
  if (file.graph().output_size() == 0) {
    return absl::InvalidArgumentError("is no ONNX model: it has no outputs");
  }
  // Of the way that went furthest: others end where only they do not fit.
  absl::Status error;
  int furthest = -1;
  const int64_t charged = left_elements->fetched();
  for (const OnnxBatch batch : BatchesOf(file.graph(), options)) {
    MemoryBudget left = budget;
    RETURN_IF_ERROR(left.Charge(left_elements->fetched() - charged));
    OnnxGraphReader reader(file.mutable_graph(), opset, batch, left,
                           left_elements);
    absl::StatusOr<Model> model = reader.Read();
    if (model.ok()) {
      RETURN_IF_ERROR(ReadOnnxMetadata(file, reader, &*model));
      return model;
    }
    if (reader.nodes_read() > furthest) {
      furthest = reader.nodes_read();
      error = model.status();
    }
  }
  return error;
}

// Frees the messages when it returns.
absl::StatusOr<Model> ParseAndRead(std::string bytes,
                                   const OnnxImportOptions& options) {
  MemoryBudget budget(static_cast<int64_t>(bytes.size()));
  ASSIGN_OR_RETURN(onnx::ModelProto file, Parse(bytes, &budget));
  std::string().swap(bytes);  // frees them, which an assignment does not
  if (!options.folder.empty()) {
    RETURN_IF_ERROR(ReadOnnxExternalData(options.folder, file.mutable_graph(),
                                         &budget, /*left_elements=*/nullptr));
  }
  OnnxLeftElements none(0);
  return ReadModel(file, options, budget, &none);
}

absl::Status LeaveElements(const OnnxOutline& outline, ByteSource* source,
                           MemoryBudget* budget, onnx::GraphProto* graph,
                           OnnxLeftElements* left_elements) {
  for (const OnnxOutline::LeftOut& left_out : outline.left_out) {
    onnx::TensorProto* tensor =
        graph->mutable_initializer(left_out.initializer);
    if (tensor->has_raw_data() || tensor->external_data_size() > 0) {
      return absl::InvalidArgumentError("has elements in two places");
    }
    RETURN_IF_ERROR(left_elements->Add(tensor, source, left_out.place,
                                       left_out.size, budget));
    if (!OnnxLeftElements::MayStay(*tensor)) {
      RETURN_IF_ERROR(left_elements->Fetch(*tensor, budget));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Model> ImportOnnx(std::string bytes,
                                 const OnnxImportOptions& options) {
  if (bytes.empty()) return absl::DataLossError("is empty");
  ASSIGN_OR_RETURN(Model model, ParseAndRead(std::move(bytes), options));
  RETURN_IF_ERROR(CheckModel(model));
  return model;
}

absl::StatusOr<Model> ImportOnnxStructure(ByteSource* source,
                                          const OnnxImportOptions& options,
                                          int64_t least_left) {
  MemoryBudget budget(source->size());
  ASSIGN_OR_RETURN(OnnxOutline outline, ReadOnnxOutline(source, least_left));
  RETURN_IF_ERROR(
      budget.Charge(static_cast<int64_t>(outline.left_out.capacity()) *
                    int64_t{sizeof(OnnxOutline::LeftOut)}));
  ASSIGN_OR_RETURN(onnx::ModelProto file, Parse(outline.bytes, &budget));
  std::string().swap(outline.bytes);
  OnnxLeftElements left_elements(least_left);
  RETURN_IF_ERROR(LeaveElements(outline, source, &budget, file.mutable_graph(),
                                &left_elements));
  if (!options.folder.empty()) {
    RETURN_IF_ERROR(ReadOnnxExternalData(options.folder, file.mutable_graph(),
                                         &budget, &left_elements));
  }
  ASSIGN_OR_RETURN(Model model,
                   ReadModel(file, options, budget, &left_elements));
  model.values.clear();
  RETURN_IF_ERROR(CheckStructure(model));
  return model;
}

}  // namespace espalier
