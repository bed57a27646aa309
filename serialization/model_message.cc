#include "serialization/model_message.h"

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
#include "graph/builder.h"
#include "graph/class_names.h"
#include "graph/leaves.h"
#include "graph/planted_bug.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "serialization/utf8.h"

namespace espalier {
namespace {

constexpr size_t kLongestName = 255;  // bytes
constexpr size_t kLongestText = 4096;

absl::Status CheckUtf8(absl::string_view text, absl::string_view what) {
  if (IsUtf8(text)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(what, " ", Quoted(text), " is not UTF-8"));
}

// Text that programs print as it is: it must not be able to steer a terminal.
absl::Status CheckText(absl::string_view text, absl::string_view what,
                       size_t longest) {
  RETURN_IF_ERROR(CheckUtf8(text, what));
  if (text.size() > longest) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " ", Quoted(text), " has ", text.size(),
                     " bytes: expected at most ", longest));
  }
  if (HasControlCharacter(text)) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, " ", Quoted(text), " holds a control character"));
  }
  return absl::OkStatus();
}

absl::Status CheckHistoryLayer(const v1::HistoryEntry::Layer& layer) {
  RETURN_IF_ERROR(CheckText(layer.node(), "node of the history", kLongestName));
  int64_t least = 0;
  for (const int64_t unit : layer.removed()) {
    if (unit < least || unit >= layer.units_before()) {
      return absl::InvalidArgumentError(absl::StrCat(
          "history of node ", Quoted(layer.node()), ": removed unit ", unit,
          ": expected units in ascending order, of ", layer.units_before()));
    }
    least = unit + 1;
  }
  return absl::OkStatus();
}

