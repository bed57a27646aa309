#include "serialization/onnx/metadata.h"

#include <google/protobuf/struct.pb.h>
#include <google/protobuf/util/json_util.h>

#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "graph/check.h"

namespace espalier {
namespace {

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
  entry->set_key(absl::StrCat("espalier.", key));
  entry->set_value(std::move(value));
}

}  // namespace

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
