#include "tests/random_graphs/test_graph.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/leaves.h"

namespace espalier {
namespace {

// Beyond it results are said to be not finite.
constexpr double kModerate = 1e18;

// FNV-1a: the same in every run, as absl::Hash is not.
uint64_t Hash(absl::string_view text) {
  uint64_t hash = 0xcbf29ce484222325u;
  for (char c : text) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  return hash;
}

}  // namespace

TestRandom RandomFor(uint64_t seed, absl::string_view purpose,
                     uint64_t number) {
  return TestRandom(Hash(absl::StrCat(seed, "/", purpose, "/", number)));
}

DoubleTensor DrawLeaf(const Node& node, const LeafRange* range,
                      const Shape& shape, uint64_t seed, uint64_t round) {
  if (range == nullptr) {
    const Initializer* initializer = LeafInitializer(*node.op);
    return DoubleTensor(initializer->Draw({node.type.dtype, shape}, seed, 0));
  }
  TestRandom random = RandomFor(seed, node.name, round);
  return node.type.dtype == DataType::kI32
             ? random.Integers(shape, range->classes)
             : random.Tensor(shape, range->low, range->high);
}

LeafValues DrawLeaves(const TestGraph& test, int64_t batch, uint64_t round) {
  LeafValues leaves;
  const Graph& graph = test.graph;
  for (const auto& ids : {graph.inputs(), graph.parameters(), graph.states()}) {
    for (NodeId id : ids) {
      const Node& node = graph.node(id);
      const auto range = test.ranges.find(node.name);
      leaves[node.name] =
          DrawLeaf(node, range == test.ranges.end() ? nullptr : &range->second,
                   node.type.shape.Bind(batch), test.seed, round);
    }
  }
  return leaves;
}

double DrawExtreme(TestRandom& random) {
  static constexpr float kSizes[] = {
      0,         1,         1 + 0x1p-23f, 0.5f,
      3,         6,         88.7f,        104,
      0x1p24f,   0x1p-24f,  1e36f,        1e-36f,
      0x1p64f,   0x1p-63f,  0x1p-126f,    0x1p-127f,
      0x1p-140f, 0x1p-149f, 0x1p127f,     std::numeric_limits<float>::max()};
  const double size = kSizes[random.Below(std::size(kSizes))];
  return random.Below(2) == 0 ? size : -size;
}

void MakeExtreme(const Graph& graph, LeafValues& leaves, TestRandom& random) {
  for (auto& [name, values] : leaves) {
    if (graph.node(graph.Find(name)).type.dtype != DataType::kF32) continue;
    for (int64_t i = 0; i < values.num_elements(); ++i) {
      if (random.Below(2) == 0) values[i] = DrawExtreme(random);
    }
  }
}

int64_t BatchOf(const Graph& graph, const LeafValues& leaves) {
  for (NodeId id : graph.inputs()) {
    const Node& node = graph.node(id);
    if (node.type.shape.has_symbolic_batch()) {
      return leaves.at(node.name).shape().dim(0);
    }
  }
  return 1;
}

std::vector<DoubleTensor> InterpretWith(const Graph& graph,
                                        const LeafValues& leaves,
                                        const ChangeResult& change) {
  const int64_t batch = BatchOf(graph, leaves);
  std::vector<DoubleTensor> nodes;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    const absl::optional<LeafKind> leaf = AsLeaf(*node.op);
    if (leaf.has_value() && leaf != LeafKind::kConstant) {
      nodes.push_back(leaves.at(node.name));
      continue;
    }
    std::vector<const DoubleTensor*> inputs;
    for (NodeId input : node.inputs) {
      inputs.push_back(&nodes[static_cast<size_t>(input)]);
    }
    DoubleTensor result =
        node.op->Evaluate(inputs, node.type.shape.Bind(batch));
    change(id, inputs, result);
    nodes.push_back(std::move(result));
  }
  return nodes;
}

bool StopsGradient(const Node& node) {
  return node.op->kind() == "stop_gradient";
}

LeafValues ResultsOf(const Graph& graph,
                     const std::vector<DoubleTensor>& nodes) {
  LeafValues results;
  for (const GraphOutput& output : graph.outputs()) {
    results[output.name] = nodes[static_cast<size_t>(output.node)];
  }
  for (const GraphUpdate& update : graph.updates()) {
    results[absl::StrCat("update ", graph.node(update.leaf).name)] =
        nodes[static_cast<size_t>(update.value)];
  }
  return results;
}

bool AllModerate(const DoubleTensor& tensor) {
  return std::all_of(tensor.values().begin(), tensor.values().end(),
                     [](double x) { return std::fabs(x) < kModerate; });
}

}  // namespace espalier
