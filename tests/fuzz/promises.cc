#include "tests/fuzz/promises.h"

#include <google/protobuf/unknown_field_set.h>

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <set>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "ops/registry.h"
#include "serialization/model_codec.h"

namespace espalier {
namespace {

using ::google::protobuf::Descriptor;
using ::google::protobuf::FieldDescriptor;
using ::google::protobuf::UnknownField;
using ::google::protobuf::UnknownFieldSet;

void RequireShape(const Shape& shape) {
  Require(shape.rank() <= kMaxRank, "rank within its limit");
  double elements = 1;  // exact where it matters
  for (int i = 0; i < shape.rank(); ++i) {
    const int64_t dim = shape.dim(i);
    if (i == 0 && dim == kBatch) continue;
    Require(dim >= 0 && dim <= kMaxDimension, "dimension within its limits");
    if (dim > 0) elements *= static_cast<double>(dim);
  }
  Require(elements <= static_cast<double>(kMaxElements),
          "elements within their limit");
}

UnknownField::Type WireTypeOf(const FieldDescriptor& field) {
  switch (field.type()) {
    case FieldDescriptor::TYPE_FLOAT:
    case FieldDescriptor::TYPE_FIXED32:
    case FieldDescriptor::TYPE_SFIXED32:
      return UnknownField::TYPE_FIXED32;
    case FieldDescriptor::TYPE_DOUBLE:
    case FieldDescriptor::TYPE_FIXED64:
    case FieldDescriptor::TYPE_SFIXED64:
      return UnknownField::TYPE_FIXED64;
    case FieldDescriptor::TYPE_STRING:
    case FieldDescriptor::TYPE_BYTES:
    case FieldDescriptor::TYPE_MESSAGE:
      return UnknownField::TYPE_LENGTH_DELIMITED;
    default:
      return UnknownField::TYPE_VARINT;
  }
}

}  // namespace

void Require(bool kept, absl::string_view promise) {
  if (kept) return;
  std::fprintf(stderr, "broken promise: %s\n", std::string(promise).c_str());
  std::abort();
}

void RequireRefusal(const absl::Status& status) {
  Require(!status.ok() && status.code() != absl::StatusCode::kInternal &&
              status.code() != absl::StatusCode::kUnknown,
          absl::StrCat("a refusal for a reason: ", status.ToString()));
  for (const char c : status.message()) {
    Require(static_cast<unsigned char>(c) >= 0x20 || c == '\n',
            absl::StrCat("no control character in an error: ",
                         absl::CEscape(status.message())));
  }
}

void RequireGraph(const Graph& graph) {
  std::set<std::string> names;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    Require(names.insert(node.name).second, "names of nodes are unique");
    Require(graph.Find(node.name) == id, "a node is found by its name");
    for (NodeId input : node.inputs) {
      Require(input >= 0 && input < id, "inputs come before their readers");
    }
    RequireShape(node.type.shape);
  }
  std::set<std::string> outputs;
  for (const GraphOutput& output : graph.outputs()) {
    Require(outputs.insert(output.name).second, "names of outputs are unique");
    Require(output.node >= 0 && output.node < graph.num_nodes(),
            "an output is a node");
  }
  std::set<NodeId> updated;
  for (const GraphUpdate& update : graph.updates()) {
    Require(updated.insert(update.leaf).second, "a leaf has one update");
    Require(LeafInitializer(*graph.node(update.leaf).op) != nullptr,
            "parameters and states are updated");
    Require(graph.node(update.leaf).type == graph.node(update.value).type,
            "an update has the type of its leaf");
  }
  Require(!outputs.empty() || !updated.empty(), "a graph has a result");
}

void RequireModel(const Model& model) {
  RequireGraph(model.graph);
  size_t variables = 0;
  for (const Node& node : model.graph.nodes()) {
    if (LeafInitializer(*node.op) == nullptr) continue;
    const auto value = model.values.find(node.name);
    Require(value != model.values.end(), "a leaf has a value");
    Require(value->second.type() == node.type, "of its type");
    ++variables;
  }
  Require(model.values.size() == variables, "a value has a leaf");
  for (const auto& [name, domain] : model.domains) {
    const NodeId id = model.graph.Find(name);
    Require(id != kNoNode, "a domain has an input");
    const auto size = static_cast<size_t>(
        model.graph.node(id).type.shape.num_elements_per_sample());
    Require(domain.lower.size() == size && domain.upper.size() == size,
            "a domain has a pair for each element");
    for (size_t i = 0; i < size; ++i) {
      Require(std::isfinite(domain.lower[i]) &&
                  std::isfinite(domain.upper[i]) &&
                  domain.lower[i] <= domain.upper[i],
              "ends of a domain are finite and in order");
    }
  }
  const std::set<std::string> classes(model.class_names.begin(),
                                      model.class_names.end());
  Require(classes.size() == model.class_names.size(), "class names are unique");
  for (const HistoryEntry& entry : model.history) {
    for (const HistoryEntry::Layer& layer : entry.layers) {
      int64_t least = 0;
      for (const int64_t unit : layer.removed) {
        Require(unit >= least && unit < layer.units_before,
                "removed units are in order");
        least = unit + 1;
      }
    }
  }
}

void RequireWireForm(absl::string_view bytes, const Descriptor& type,
                     bool unknown_fields) {
  UnknownFieldSet fields;
  Require(fields.ParseFromArray(bytes.data(), static_cast<int>(bytes.size())),
          "what is accepted is a message");
  std::map<int, int> seen;
  std::map<const void*, int> chosen;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& found = fields.field(i);
    const FieldDescriptor* field = type.FindFieldByNumber(found.number());
    if (field == nullptr) {
      Require(unknown_fields, "every field is known");
      continue;
    }
    const bool packed = field->is_packable() &&
                        found.type() == UnknownField::TYPE_LENGTH_DELIMITED;
    Require(packed || found.type() == WireTypeOf(*field),
            "a field has its wire type");
    if (!field->is_repeated()) {
      Require(++seen[field->number()] == 1, "a singular field stands once");
      if (field->containing_oneof() != nullptr) {
        Require(++chosen[field->containing_oneof()] == 1,
                "one of a oneof is set");
      }
    }
    if (field->type() == FieldDescriptor::TYPE_MESSAGE) {
      RequireWireForm(found.length_delimited(), *field->message_type(),
                      unknown_fields);
    }
  }
}

void RequireRoundTrips(const Model& model) {
  const absl::StatusOr<std::string> bytes = EncodeModel(model);
  Require(bytes.ok(), absl::StrCat("what is accepted can be saved: ",
                                   bytes.status().ToString()));
  const absl::StatusOr<Model> again = DecodeModel(*bytes, StandardOps());
  Require(again.ok(), absl::StrCat("what is saved can be loaded: ",
                                   again.status().ToString()));
  const absl::StatusOr<std::string> second = EncodeModel(*again);
  Require(second.ok() && *second == *bytes, "saved again to the same bytes");

  const absl::StatusOr<std::string> text = EncodeModelText(model);
  Require(text.ok(), absl::StrCat("what is accepted can be saved as text: ",
                                  text.status().ToString()));
  const absl::StatusOr<Model> read = DecodeModelText(*text, StandardOps());
  Require(read.ok(), absl::StrCat("what is saved as text can be loaded: ",
                                  read.status().ToString()));
  const absl::StatusOr<std::string> third = EncodeModel(*read);
  Require(third.ok() && *third == *bytes, "text holds the same model");
}

}  // namespace espalier
