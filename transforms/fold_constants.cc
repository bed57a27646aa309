#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "graph/double_tensor.h"
#include "graph/interpreter.h"
#include "graph/status_macros.h"
#include "transforms/passes.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

// Below this a result may be larger than what it is made of.
constexpr int64_t kSmallElements = 65536;

// Values of the nodes that are constants or made of them, not rounded.
using KnownValues = std::map<NodeId, DoubleTensor>;

bool IsFoldable(const Node& node, const KnownValues& known) {
  if (node.inputs.empty() || node.type.dtype != DataType::kF32 ||
      node.type.shape.has_symbolic_batch()) {
    return false;
  }
  int64_t input_elements = 0;
  for (NodeId input : node.inputs) {
    const auto found = known.find(input);
    if (found == known.end()) return false;
    input_elements += found->second.num_elements();
  }
  const int64_t elements = node.type.shape.num_elements();
  return elements <= kSmallElements || elements <= input_elements;
}

absl::StatusOr<DoubleTensor> Evaluate(const Node& node,
                                      const KnownValues& known) {
  std::vector<const DoubleTensor*> inputs;
  for (NodeId input : node.inputs) inputs.push_back(&known.at(input));
  return EvaluateNode(node, inputs, node.type.shape);
}

// It may stand for what is an error of a run, such as an index out of range.
bool HasNan(const DoubleTensor& value) {
  return std::any_of(value.values().begin(), value.values().end(),
                     [](double x) { return std::isnan(x); });
}

}  // namespace

absl::StatusOr<Graph> FoldConstants(const Graph& graph) {
  Rewriter rewriter(graph);
  KnownValues known;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    if (const Tensor* constant = ConstantValue(*node.op)) {
      known.emplace(id, DoubleTensor(*constant));
    } else if (IsFoldable(node, known)) {
      ASSIGN_OR_RETURN(DoubleTensor value, Evaluate(node, known));
      if (!HasNan(value)) {
        rewriter.Replace(
            id, rewriter.builder().Constant(value.ToTensor(), node.name));
        known.emplace(id, std::move(value));
        continue;
      }
    }
    rewriter.Copy(id);
  }
  return std::move(rewriter).Finish();
}

}  // namespace espalier