// What neither the graph nor Validate(Model) looks at.
absl::Status CheckFreeFields(const v1::Model& message) {
  RETURN_IF_ERROR(CheckText(message.producer(), "producer", kLongestText));
  for (const std::string& name : message.class_names()) {
    RETURN_IF_ERROR(CheckText(name, "class name", kLongestName));
  }
  for (const v1::HistoryEntry& entry : message.history()) {
    RETURN_IF_ERROR(CheckText(entry.action(), "action", kLongestName));
    RETURN_IF_ERROR(CheckText(entry.grade(), "grade", kLongestName));
    RETURN_IF_ERROR(CheckText(entry.reason(), "reason", kLongestText));
    for (const v1::HistoryEntry::Layer& layer : entry.layers()) {
      RETURN_IF_ERROR(CheckHistoryLayer(layer));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckAttributes(const v1::Graph& graph) {
  for (const v1::Node& node : graph.nodes()) {
    for (const v1::Attribute& attribute : node.attributes()) {
      RETURN_IF_ERROR(CheckUtf8(attribute.string_value(), "attribute value"));
    }
  }
  return absl::OkStatus();
}

class Writer {
 public:
  ModelMessage Write(const Model& model) {
    v1::Model& message = result_.message;
    message = WriteFacts(model);
    message.set_magic(std::string(kModelMagic));
    message.set_format_version(1);
    WriteGraph(model.graph, message.mutable_graph());
    for (const Node& node : model.graph.nodes()) {
      if (LeafInitializer(*node.op) == nullptr) continue;
      v1::Variable* variable = message.add_values();
      variable->set_leaf(node.name);
      WriteTensor(model.values.at(node.name), variable->mutable_value());
    }
    return std::move(result_);
  }

  // All but the graph and its values.
  static v1::Model WriteFacts(const Model& model) {
    v1::Model message;
    message.set_producer(model.producer);
    for (const auto& [input, domain] : model.domains) {
      v1::InputDomain* row = message.add_domains();
      row->set_input(input);
      row->mutable_lower()->Add(domain.lower.begin(), domain.lower.end());
      row->mutable_upper()->Add(domain.upper.begin(), domain.upper.end());
    }
    for (const std::string& name : model.class_names) {
      message.add_class_names(name);
    }
    for (const HistoryEntry& entry : model.history) {
      WriteHistory(entry, message.add_history());
    }
    return message;
  }

 private:
  void WriteGraph(const Graph& graph, v1::Graph* message) {
    message->set_name(graph.name());
    for (const Node& node : graph.nodes()) {
      v1::Node* row = message->add_nodes();
      row->set_name(node.name);
      row->set_kind(std::string(node.op->kind()));
      row->mutable_inputs()->Add(node.inputs.begin(), node.inputs.end());
      result_.kept.push_back(node.op->attributes());
      for (const Attribute& attribute : result_.kept.back()) {
        v1::Attribute* written = row->add_attributes();
        written->set_name(attribute.name);
        WriteAttribute(attribute.value, written);
      }
    }
    for (const GraphOutput& output : graph.outputs()) {
      v1::Output* row = message->add_outputs();
      row->set_name(output.name);
      row->set_node(output.node);
    }
    for (const GraphUpdate& update : graph.updates()) {
      v1::Update* row = message->add_updates();
      row->set_leaf(update.leaf);
      row->set_value(update.value);
    }
  }

  void WriteAttribute(const AttributeValue& value, v1::Attribute* message) {
    if (const auto* flag = absl::get_if<bool>(&value)) {
      message->set_bool_value(*flag);
    } else if (const auto* integer = absl::get_if<int64_t>(&value)) {
      message->set_int_value(*integer);
    } else if (const auto* number = absl::get_if<float>(&value)) {
      message->set_float_value(*number);
    } else if (const auto* text = absl::get_if<std::string>(&value)) {
      message->set_string_value(*text);
    } else if (const auto* list = absl::get_if<std::vector<int64_t>>(&value)) {
      message->mutable_int_list()->mutable_values()->Add(list->begin(),
                                                         list->end());
    } else {
      WriteTensor(absl::get<Tensor>(value), message->mutable_tensor());
    }
  }

  void WriteTensor(const Tensor& tensor, v1::Tensor* message) {
    message->set_dtype(tensor.dtype() == DataType::kF32 ? v1::F32 : v1::I32);
    message->mutable_dims()->Add(tensor.shape().dims().begin(),
                                 tensor.shape().dims().end());
    message->set_data(static_cast<uint32_t>(result_.tensor_data.size()));
    result_.tensor_data.emplace_back(static_cast<const char*>(tensor.raw()),
                                     tensor.num_bytes());
  }

  static void WriteHistory(const HistoryEntry& entry,
                           v1::HistoryEntry* message) {
    message->set_action(entry.action);
    message->set_grade(entry.grade);
    message->set_reason(entry.reason);
    for (const HistoryEntry::Layer& layer : entry.layers) {
      v1::HistoryEntry::Layer* row = message->add_layers();
      row->set_node(layer.node);
      row->set_units_before(layer.units_before);
      row->mutable_removed()->Add(layer.removed.begin(), layer.removed.end());
    }
  }

  ModelMessage result_;
};

class Reader {
 public:
  Reader(v1::Model& message, const TensorSources& sources, const OpTable& ops)
      : message_(message),
        sources_(sources),
        used_(sources.entries->size(), false),
        ops_(ops),
        builder_(std::make_unique<GraphBuilder>(message.graph().name())) {}

  absl::StatusOr<Model> Read() {
    if (message_.magic() != kModelMagic) {
      return absl::InvalidArgumentError(
          absl::StrCat("magic is ", Quoted(message_.magic()), ": expected ",
                       Quoted(kModelMagic)));
    }
    RETURN_IF_ERROR(CheckFormatVersion(message_.format_version()));
    RETURN_IF_ERROR(CheckFieldsOfVersion());
    RETURN_IF_ERROR(CheckFreeFields(message_));
    RETURN_IF_ERROR(CheckAttributes(message_.graph()));
    Model model;
    ASSIGN_OR_RETURN(model.graph, ReadGraph());
    RETURN_IF_ERROR(ReadValues(&model));
    for (size_t i = 0; i < used_.size(); ++i) {
      if (!used_[i]) {
        return absl::InvalidArgumentError(
            absl::StrCat("entry ", i, " of tensor_data belongs to no tensor"));
      }
    }
    RETURN_IF_ERROR(ReadDomains(&model));
    for (const v1::HistoryEntry& entry : message_.history()) {
      model.history.push_back(ReadHistory(entry));
    }
    RETURN_IF_ERROR(ValidateValues(model.graph, value_types_));
    RETURN_IF_ERROR(ValidateDomains(model));
    model.class_names.assign(message_.class_names().begin(),
                             message_.class_names().end());
    RETURN_IF_ERROR(ValidateClassNames(model.class_names, model.graph));
    model.producer = message_.producer();
    return model;
  }

 private:
  // Each version has its own fields, so that a model has one file.
  absl::Status CheckFieldsOfVersion() const {
    if (message_.format_version() >= 2 && !message_.has_weights()) {
      return absl::InvalidArgumentError(
          "has format version 2 and no file of weights: expected version 1");
    }
    if (message_.format_version() == 1 && message_.has_weights()) {
      return absl::InvalidArgumentError(
          "field 9 of Model is unknown in format version 1");
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Graph> ReadGraph() {
    const v1::Graph& graph = message_.graph();
    for (int i = 0; i < graph.nodes_size(); ++i) {
      RETURN_IF_ERROR(ReadNode(i, graph.nodes(i)));
    }
    for (const v1::Output& output : graph.outputs()) {
      absl::StatusOr<Value> value = FindValue(output.node(), "it");
      if (!value.ok()) {
        return Annotate(value.status(),
                        absl::StrCat("output ", Quoted(output.name())));
      }
      builder_->Output(output.name(), *value);
    }
    for (const v1::Update& update : graph.updates()) {
      absl::StatusOr<Value> leaf = FindValue(update.leaf(), "the leaf");
      if (!leaf.ok()) return Annotate(leaf.status(), "update");
      absl::StatusOr<Value> value = FindValue(update.value(), "the new value");
      if (!value.ok()) return Annotate(value.status(), "update");
      builder_->Update(*leaf, *value);
    }
    google::protobuf::RepeatedPtrField<v1::Node>().Swap(
        message_.mutable_graph()->mutable_nodes());
    absl::StatusOr<Graph> built = builder_->Build();
    builder_.reset();
    return built;
  }

  // A node that is there already; `what` says what names it.
  absl::StatusOr<Value> FindValue(int32_t id, absl::string_view what) {
    const int32_t past = builder_->num_nodes() + (PlantedBug(6) ? 1 : 0);
    if (id >= 0 && id < past) return builder_->value(id);
    return absl::InvalidArgumentError(
        absl::StrCat(what, " is node ", id, ": expected one of the ",
                     builder_->num_nodes(), " before it"));
  }

  absl::Status ReadNode(int index, const v1::Node& node) {
    if (node.name().empty()) {
      return absl::InvalidArgumentError(
          absl::StrCat("node ", index, " has no name"));
    }
    const auto annotate = [&node](const absl::Status& status) {
      return Annotate(
          status, absl::StrCat("node ", Quoted(node.name()), " (",
                               absl::CEscape(node.kind().substr(0, 80)), ")"));
    };
    Attributes attributes;
    for (const v1::Attribute& attribute : node.attributes()) {
      absl::StatusOr<AttributeValue> value = ReadAttribute(attribute);
      if (!value.ok()) {
        return annotate(
            Annotate(value.status(),
                     absl::StrCat("attribute ", Quoted(attribute.name()))));
      }
      attributes.push_back({attribute.name(), *std::move(value)});
    }
    absl::StatusOr<OpPtr> op = ops_.Make(node.kind(), attributes);
    if (!op.ok()) return annotate(op.status());
    std::vector<Value> inputs;
    for (int i = 0; i < node.inputs_size(); ++i) {
      absl::StatusOr<Value> input =
          FindValue(node.inputs(i), absl::StrCat("input ", i));
      if (!input.ok()) return annotate(input.status());
      inputs.push_back(*input);
    }
    builder_->AddNode(*std::move(op), inputs, node.name());
    return builder_->status();
  }

  absl::StatusOr<AttributeValue> ReadAttribute(const v1::Attribute& attribute) {
    switch (attribute.value_case()) {
      case v1::Attribute::kBoolValue:
        return AttributeValue(attribute.bool_value());
      case v1::Attribute::kIntValue:
        return AttributeValue(int64_t{attribute.int_value()});
      case v1::Attribute::kFloatValue:
        return AttributeValue(attribute.float_value());
      case v1::Attribute::kStringValue:
        return AttributeValue(attribute.string_value());
      case v1::Attribute::kIntList: {
        const auto& values = attribute.int_list().values();
        return AttributeValue(
            std::vector<int64_t>(values.begin(), values.end()));
      }
      case v1::Attribute::kTensor: {
        ASSIGN_OR_RETURN(Tensor tensor, ReadTensor(attribute.tensor()));
        return AttributeValue(std::move(tensor));
      }
      case v1::Attribute::VALUE_NOT_SET:
        break;
    }
    return absl::InvalidArgumentError("has no value");
  }

  static absl::StatusOr<TensorType> ReadType(const v1::Tensor& message) {
    if (message.dtype() != v1::F32 && message.dtype() != v1::I32) {
      return absl::InvalidArgumentError(
          absl::StrCat("data type ", static_cast<int>(message.dtype()),
                       " of a tensor: ", "expected 1 (F32) or 2 (I32)"));
    }
    const Shape shape(absl::MakeConstSpan(message.dims()));
    RETURN_IF_ERROR(shape.Validate());
    if (shape.has_symbolic_batch()) {
      return absl::InvalidArgumentError("dimension 0 of a tensor is -1");
    }
    return TensorType{
        message.dtype() == v1::F32 ? DataType::kF32 : DataType::kI32, shape};
  }

  // Of tensor_data, and marks it.
  absl::Status CheckEntry(const v1::Tensor& message, const Shape& shape) {
    if (message.has_offset()) {
      return absl::InvalidArgumentError(
          "a tensor names a place in a file of weights: expected an entry of "
          "tensor_data");
    }
    const uint32_t data = message.data();
    const size_t entries = sources_.entries->size();
    if (data >= entries && !PlantedBug(5)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "a tensor names entry ", data, " of tensor_data: it has ", entries));
    }
    if (used_[data]) {
      return absl::InvalidArgumentError(
          absl::StrCat("two tensors name entry ", data, " of tensor_data"));
    }
    used_[data] = true;
    const size_t bytes = sources_.entries->bytes(data);
    // At most 2^40 elements, so this does not overflow.
    if (static_cast<int64_t>(bytes) != shape.num_elements() * 4 &&
        !PlantedBug(4)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a tensor of shape ", shape.ToString(), " has ", bytes,
                       " bytes: expected ", shape.num_elements() * 4));
    }
    return absl::OkStatus();
  }

  absl::StatusOr<Tensor> ReadTensor(const v1::Tensor& message) {
    ASSIGN_OR_RETURN(const TensorType type, ReadType(message));
    RETURN_IF_ERROR(CheckEntry(message, type.shape));
    return sources_.entries->Take(message.data(), type.dtype, type.shape,
                                  sources_.file);
  }

  // Null if values are not read.
  absl::Status ReadValue(const v1::Tensor& message, const TensorType& type,
                         absl::optional<Tensor>* value) {
    if (sources_.weights == nullptr) {
      RETURN_IF_ERROR(CheckEntry(message, type.shape));
      if (!sources_.read_values) return absl::OkStatus();
      ASSIGN_OR_RETURN(
          *value, sources_.entries->Take(message.data(), type.dtype, type.shape,
                                         sources_.file));
      return absl::OkStatus();
    }
    if (!message.has_offset() || message.data() != 0) {
      return absl::InvalidArgumentError(
          "names an entry of tensor_data: expected a place in the file of "
          "weights");
    }
    const auto bytes = static_cast<size_t>(type.shape.num_elements()) * 4;
    if (!sources_.read_values) {
      return sources_.weights->Read(message.offset(), nullptr, bytes);
    }
    // Before memory is asked for that only the model speaks of.
    RETURN_IF_ERROR(sources_.weights->Check(message.offset(), bytes));
    AlignedBytes elements = AllocateUnset(bytes);
    RETURN_IF_ERROR(sources_.weights->Read(
        message.offset(), reinterpret_cast<char*>(elements.get()), bytes));
    value->emplace(type.dtype, type.shape, std::move(elements));
    return absl::OkStatus();
  }

  absl::Status ReadValues(Model* model) {
    for (const v1::Variable& variable : message_.values()) {
      const auto annotate = [&variable](const absl::Status& status) {
        return Annotate(status,
                        absl::StrCat("value of ", Quoted(variable.leaf())));
      };
      const absl::StatusOr<TensorType> type = ReadType(variable.value());
      if (!type.ok()) return annotate(type.status());
      if (!value_types_.emplace(variable.leaf(), *type).second) {
        return annotate(absl::InvalidArgumentError("stands twice"));
      }
      absl::optional<Tensor> value;
      const absl::Status read = ReadValue(variable.value(), *type, &value);
      if (!read.ok()) return annotate(read);
      if (value.has_value()) {
        model->values.emplace(variable.leaf(), *std::move(value));
      }
    }
    if (sources_.weights == nullptr) return absl::OkStatus();
    return sources_.weights->Finish();
  }

  absl::Status ReadDomains(Model* model) {
    for (const v1::InputDomain& message : message_.domains()) {
      InputDomain domain;
      domain.lower.assign(message.lower().begin(), message.lower().end());
      domain.upper.assign(message.upper().begin(), message.upper().end());
      if (!model->domains.emplace(message.input(), std::move(domain)).second) {
        return absl::InvalidArgumentError(absl::StrCat(
            "domain of ", Quoted(message.input()), " stands twice"));
      }
    }
    return absl::OkStatus();
  }

  v1::Model& message_;
  const TensorSources& sources_;
  std::vector<bool> used_;
  std::map<std::string, TensorType> value_types_;
  const OpTable& ops_;
  std::unique_ptr<GraphBuilder> builder_;  // until it gave the graph
};

}  // namespace

