// How model files are changed: as messages, as graphs, and now and then as
// bytes. Afterwards what would stop every change at the first check is mended:
// mostly the sizes of tensors, nearly always the checksum.
#include <google/protobuf/io/tokenizer.h>
#include <google/protobuf/text_format.h>

#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "espalier/model.pb.h"
#include "serialization/bytes.h"
#include "serialization/crc32c.h"
#include "serialization/model_message.h"
#include "tests/fuzz/message_mutator.h"
#include "tests/fuzz/mutators.h"

namespace espalier {
namespace {

constexpr size_t kChecksumBytes = 6;
constexpr int64_t kMostElements = 4096;  // that mending makes of a shape

absl::string_view Unsealed(absl::string_view file) {
  return file.substr(0, file.size() - std::min(file.size(), kChecksumBytes));
}

const v1::Attribute* FindAttribute(const v1::Node& node,
                                   absl::string_view name) {
  for (const v1::Attribute& attribute : node.attributes()) {
    if (attribute.name() == name) return &attribute;
  }
  return nullptr;
}

int64_t ElementsOf(const v1::Tensor& tensor) {
  int64_t elements = 1;
  for (const int64_t dim : tensor.dims()) {
    if (dim < 0 || dim > kMostElements) return kMostElements + 1;
    elements *= dim;
    if (elements > kMostElements) return elements;
  }
  return elements;
}

// Numbers the tensors' data in order, each as large as its shape says where
// that is small.
class TensorMender {
 public:
  explicit TensorMender(v1::Model* model) : model_(*model) {
    for (std::string& data : *model_.mutable_tensor_data()) {
      old_.push_back(std::move(data));
    }
    model_.clear_tensor_data();
  }

  void Mend(v1::Tensor* tensor) {
    std::string data =
        tensor->data() < old_.size() ? old_[tensor->data()] : std::string();
    const int64_t elements = ElementsOf(*tensor);
    if (elements <= kMostElements) {
      data.resize(static_cast<size_t>(elements) * 4);
    }
    tensor->set_data(static_cast<uint32_t>(model_.tensor_data_size()));
    model_.add_tensor_data(std::move(data));
  }

