#include "serialization/model_codec.h"

#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/bytes.h"
#include "serialization/crc32c.h"
#include "serialization/model_message.h"
#include "serialization/wire.h"

// A binary file:
//
//   0A 08 "ESPALIER"       field 1, magic
//   10 01                  field 2, format_version
//   fields 3 to 8          the structure
//   F2 7F length bytes     field 2046, tensor_data, once for each tensor
//   FD 7F crc              field 2047, checksum of all bytes before FD 7F
//
// Protobuf writes and parses the structure only; tensors and checksum are put
// around it by hand, so that the weights are copied once.
namespace espalier {
namespace {

constexpr absl::string_view kBegin =
    "\x0A\x08"
    "ESPALIER";
constexpr absl::string_view kTensorTag = "\xF2\x7F";
constexpr absl::string_view kChecksumTag = "\xFD\x7F";
constexpr size_t kChecksumBytes = 6;  // with its tag
constexpr uint32_t kVersionField = 2;
constexpr uint32_t kTensorField = 2046;
constexpr uint32_t kChecksumField = 2047;

constexpr int kMaxDepth = 32;  // the schema's own is 6

absl::Status CheckTensorBytes(const std::vector<absl::string_view>& tensor_data,
                              const ModelLimits& limits) {
  int64_t total = 0;
  for (const absl::string_view bytes : tensor_data) {
    total += static_cast<int64_t>(bytes.size());
  }
  if (total <= limits.tensor_bytes) return absl::OkStatus();
  return absl::ResourceExhaustedError(
      absl::StrCat("the model's tensors have ", total,
                   " bytes: a model file holds at most ", limits.tensor_bytes));
}

// What is written must be readable again.
absl::StatusOr<std::string> EncodeStructure(const v1::Model& message,
                                            const ModelLimits& limits) {
  const size_t size = message.ByteSizeLong();
  if (static_cast<int64_t>(size) > limits.structure_bytes) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "the model without its tensors has ", size,
        " bytes: a model file holds at most ", limits.structure_bytes));
  }
  std::string structure = message.SerializeAsString();
  RETURN_IF_ERROR(ScanWire(structure, *v1::Model::descriptor(), limits.wire));
  return structure;
}

// Magic and checksum; afterwards every byte is what some writer meant.
absl::Status CheckFrame(absl::string_view bytes) {
  const bool begins = absl::StartsWith(bytes, kBegin);
  if (!begins && absl::StartsWith(kBegin, bytes)) {
    return absl::DataLossError(bytes.empty() ? "is empty"
                                             : "ends inside its first field");
  }
  const bool ends =
      bytes.size() >= kBegin.size() + kChecksumBytes &&
      absl::StartsWith(bytes.substr(bytes.size() - kChecksumBytes),
                       kChecksumTag);
  if (!begins && !ends) {
    return absl::InvalidArgumentError(
        absl::StrCat("is no Espalier model: it begins with ",
                     Quoted(bytes.substr(0, kBegin.size()))));
  }
  if (!ends) {
    return absl::DataLossError("is damaged or cut: no checksum at its end");
  }
  const auto stored = LoadLittle<uint32_t>(bytes.data() + bytes.size() - 4);
  const uint32_t computed =
      Crc32c(bytes.substr(0, bytes.size() - kChecksumBytes));
  if (stored != computed && !PlantedBug(3)) {
    return absl::DataLossError(absl::StrCat(
        "is damaged: its checksum is ", absl::Hex(stored, absl::kZeroPad8),
        ", that of its bytes ", absl::Hex(computed, absl::kZeroPad8)));
  }
  if (!begins) {
    return absl::InvalidArgumentError(
        absl::StrCat("is no Espalier model: it begins with ",
                     Quoted(bytes.substr(0, kBegin.size()))));
  }
  return absl::OkStatus();
}

absl::Status CheckVersion(absl::string_view bytes) {
  WireReader reader(bytes.substr(kBegin.size()), kBegin.size());
  ASSIGN_OR_RETURN(const WireTag tag, reader.Tag());
  if (tag.field != kVersionField || tag.type != WireType::kVarint) {
    return reader.Error("expected the format version after the magic");
  }
  ASSIGN_OR_RETURN(const uint64_t version, reader.Varint());
  return CheckFormatVersion(version);
}

struct Parts {
  absl::string_view structure;
  std::vector<absl::string_view> tensor_data;
};

