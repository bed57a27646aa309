#include "serialization/model_memory.h"

#include <algorithm>
#include <string>

#include "graph/builder.h"
#include "graph/graph.h"
#include "graph/model.h"
#include "graph/op.h"
#include "graph/status_macros.h"
#include "graph/tensor.h"

namespace espalier {
namespace {

// An op without its attributes, shared.
constexpr int64_t kOp = 160;
// What a map in order adds to its element.
constexpr int64_t kMapNode = 48;
// The elements of a tensor, or of none, are aligned.
constexpr int64_t kAligned = HeapBytes(2 * kTensorAlignment);

int64_t OfAttribute(const v1::Attribute& attribute) {
  const auto& list = attribute.int_list().values();
  return int64_t{sizeof(Attribute)} + HeapBytesOf(attribute.name()) +
         2 * HeapBytesOf(attribute.string_value()) +
         2 * HeapBytes(int64_t{8} * list.size()) +
         (attribute.has_tensor() ? 2 * kAligned : 0);
}

int64_t OfNode(const v1::Node& node) {
  int64_t bytes = MemoryOfNode(node.name(), node.inputs_size());
  for (const v1::Attribute& attribute : node.attributes()) {
    bytes += OfAttribute(attribute);
  }
  return bytes;
}

// Only while the node is made.
int64_t WhileMade(const v1::Node& node) {
  constexpr int64_t kInput = sizeof(Value) + sizeof(TensorType);
  return ListBytes(kInput) * node.inputs_size() +
         ListBytes(sizeof(Attribute)) * node.attributes_size();
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

absl::StatusOr<MemoryBudget> ScanModel(absl::string_view structure,
                                       const ModelFileSize& size,
                                       const WireLimits& limits) {
  constexpr int64_t kEntry = 24;
  // Twice: as a string that grew; tensors that are small, or copied.
  const auto held = 2 * static_cast<int64_t>(structure.size());
  MemoryBudget budget(size.file);
  RETURN_IF_ERROR(
      budget.Charge(held + 2 * size.tensor_bytes + kEntry * size.tensors));
  WireLimits affordable = limits;
  affordable.memory = std::min(limits.memory, budget.left());
  ASSIGN_OR_RETURN(const int64_t parsed,
                   ScanWire(structure, *v1::Model::descriptor(), affordable));
  budget.GiveBack(held - parsed);
  return budget;
}

int64_t MemoryOfNode(absl::string_view name, int64_t inputs) {
  constexpr int64_t kIndex = HashBytes(sizeof(std::string) + sizeof(int64_t));
  return kOp + 2 * (int64_t{sizeof(Node)} + kIndex + 2 * HeapBytesOf(name) +
                    HeapBytes(int64_t{sizeof(NodeId)} * inputs));
}

int64_t MemoryOfModel(const v1::Model& message) {
  const v1::Graph& graph = message.graph();
  int64_t while_made = 0;
  for (const v1::Node& node : graph.nodes()) {
    while_made = std::max(while_made, WhileMade(node));
  }
  constexpr int64_t kUpdate = ListBytes(sizeof(GraphUpdate)) +
                              int64_t{sizeof(GraphUpdate)} +
                              HashBytes(sizeof(NodeId));
  constexpr int64_t kClassName =
      int64_t{sizeof(std::string)} + HashBytes(sizeof(absl::string_view));
  return while_made + Sum(graph.nodes(), OfNode) +
         Sum(graph.outputs(), OfOutput) + kUpdate * graph.updates_size() +
         Sum(message.values(), OfValue) + Sum(message.domains(), OfDomain) +
         Sum(message.history(), OfEntry) +
         Sum(message.class_names(), [](const std::string& name) {
           return kClassName + HeapBytesOf(name);
         });
}

}  // namespace espalier