absl::Status CheckFormatVersion(uint64_t version) {
  if (version >= 1 && version <= kModelFormatVersion) return absl::OkStatus();
  const std::string message =
      absl::StrCat("has format version ", version, ": this program reads 1 to ",
                   kModelFormatVersion);
  if (version == 0) return absl::InvalidArgumentError(message);
  return absl::UnimplementedError(message);
}

HistoryEntry ReadHistory(const v1::HistoryEntry& message) {
  HistoryEntry entry;
  entry.action = message.action();
  entry.grade = message.grade();
  entry.reason = message.reason();
  for (const v1::HistoryEntry::Layer& row : message.layers()) {
    HistoryEntry::Layer layer;
    layer.node = row.node();
    layer.units_before = row.units_before();
    layer.removed.assign(row.removed().begin(), row.removed().end());
    entry.layers.push_back(std::move(layer));
  }
  return entry;
}

absl::Status CheckStructure(const Model& model) {
  if (model.graph.num_nodes() == 0) {
    return absl::InvalidArgumentError("the model has no graph");
  }
  RETURN_IF_ERROR(ValidateDomains(model));
  RETURN_IF_ERROR(ValidateClassNames(model.class_names, model.graph));
  return CheckFreeFields(Writer::WriteFacts(model));
}

absl::Status CheckModel(const Model& model) {
  RETURN_IF_ERROR(CheckStructure(model));
  return ValidateValues(model);
}

absl::StatusOr<ModelMessage> ToMessage(const Model& model) {
  RETURN_IF_ERROR(CheckModel(model));
  ModelMessage message = Writer().Write(model);
  RETURN_IF_ERROR(CheckAttributes(message.message.graph()));
  return message;
}

absl::StatusOr<Model> FromMessage(v1::Model* message,
                                  const TensorSources& sources,
                                  const OpTable& ops) {
  return Reader(*message, sources, ops).Read();
}

}  // namespace espalier
