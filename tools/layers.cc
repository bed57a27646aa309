#include "tools/layers.h"

#include "absl/container/flat_hash_set.h"
#include "ops/dense.h"

namespace espalier {
namespace tools {
namespace {

// Of a sample, in double: a product of checked sizes may pass 64 bits.
double FlopsOf(const Graph& graph, const Node& node) {
  const double elements =
      static_cast<double>(node.type.shape.num_elements_per_sample());
  const absl::optional<MatMulView> product = AsMatMul(node);
  if (!product.has_value()) return elements;
  const Shape a = graph.node(product->a).type.shape.Bind(1);
  const double inner = static_cast<double>(a.dim(product->transpose_a ? 0 : 1));
  return elements * (2 * inner + (product->bias == kNoNode ? 0 : 1));
}

}  // namespace

std::vector<InspectReport::Layer> LayersOf(const Graph& graph) {
  std::vector<InspectReport::Layer> layers;
  absl::flat_hash_set<NodeId> counted;
  for (const Node& node : graph.nodes()) {
    if (AsLeaf(*node.op).has_value()) continue;
    InspectReport::Layer layer;
    layer.name = node.name;
    layer.kind = std::string(node.op->kind());
    layer.shape = node.type.shape;
    for (const NodeId input : node.inputs) {
      const Node& leaf = graph.node(input);
      if (AsLeaf(*leaf.op) == LeafKind::kParameter &&
          counted.insert(input).second) {
        layer.parameters += leaf.type.shape.num_elements();
      }
    }
    layers.push_back(std::move(layer));
  }
  return layers;
}

double FlopsPerSample(const Graph& graph) {
  double flops = 0;
  for (const Node& node : graph.nodes()) {
    if (!AsLeaf(*node.op).has_value()) flops += FlopsOf(graph, node);
  }
  return flops;
}

}  // namespace tools
}  // namespace espalier
