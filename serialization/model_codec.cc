#include "serialization/model_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/types/span.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/crc32c.h"
#include "serialization/model_memory.h"
#include "serialization/model_message.h"
#include "serialization/model_parts.h"
#include "serialization/tensor_entries.h"
#include "serialization/weights_file.h"
#include "serialization/wire.h"

namespace espalier {
namespace {

constexpr int kMaxDepth = 32;  // the schema's own is 6

int64_t BytesOf(absl::Span<const absl::string_view> tensors) {
  int64_t total = 0;
  for (const absl::string_view bytes : tensors) {
    total += static_cast<int64_t>(bytes.size());
  }
  return total;
}

absl::Status CheckTensorBytes(absl::Span<const absl::string_view> tensors,
                              const ModelLimits& limits) {
  const int64_t total = BytesOf(tensors);
  if (total <= limits.tensor_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the model's tensors have ", total,
                   " bytes: a model file holds at most ", limits.tensor_bytes));
}

// What is written must be readable again. What that takes is counted in
// `memory`.
absl::StatusOr<std::string> EncodeStructure(
    const v1::Model& message, absl::Span<const absl::string_view> tensors,
    const ModelLimits& limits, MemoryBudget* memory) {
  const size_t size = message.ByteSizeLong();
  if (static_cast<int64_t>(size) > limits.structure_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the model without its tensors has ", size,
        " bytes: a model file holds at most ", limits.structure_bytes));
  }
  std::string structure = message.SerializeAsString();
  ModelFileSize file;
  file.tensors = static_cast<int64_t>(tensors.size());
  file.tensor_bytes = BytesOf(tensors);
  RETURN_IF_ERROR(ScanModel(structure, file, limits.wire, memory));
  RETURN_IF_ERROR(ChargeModel(message, memory));
  return structure;
}

absl::Status CheckMemory(int64_t needed, int64_t file_bytes) {
  const int64_t allowed = MemoryBudget(file_bytes).allowed();
  if (needed <= allowed) return absl::OkStatus();
  return absl::ResourceExhaustedError(absl::StrCat(
      "the model would take ", needed, " bytes of memory to load: a file of ",
      file_bytes, " bytes may take ", allowed));
}

// Values go to a file beside the model; the other tensors stay `inside`.
absl::Status MoveWeights(const std::string& name, const ModelLimits& limits,
                         v1::Model* model,
                         std::vector<absl::string_view>* inside,
                         EncodedModel* encoded) {
  v1::Model& message = *model;
  const auto values = static_cast<size_t>(message.values_size());
  const size_t others = inside->size() - values;
  const auto moved = absl::MakeConstSpan(*inside).subspan(others);
  if (BytesOf(moved) > limits.weights_bytes) {
    return CheckTensorBytes(*inside, limits);
  }
  WeightsLayout layout = LayOutWeights(moved, kWeightsAlignment);
  inside->resize(others);
  message.set_format_version(2);
  v1::Weights* weights = message.mutable_weights();
  ASSIGN_OR_RETURN(*weights->mutable_name(),
                   WeightsName(name, layout.checksum));
  weights->set_bytes(layout.bytes);
  weights->set_checksum(layout.checksum);
  for (size_t i = 0; i < values; ++i) {
    v1::Tensor* tensor =
        message.mutable_values(static_cast<int>(i))->mutable_value();
    tensor->clear_data();
    tensor->set_offset(layout.offsets[i]);
  }
  encoded->weights = WeightsFile{weights->name(), std::move(layout.pieces)};
  return absl::OkStatus();
}

absl::Status ParseStructure(const std::string& structure, v1::Model* message) {
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t*>(structure.data()),
      static_cast<int>(structure.size()));
  stream.SetRecursionLimit(kMaxDepth);
  if (message->ParseFromCodedStream(&stream) &&
      stream.ConsumedEntireMessage()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError("protobuf cannot parse its structure");
}

// Protobuf's messages quote the file as it is.
std::string Printable(std::string text) {
  std::replace_if(
      text.begin(), text.end(),
      [](unsigned char c) { return !absl::ascii_isprint(c); }, '?');
  return text;
}

// Keeps the first error, and keeps protobuf from printing it.
class FirstError : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int line, google::protobuf::io::ColumnNumber column,
                const std::string& message) override {
    if (!status_.ok()) return;
    status_ = absl::InvalidArgumentError(absl::StrCat(
        "line ", line + 1, ", column ", column + 1, ": ", Printable(message)));
  }

  const absl::Status& status() const { return status_; }

 private:
  absl::Status status_;
};

// Counts what a text would make protobuf allocate, strings and comments left
// out: a message opens with { or <, and every value follows a : or a comma.
absl::Status CheckTextLimits(absl::string_view text,
                             const ModelLimits& limits) {
  int64_t messages = 0;
  int64_t values = 0;
  char quote = '\0';
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote != '\0') {
      if (c == '\\') ++i;
      if (c == quote || c == '\n') quote = '\0';
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '#') {
      i = std::min(text.find('\n', i), text.size());
    } else if (c == '{' || c == '<') {
      ++messages;
    } else if (c == ':' || c == ',') {
      ++values;
    }
  }
  if (messages <= limits.wire.fields && values <= limits.wire.packed) {
    return absl::OkStatus();
  }
  return absl::ResourceExhaustedError("holds too many fields");
}

}  // namespace

