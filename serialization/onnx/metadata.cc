#include "serialization/onnx/metadata.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include <charconv>
#include <memory>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "graph/check.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/model_codec.h"
#include "serialization/model_memory.h"
#include "serialization/model_message.h"
#include "serialization/utf8.h"
#include "serialization/wire.h"

namespace espalier {
namespace {

constexpr absl::string_view kPrefix = "espalier.";

// One line.
std::string Json(const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string json;
  ESPALIER_CHECK(
      google::protobuf::util::MessageToJsonString(message, &json, options)
          .ok());
  return json;
}

// The shortest decimal that is read back as this float.
void AppendFloat(float value, std::string* text) {
  char digits[32];
  const auto end = std::to_chars(std::begin(digits), std::end(digits), value);
  text->append(digits, end.ptr);
}

// As the command takes it: "lo:hi" once if it serves all elements, else for
// each, with commas between.
std::string DomainText(const InputDomain& domain) {
  bool one = true;
  for (size_t i = 1; i < domain.lower.size(); ++i) {
    one = one && domain.lower[i] == domain.lower[0] &&
          domain.upper[i] == domain.upper[0];
  }
  std::string text;
  for (size_t i = 0; i < domain.lower.size() && (i == 0 || !one); ++i) {
    if (i > 0) text += ',';
    AppendFloat(domain.lower[i], &text);
    text += ':';
    AppendFloat(domain.upper[i], &text);
  }
  return text;
}

void Add(absl::string_view key, std::string value,
         onnx::ModelProto* onnx_model) {
  onnx::StringStringEntryProto* entry = onnx_model->add_metadata_props();
  entry->set_key(absl::StrCat(kPrefix, key));
  entry->set_value(std::move(value));
}

absl::Status JsonError() {
  return absl::InvalidArgumentError("is not the JSON that belongs there");
}

absl::Status ReadClassNames(const std::string& text, OnnxGraphReader& reader,
                            Model* model) {
  // What protobuf may make of one byte of a list.
  constexpr int64_t kMost = 80;
  const int64_t most = kMost * static_cast<int64_t>(text.size());
  RETURN_IF_ERROR(reader.Charge(most));
  google::protobuf::ListValue names;
  if (!google::protobuf::util::JsonStringToMessage(text, &names).ok()) {
    return JsonError();
  }
  for (const google::protobuf::Value& name : names.values()) {
    if (name.kind_case() != google::protobuf::Value::kStringValue) {
      return absl::InvalidArgumentError("expected a list of names");
    }
    model->class_names.push_back(name.string_value());
  }
  return absl::OkStatus();
}

// By way of the wire format, whose memory is counted before it is parsed.
absl::Status ReadHistories(const std::string& text, OnnxGraphReader& reader,
                           Model* model) {
  namespace pb = ::google::protobuf;
  // The parser's notes, and the bytes on the wire while they grow.
  constexpr int64_t kMost = 6;
  RETURN_IF_ERROR(reader.Charge(kMost * static_cast<int64_t>(text.size())));
  const std::unique_ptr<pb::util::TypeResolver> types(
      pb::util::NewTypeResolverForDescriptorPool(
          "type.googleapis.com", pb::DescriptorPool::generated_pool()));
  const std::string type = absl::StrCat("type.googleapis.com/",
                                        v1::Model::descriptor()->full_name());
  std::string bytes;
  if (!pb::util::JsonToBinaryString(types.get(), type, text, &bytes).ok()) {
    return JsonError();
  }
  RETURN_IF_ERROR(ScanWire(bytes, *v1::Model::descriptor(), ModelLimits().wire,
                           &reader.memory()));
  v1::Model message;
  if (!message.ParseFromString(bytes)) return JsonError();
  RETURN_IF_ERROR(ChargeModel(message, &reader.memory()));
  for (const v1::HistoryEntry& entry : message.history()) {
    model->history.push_back(ReadHistory(entry));
  }
  return absl::OkStatus();
}

absl::Status ReadDomain(absl::string_view file_input, absl::string_view text,
                        OnnxGraphReader& reader, Model* model) {
  const auto input = reader.inputs().find(std::string(file_input));
  if (input == reader.inputs().end()) {
    return absl::InvalidArgumentError("there is no such input");
  }
  const Graph& graph = model->graph;
  const int64_t elements = graph.node(graph.Find(input->second))
                               .type.shape.num_elements_per_sample();
  RETURN_IF_ERROR(reader.Charge(elements * int64_t{2 * sizeof(float)}));
  InputDomain domain;
  for (const absl::string_view pair : absl::StrSplit(text, ',')) {
    const std::pair<absl::string_view, absl::string_view> ends =
        absl::StrSplit(pair, absl::MaxSplits(':', 1));
    float lower = 0;
    float upper = 0;
    if (!absl::SimpleAtof(ends.first, &lower) ||
        !absl::SimpleAtof(ends.second, &upper) ||
        static_cast<int64_t>(domain.lower.size()) >= elements) {
      return absl::InvalidArgumentError(absl::StrCat(
          "expected lo:hi, or ", elements, " of them, at ", Quoted(pair)));
    }
    domain.lower.push_back(lower);
    domain.upper.push_back(upper);
  }
  if (domain.lower.size() == 1) {
    domain.lower.assign(static_cast<size_t>(elements), domain.lower[0]);
    domain.upper.assign(static_cast<size_t>(elements), domain.upper[0]);
  }
  if (!model->domains.emplace(input->second, std::move(domain)).second) {
    return absl::InvalidArgumentError("stands twice");
  }
  return absl::OkStatus();
}

absl::Status ReadEntry(absl::string_view key, const std::string& value,
                       OnnxGraphReader& reader, Model* model) {
  if (key == "producer") {
    model->producer = value;
    return absl::OkStatus();
  }
  if (key == "class_names") return ReadClassNames(value, reader, model);
  if (key == "history") return ReadHistories(value, reader, model);
  if (absl::ConsumePrefix(&key, "domain.")) {
    return ReadDomain(key, value, reader, model);
  }
  return absl::UnimplementedError("is not understood");
}

}  // namespace

absl::Status ReadOnnxMetadata(const onnx::ModelProto& file,
                              OnnxGraphReader& reader, Model* model) {
  model->producer = absl::StrCat(file.producer_name(),
                                 file.producer_version().empty() ? "" : " ",
                                 file.producer_version());
  if (model->producer.size() > 255 || HasControlCharacter(model->producer)) {
    model->producer.clear();
  }
  for (const onnx::StringStringEntryProto& entry : file.metadata_props()) {
    absl::string_view key = entry.key();
    if (!absl::ConsumePrefix(&key, kPrefix)) continue;
    const absl::Status status = ReadEntry(key, entry.value(), reader, model);
    if (!status.ok()) {
      return Annotate(status, absl::StrCat("metadata ", Quoted(entry.key())));
    }
  }
  return absl::OkStatus();
}

void AddOnnxMetadata(const Model& model, const v1::Model& message,
                     const std::map<std::string, std::string>& inputs,
                     onnx::ModelProto* onnx_model) {
  if (!model.producer.empty()) Add("producer", model.producer, onnx_model);
  for (const auto& [input, domain] : model.domains) {
    Add(absl::StrCat("domain.", inputs.at(input)), DomainText(domain),
        onnx_model);
  }
  if (!model.class_names.empty()) {
    google::protobuf::ListValue names;
    for (const std::string& name : model.class_names) {
      names.add_values()->set_string_value(name);
    }
    Add("class_names", Json(names), onnx_model);
  }
  if (!model.history.empty()) {
    v1::Model history;
    *history.mutable_history() = message.history();
    Add("history", Json(history), onnx_model);
  }
}

}  // namespace espalier
