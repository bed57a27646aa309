#include "serialization/model_memory.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "graph/builder.h"
#include "graph/graph.h"
#include "graph/leaves.h"
#include "graph/model.h"
#include "graph/op.h"
#include "graph/status_macros.h"
#include "graph/tensor.h"

namespace espalier {
namespace {

// An op without its attributes, shared.
constexpr int64_t kOp = HeapBytes(40);
// What a map in order adds to its element.
constexpr int64_t kMapNode = 48;
// The elements of a tensor, or of none, are aligned.
constexpr int64_t kAligned = HeapBytes(2 * kTensorAlignment);

// In the op, as it is or as what was made of it.
int64_t OfAttribute(const v1::Attribute& attribute) {
  switch (attribute.value_case()) {
    case v1::Attribute::kStringValue:
      return int64_t{sizeof(std::string)} +
             HeapBytesOf(attribute.string_value());
    case v1::Attribute::kIntList:
      return int64_t{sizeof(Shape)} +
             HeapBytes(int64_t{8} * attribute.int_list().values_size());
    case v1::Attribute::kTensor:
      return int64_t{sizeof(Tensor)} + kAligned;
    default:
      return sizeof(int64_t);
  }
}

int64_t OfBuilderNode(const v1::Node& node) {
  int64_t bytes = MemoryOfBuilderNode(node.name(), node.inputs_size());
  for (const v1::Attribute& attribute : node.attributes()) {
    bytes += OfAttribute(attribute);
  }
  return bytes;
}

int64_t OfGraphNode(const v1::Node& node) {
  return MemoryOfGraphNode(node.name(), node.inputs_size());
}

// At least, in the message. Not what that says of itself, which depends on how
// it was made.
int64_t OfMessage(const v1::Node& node) {
  constexpr int64_t kString = HeapBytes(sizeof(std::string));
  return HeapBytes(sizeof(node)) + 2 * kString +
         (HeapBytes(sizeof(v1::Attribute)) + kString) * node.attributes_size();
}

// Only while the node is made.
int64_t WhileMade(const v1::Node& node) {
  constexpr int64_t kInput = sizeof(Value) + sizeof(TensorType);
  int64_t bytes = ListBytes(kInput) * node.inputs_size() +
                  ListBytes(sizeof(Attribute)) * node.attributes_size();
  for (const v1::Attribute& attribute : node.attributes()) {
    bytes += OfAttribute(attribute) + HeapBytesOf(attribute.name());
  }
  return bytes;
}

int64_t OfValue(const v1::Variable& variable) {
  constexpr int64_t kTwoMaps = 2 * HeapBytes(kMapNode + sizeof(std::string));
  return kTwoMaps + int64_t{sizeof(TensorType) + sizeof(Tensor)} + kAligned +
         2 * HeapBytesOf(variable.leaf());
}

int64_t OfOutput(const v1::Output& output) {
  return ListBytes(sizeof(GraphOutput)) + int64_t{sizeof(GraphOutput)} +
         HashBytes(sizeof(std::string)) + 3 * HeapBytesOf(output.name());
}

int64_t OfDomain(const v1::InputDomain& domain) {
  return HeapBytes(kMapNode + sizeof(std::string) + sizeof(InputDomain)) +
         HeapBytesOf(domain.input()) + 2 * HeapBytes(0) +
         int64_t{4} * (domain.lower_size() + domain.upper_size());
}

int64_t OfEntry(const v1::HistoryEntry& entry) {
  int64_t bytes = ListBytes(sizeof(HistoryEntry)) +
                  HeapBytesOf(entry.action()) + HeapBytesOf(entry.grade()) +
                  HeapBytesOf(entry.reason());
  for (const v1::HistoryEntry::Layer& layer : entry.layers()) {
    bytes += ListBytes(sizeof(HistoryEntry::Layer)) +
             HeapBytesOf(layer.node()) +
             HeapBytes(int64_t{8} * layer.removed_size());
  }
  return bytes;
}

template <typename List, typename Bytes>
int64_t Sum(const List& list, Bytes bytes) {
  int64_t sum = 0;
  for (const auto& element : list) sum += bytes(element);
  return sum;
}

}  // namespace

absl::Status ScanModel(absl::string_view structure, const ModelFileSize& size,
                       const WireLimits& limits, MemoryBudget* budget) {
  constexpr int64_t kEntry = 24;
  // Twice: as a string that grew; tensors that are small, or copied.
  const auto held = 2 * static_cast<int64_t>(structure.size());
  RETURN_IF_ERROR(
      budget->Charge(held + 2 * size.tensor_bytes + kEntry * size.tensors));
  RETURN_IF_ERROR(
      ScanWire(structure, *v1::Model::descriptor(), limits, budget));
  budget->GiveBack(held);
  return absl::OkStatus();
}

int64_t MemoryOfBuilderNode(absl::string_view name, int64_t inputs) {
  return kOp + DequeBytes(sizeof(Node)) + 2 * HeapBytesOf(name) +
         GrownListBytes(inputs, sizeof(NodeId));
}

int64_t MemoryOfGraphNode(absl::string_view name, int64_t inputs) {
  return DequeBytes(sizeof(Node)) + HeapBytesOf(name) +
         (inputs == 0 ? 0 : HeapBytes(int64_t{sizeof(NodeId)} * inputs));
}

int64_t MemoryOfNames(int64_t nodes) {
  return HashTableBytes(nodes, sizeof(std::pair<std::string, NodeId>));
}

int64_t MemoryOfAttributes(const Op& op) {
  // Not asked for: the attribute of a constant is a copy of its elements.
  constexpr int64_t kLeaf = sizeof(TensorType) + sizeof(Tensor);
  if (AsLeaf(op).has_value()) return kLeaf;
  int64_t bytes = 0;
  for (const Attribute& attribute : op.attributes()) {
    bytes += sizeof(int64_t);
    const auto* const list =
        absl::get_if<std::vector<int64_t>>(&attribute.value);
    if (list == nullptr) continue;
    bytes += int64_t{sizeof(Shape)} +
             HeapBytes(int64_t{8} * static_cast<int64_t>(list->size()));
  }
  return bytes;
}

absl::Status ChargeModel(const v1::Model& message, MemoryBudget* budget) {
  const v1::Graph& graph = message.graph();
  int64_t while_made = 0;
  for (const v1::Node& node : graph.nodes()) {
    while_made = std::max(while_made, WhileMade(node));
  }
  constexpr int64_t kUpdate =
      ListBytes(sizeof(GraphUpdate)) + HashBytes(sizeof(NodeId));
  const int64_t names = MemoryOfNames(graph.nodes_size());
  const int64_t builder = Sum(graph.nodes(), OfBuilderNode) +
                          Sum(graph.outputs(), OfOutput) +
                          kUpdate * graph.updates_size();
  // While the table of names grows, the one before it is there too.
  RETURN_IF_ERROR(budget->Charge(builder + names + names / 2 + while_made));
  budget->GiveBack(names / 2 + while_made + Sum(graph.nodes(), OfMessage));
  // Ops and names stay where they are.
  constexpr int64_t kCopied = sizeof(GraphOutput) + 2 * sizeof(NodeId);
  const int64_t copied =
      Sum(graph.nodes(), OfGraphNode) +
      kCopied * (graph.outputs_size() + graph.updates_size());
  RETURN_IF_ERROR(budget->Charge(copied));
  budget->GiveBack(copied);
  constexpr int64_t kClassName =
      int64_t{sizeof(std::string)} + HashBytes(sizeof(absl::string_view));
  return budget->Charge(Sum(message.values(), OfValue) +
                        Sum(message.domains(), OfDomain) +
                        Sum(message.history(), OfEntry) +
                        Sum(message.class_names(), [](const std::string& name) {
                          return kClassName + HeapBytesOf(name);
                        }));
}

}  // namespace espalier