 private:
  v1::Model& model_;
  std::vector<std::string> old_;
};

// Every parameter and state gets a value of its shape, and nothing else does.
void MendValues(v1::Model* model) {
  google::protobuf::RepeatedPtrField<v1::Variable> old;
  old.Swap(model->mutable_values());
  for (const v1::Node& node : model->graph().nodes()) {
    if (node.kind() != "parameter" && node.kind() != "state") continue;
    const v1::Attribute* shape = FindAttribute(node, "shape");
    const v1::Attribute* dtype = FindAttribute(node, "dtype");
    v1::Variable* variable = model->add_values();
    for (const v1::Variable& value : old) {
      if (value.leaf() == node.name()) variable->CopyFrom(value);
    }
    variable->set_leaf(node.name());
    v1::Tensor* tensor = variable->mutable_value();
    tensor->set_dtype(
        dtype != nullptr && dtype->string_value() == "i32" ? v1::I32 : v1::F32);
    if (shape != nullptr) {
      *tensor->mutable_dims() = shape->int_list().values();
    }
  }
}

void MendTensors(v1::Model* model) {
  TensorMender mender(model);
  for (v1::Node& node : *model->mutable_graph()->mutable_nodes()) {
    for (v1::Attribute& attribute : *node.mutable_attributes()) {
      if (attribute.has_tensor()) mender.Mend(attribute.mutable_tensor());
    }
  }
  for (v1::Variable& variable : *model->mutable_values()) {
    mender.Mend(variable.mutable_value());
  }
}

void MendModel(v1::Model* model, NastyValues* values) {
  if (!values->OneIn(50)) {
    model->set_magic(std::string(kModelMagic));
    model->set_format_version(kModelFormatVersion);
  }
  model->clear_checksum();
  if (values->OneIn(4)) return;
  if (!values->OneIn(8)) MendValues(model);
  MendTensors(model);
  // One tensor's bytes may be all that is wrong.
  if (model->tensor_data_size() > 0 && values->OneIn(16)) {
    const auto count = static_cast<size_t>(model->tensor_data_size());
    std::string* data =
        model->mutable_tensor_data(static_cast<int>(values->Below(count)));
    data->resize(values->Below(2 * data->size() + 5));
  }
}

std::string FreeName(const v1::Graph& graph, std::string base) {
  std::set<std::string> taken;
  for (const v1::Node& node : graph.nodes()) taken.insert(node.name());
  if (base.size() > 40) base.resize(40);
  std::string name = base;
  for (int i = 0; taken.count(name) > 0; ++i) name = absl::StrCat(base, i);
  return name;
}

void AddOutput(v1::Graph* graph, int node, int number) {
  v1::Output* output = graph->add_outputs();
  output->set_name(absl::StrCat("o", number));
  output->set_node(node);
}

// A copy of some node behind all others, reading any of them, is an output.
void AppendNode(v1::Graph* graph, NastyValues* values) {
  const int count = graph->nodes_size();
  if (count == 0 || count > 60) return;
  const auto any = [&] {
    return static_cast<int>(values->Below(static_cast<size_t>(count)));
  };
  const v1::Node original = graph->nodes(any());
  v1::Node* node = graph->add_nodes();
  node->CopyFrom(original);
  node->set_name(FreeName(*graph, original.name()));
  for (int32_t& input : *node->mutable_inputs()) {
    if (values->OneIn(2)) input = any();
  }
  AddOutput(graph, count, count);
}

// Some node reads another one.
void Rewire(v1::Graph* graph, NastyValues* values) {
  const int count = graph->nodes_size();
  for (int attempt = 0; attempt < 8 && count > 0; ++attempt) {
    v1::Node* node = graph->mutable_nodes(
        static_cast<int>(values->Below(static_cast<size_t>(count))));
    if (node->inputs_size() == 0) continue;
    const auto input = static_cast<int>(
        values->Below(static_cast<size_t>(node->inputs_size())));
    node->set_inputs(input, static_cast<int32_t>(
                                values->Below(static_cast<size_t>(count + 1))));
    return;
  }
}

void MutateMessage(v1::Model* model, NastyValues* values) {
  MessageMutator mutator(values);
  for (size_t changes = 1 + values->Below(3); changes > 0; --changes) {
    switch (values->Below(8)) {
      case 0:
        AppendNode(model->mutable_graph(), values);
        break;
      case 1:
        Rewire(model->mutable_graph(), values);
        break;
      default:
        mutator.Mutate(model);
    }
  }
  MendModel(model, values);
}

// The number of a node behind `count` others; of a nasty number, any.
int32_t Shifted(int32_t node, int count) {
  return static_cast<int32_t>(static_cast<uint32_t>(node) +
                              static_cast<uint32_t>(count));
}

// The nodes of `other` behind those of `model`, and some of them reading from
// there.
void Splice(const v1::Model& other, v1::Model* model, NastyValues* values) {
  v1::Graph* graph = model->mutable_graph();
  const int count = graph->nodes_size();
  if (count + other.graph().nodes_size() > 60) return;
  const auto data = static_cast<uint32_t>(model->tensor_data_size());
  std::vector<std::pair<std::string, std::string>> renamed;
  for (const v1::Node& original : other.graph().nodes()) {
    const std::string name = FreeName(*graph, original.name());
    v1::Node* node = graph->add_nodes();
    node->CopyFrom(original);
    node->set_name(name);
    renamed.emplace_back(original.name(), name);
    for (int32_t& input : *node->mutable_inputs()) {
      const bool joined = count > 0 && values->OneIn(4);
      input =
          joined
              ? static_cast<int32_t>(values->Below(static_cast<size_t>(count)))
              : Shifted(input, count);
    }
    for (v1::Attribute& attribute : *node->mutable_attributes()) {
      if (!attribute.has_tensor()) continue;
      attribute.mutable_tensor()->set_data(attribute.tensor().data() + data);
    }
  }
  for (const std::string& bytes : other.tensor_data()) {
    model->add_tensor_data(bytes);
  }
  for (const v1::Variable& original : other.values()) {
    v1::Variable* variable = model->add_values();
    variable->CopyFrom(original);
    variable->mutable_value()->set_data(original.value().data() + data);
    for (const auto& [from, to] : renamed) {
      if (from == original.leaf()) variable->set_leaf(to);
    }
  }
  for (const v1::Output& original : other.graph().outputs()) {
    AddOutput(graph, Shifted(original.node(), count),
              graph->outputs_size() + count);
  }
}

// Of text: the message of this package's own printer.
std::string Print(const v1::Model& model) {
  google::protobuf::TextFormat::Printer printer;
  printer.SetUseUtf8StringEscaping(true);
  std::string text;
  return printer.PrintToString(model, &text) ? text : "";
}

// Keeps protobuf from printing errors.
class NoErrors : public google::protobuf::io::ErrorCollector {
 public:
  void AddError(int /*line*/, google::protobuf::io::ColumnNumber /*column*/,
                const std::string& /*message*/) override {}
};

bool ParseText(const std::string& text, v1::Model* message) {
  NoErrors errors;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&errors);
  return parser.ParseFromString(text, message);
}

}  // namespace