// Finds the tensors, which come last. `bytes` is a file without its checksum.
absl::StatusOr<Parts> Split(absl::string_view bytes,
                            const ModelLimits& limits) {
  Parts parts;
  WireReader reader(bytes);
  while (!reader.done()) {
    const size_t place = reader.place();
    ASSIGN_OR_RETURN(const WireTag tag, reader.Tag());
    const bool tensor =
        tag.field == kTensorField && tag.type == WireType::kBytes;
    if (tag.field == kChecksumField) {
      return reader.Error("a checksum stands before the end");
    }
    if (!tensor && !parts.tensor_data.empty()) {
      return reader.Error(
          absl::StrCat("field ", tag.field, " stands after tensor_data"));
    }
    switch (tag.type) {
      case WireType::kVarint:
        RETURN_IF_ERROR(reader.Varint().status());
        break;
      case WireType::kFixed32:
        RETURN_IF_ERROR(reader.Fixed(4).status());
        break;
      case WireType::kFixed64:
        RETURN_IF_ERROR(reader.Fixed(8).status());
        break;
      case WireType::kBytes: {
        ASSIGN_OR_RETURN(const absl::string_view value, reader.Bytes());
        if (!tensor) break;
        if (parts.tensor_data.empty()) {
          parts.structure = bytes.substr(0, place);
        }
        parts.tensor_data.push_back(value);
        if (static_cast<int64_t>(parts.tensor_data.size()) >
            limits.wire.fields) {
          return absl::ResourceExhaustedError("holds too many tensors");
        }
        break;
      }
    }
  }
  if (parts.tensor_data.empty()) parts.structure = bytes;
  if (static_cast<int64_t>(parts.structure.size()) > limits.structure_bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("has ", parts.structure.size(),
                     " bytes beside its tensors: expected at most ",
                     limits.structure_bytes));
  }
  return parts;
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

absl::StatusOr<std::string> EncodeModel(const Model& model,
                                        const ModelLimits& limits) {
  ASSIGN_OR_RETURN(const ModelMessage message, ToMessage(model));
  RETURN_IF_ERROR(CheckTensorBytes(message.tensor_data, limits));
  ASSIGN_OR_RETURN(std::string bytes, EncodeStructure(message.message, limits));
  size_t size = bytes.size() + kChecksumBytes;
  for (const absl::string_view tensor : message.tensor_data) {
    size += kTensorTag.size() + 10 + tensor.size();
  }
  bytes.reserve(size);
  for (const absl::string_view tensor : message.tensor_data) {
    absl::StrAppend(&bytes, kTensorTag);
    AppendVarint(tensor.size(), &bytes);
    absl::StrAppend(&bytes, tensor);
  }
  const uint32_t checksum = Crc32c(bytes);
  absl::StrAppend(&bytes, kChecksumTag);
  AppendLittle(&bytes, checksum);
  return bytes;
}

absl::StatusOr<Model> DecodeModel(absl::string_view bytes, const OpTable& ops,
                                  const ModelLimits& limits) {
  RETURN_IF_ERROR(CheckFrame(bytes));
  RETURN_IF_ERROR(CheckVersion(bytes));
  bytes.remove_suffix(kChecksumBytes);
  ASSIGN_OR_RETURN(const Parts parts, Split(bytes, limits));
  RETURN_IF_ERROR(CheckTensorBytes(parts.tensor_data, limits));
  RETURN_IF_ERROR(
      ScanWire(parts.structure, *v1::Model::descriptor(), limits.wire));
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t*>(parts.structure.data()),
      static_cast<int>(parts.structure.size()));
  stream.SetRecursionLimit(kMaxDepth);
  v1::Model message;
  if (!message.ParseFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage()) {
    return absl::InvalidArgumentError("protobuf cannot parse its structure");
  }
  return FromMessage(message, parts.tensor_data, ops);
}

absl::StatusOr<std::string> EncodeModelText(const Model& model,
                                            const ModelLimits& limits) {
  ASSIGN_OR_RETURN(ModelMessage message, ToMessage(model));
  RETURN_IF_ERROR(EncodeStructure(message.message, limits).status());
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
  const std::vector<absl::string_view> tensor_data(
      message.tensor_data().begin(), message.tensor_data().end());
  return FromMessage(message, tensor_data, ops);
}

}  // namespace espalier