absl::StatusOr<EncodedModel> EncodeModelFile(const Model& model,
                                             const std::string& name,
                                             bool weights_beside,
                                             const ModelLimits& limits) {
  EncodedModel encoded;
  const auto message = std::make_shared<ModelMessage>();
  ASSIGN_OR_RETURN(*message, ToMessage(model));
  encoded.message = message;
  std::vector<absl::string_view> inside = message->tensor_data;
  if (weights_beside || BytesOf(inside) > limits.tensor_bytes) {
    RETURN_IF_ERROR(
        MoveWeights(name, limits, &message->message, &inside, &encoded));
  }
  RETURN_IF_ERROR(CheckTensorBytes(inside, limits));
  // Pieces point into what follows, which does not move when the struct does.
  MemoryBudget memory = MemoryBudget::Unlimited();
  ASSIGN_OR_RETURN(std::string structure,
                   EncodeStructure(message->message, inside, limits, &memory));
  const auto add = [&encoded](std::string piece) {
    encoded.pieces.push_back(encoded.kept.emplace_back(std::move(piece)));
  };
  add(std::move(structure));
  for (const absl::string_view tensor : inside) {
    std::string header(kTensorTag);
    AppendVarint(tensor.size(), &header);
    add(std::move(header));
    encoded.pieces.push_back(tensor);
  }
  uint32_t checksum = 0;
  for (const absl::string_view piece : encoded.pieces) {
    checksum = ExtendCrc32c(checksum, piece);
  }
  std::string end(kChecksumTag);
  AppendLittle(&end, checksum);
  add(std::move(end));
  RETURN_IF_ERROR(CheckMemory(memory.most(), BytesOf(encoded.pieces)));
  return encoded;
}

absl::StatusOr<std::string> EncodeModel(const Model& model,
                                        const ModelLimits& limits) {
  ModelLimits inside = limits;
  inside.weights_bytes = 0;
  ASSIGN_OR_RETURN(const EncodedModel encoded,
                   EncodeModelFile(model, "", false, inside));
  return absl::StrJoin(encoded.pieces, "");
}

absl::StatusOr<Model> DecodeModelFile(ByteSource* source,
                                      const std::string& folder,
                                      bool read_values, const OpTable& ops,
                                      const ModelLimits& limits) {
  ASSIGN_OR_RETURN(ModelParts parts,
                   ReadModelParts(source, read_values, limits));
  ModelFileSize size;
  size.tensors = static_cast<int64_t>(parts.tensors.size());
  size.tensor_bytes = parts.tensors.all_bytes();
  MemoryBudget memory(source->size());
  RETURN_IF_ERROR(ScanModel(parts.structure, size, limits.wire, &memory));
  v1::Model message;
  RETURN_IF_ERROR(ParseStructure(parts.structure, &message));
  std::string().swap(parts.structure);
  RETURN_IF_ERROR(ChargeModel(message, &memory));
  TensorSources sources;
  sources.entries = &parts.tensors;
  sources.file = source;
  sources.read_values = read_values;
  absl::optional<WeightsReader> weights;
  if (message.has_weights()) {
    if (folder.empty()) {
      return absl::InvalidArgumentError(
          "its weights are in another file, and it has no folder");
    }
    ASSIGN_OR_RETURN(weights, WeightsReader::Open(folder, message.weights(),
                                                  std::min(limits.weights_bytes,
                                                           PhysicalMemory())));
    sources.weights = &*weights;
  }
  return FromMessage(&message, sources, ops);
}

absl::StatusOr<Model> DecodeModel(absl::string_view bytes, const OpTable& ops,
                                  const ModelLimits& limits) {
  MemorySource source(bytes);
  return DecodeModelFile(&source, "", true, ops, limits);
}

absl::StatusOr<std::string> EncodeModelText(const Model& model,
                                            const ModelLimits& limits) {
  ASSIGN_OR_RETURN(ModelMessage message, ToMessage(model));
  // Text is not held to a memory in proportion.
  MemoryBudget memory = MemoryBudget::Unlimited();
  RETURN_IF_ERROR(
      EncodeStructure(message.message, message.tensor_data, limits, &memory)
          .status());
  for (const absl::string_view bytes : message.tensor_data) {
    message.message.add_tensor_data(bytes.data(), bytes.size());
  }
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  if (!printer.PrintToString(message.message, &text)) {
    return absl::InternalError("the model cannot be printed as text");
  }
  if (static_cast<int64_t>(text.size()) > limits.text_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the model has ", text.size(),
                     " bytes as text: a .pbtxt file holds at most ",
                     limits.text_bytes, ", a .pb file more"));
  }
  return text;
}

absl::StatusOr<Model> DecodeModelText(const std::string& text,
                                      const OpTable& ops,
                                      const ModelLimits& limits) {
  RETURN_IF_ERROR(CheckTextLimits(text, limits));
  FirstError error;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&error);
  parser.SetRecursionLimit(kMaxDepth);
  v1::Model message;
  if (!parser.ParseFromString(text, &message)) {
    return error.status().ok() ? absl::InvalidArgumentError("is no text model")
                               : error.status();
  }
  if (message.checksum() != 0) {
    return absl::InvalidArgumentError(
        "has a checksum: only binary files have one");
  }
  if (message.has_weights()) {
    return absl::InvalidArgumentError(
        "names a file of weights: only binary files have one");
  }
  TensorEntries entries;
  for (std::string& bytes : *message.mutable_tensor_data()) {
    std::copy(bytes.begin(), bytes.end(), entries.Add(bytes.size()));
    std::string().swap(bytes);
  }
  TensorSources sources;
  sources.entries = &entries;
  return FromMessage(&message, sources, ops);
}

}  // namespace espalier