std::string Sealed(std::string bytes) {
  const uint32_t checksum = Crc32c(bytes);
  bytes += "\xFD\x7F";
  AppendLittle(&bytes, checksum);
  return bytes;
}

bool ParseSealed(const std::string& file, v1::Model* message) {
  const absl::string_view bytes = Unsealed(file);
  return message->ParseFromArray(bytes.data(), static_cast<int>(bytes.size()));
}

std::string MutateModelBytes(const std::string& input,
                             const Mutation& mutation) {
  NastyValues values(mutation);
  if (values.OneIn(20)) {
    return Fitting(values.Bytes(input), input, mutation);
  }
  const std::string body(Unsealed(input));
  if (values.OneIn(3)) {
    return Fitting(Sealed(MutateWire(body, *v1::Model::descriptor(), &values)),
                   input, mutation);
  }
  return Fitting(Sealed(values.Bytes(body)), input, mutation);
}

std::string MutateModel(const std::string& input, const Mutation& mutation) {
  NastyValues values(mutation);
  v1::Model model;
  if (values.OneIn(10) || !ParseSealed(input, &model)) {
    return MutateModelBytes(input, mutation);
  }
  MutateMessage(&model, &values);
  return Fitting(Sealed(model.SerializeAsString()), input, mutation);
}

std::string CrossModels(const std::string& first, const std::string& second,
                        const Mutation& mutation) {
  NastyValues values(mutation);
  v1::Model model;
  v1::Model other;
  if (!ParseSealed(first, &model) || !ParseSealed(second, &other)) return first;
  if (values.OneIn(2)) {
    Splice(other, &model, &values);
  } else {
    MessageMutator(&values).CrossOver(other, &model);
  }
  MendModel(&model, &values);
  return Fitting(Sealed(model.SerializeAsString()), first, mutation);
}

std::string MutateModelText(const std::string& input,
                            const Mutation& mutation) {
  NastyValues values(mutation);
  v1::Model model;
  if (values.OneIn(2) || !ParseText(input, &model)) {
    return MutateText(input, mutation);
  }
  MutateMessage(&model, &values);
  return Fitting(Print(model), input, mutation);
}

std::string CrossModelTexts(const std::string& first, const std::string& second,
                            const Mutation& mutation) {
  NastyValues values(mutation);
  v1::Model model;
  v1::Model other;
  if (!ParseText(first, &model) || !ParseText(second, &other)) return first;
  Splice(other, &model, &values);
  MendModel(&model, &values);
  return Fitting(Print(model), first, mutation);
}

}  // namespace espalier
