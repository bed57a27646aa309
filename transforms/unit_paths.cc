#include "transforms/unit_paths.h"

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/normalization.h"
#include "ops/reshape.h"

namespace espalier {
namespace {

template <typename... Args>
absl::Status Refusal(const Args&... args) {
  return absl::FailedPreconditionError(absl::StrCat(args...));
}

absl::Status TooManyPassing() {
  return Refusal("its units pass through more than ", UnitPaths::kMostPassing,
                 " nodes");
}

// Whether surgery can reshape it: any leaf but an input (no state of an
// inference form has an update).
bool IsWeightLeaf(const Node& node) {
  const absl::optional<LeafKind> leaf = AsLeaf(*node.op);
  return leaf.has_value() && leaf != LeafKind::kInput;
}

absl::Status CheckWeightLeaf(const Node& weight, const Node& reader) {
  if (IsWeightLeaf(weight)) return absl::OkStatus();
  return Refusal("the weight of ", reader.ToString(), " is ", weight.ToString(),
                 ", neither parameter, state nor constant");
}

// Which operand of an elementwise op of two is a parameter or constant.
absl::optional<int> WeightLeafOperand(const Graph& graph, const Node& node) {
  for (int i : {0, 1}) {
    if (IsWeightLeaf(graph.node(node.inputs[static_cast<size_t>(i)]))) return i;
  }
  return absl::nullopt;
}

// Of a bias (or factor) applied to `shape`, which has the units in its last
// axis: nothing when one number serves all units.
absl::StatusOr<absl::optional<SlicedLeaf>> BiasSlices(const Graph& graph,
                                                      const SlicedLeaf& bias,
                                                      const Shape& shape) {
  const Node& node = graph.node(bias.leaf);
  const Shape& own = node.type.shape;
  if (graph.node(bias.reader).type.shape == shape) {
    if (own.num_elements() == 1) return absl::optional<SlicedLeaf>();
    const int last = own.rank() - 1;
    if (own.dim(last) == own.num_elements()) {
      return absl::optional<SlicedLeaf>({bias.leaf, last, bias.reader});
    }
  }
  return Refusal(node.ToString(), " of shape ", own.ToString(),
                 " does not hold one number per column of ", shape.ToString());
}

}  // namespace

UnitPaths::UnitPaths(const Graph& graph)
    : graph_(graph), users_(graph.Users()) {
  for (const GraphOutput& output : graph.outputs()) {
    outputs_.emplace(output.node, output.name);
  }
}

absl::Status UnitPaths::CheckNoOutput(NodeId id) const {
  const auto output = outputs_.find(id);
  if (output == outputs_.end()) return absl::OkStatus();
  return Refusal(graph_.node(id).ToString(), " is the output ",
                 Quoted(output->second));
}

absl::Status UnitPaths::CheckReaders(NodeId leaf,
                                     const std::set<NodeId>& readers) const {
  RETURN_IF_ERROR(CheckNoOutput(leaf));
  NodeId previous = kNoNode;
  for (NodeId user : users_[static_cast<size_t>(leaf)]) {
    if (readers.count(user) == 0) {
      return Refusal(graph_.node(leaf).ToString(), " is also read by ",
                     graph_.node(user).ToString());
    }
    if (user == previous) {
      return Refusal(graph_.node(leaf).ToString(), " is read twice by ",
                     graph_.node(user).ToString());
    }
    previous = user;
  }
  return absl::OkStatus();
}

absl::StatusOr<UnitProducer> UnitPaths::FindProducer(NodeId relu) const {
  UnitProducer producer;
  std::vector<SlicedLeaf> biases;
  NodeId user = relu;
  NodeId id = graph_.node(relu).inputs[0];
  for (size_t passed = 0;; ++passed) {
    if (passed > kMostPassing) return TooManyPassing();
    const Node& node = graph_.node(id);
    RETURN_IF_ERROR(CheckReaders(id, {user}));
    user = id;
    if (AsMatMul(node).has_value()) break;
    if (AsBinary(node).has_value()) {
      const absl::optional<int> bias = WeightLeafOperand(graph_, node);
      if (!bias.has_value()) {
        return Refusal("two branches meet in ", node.ToString());
      }
      biases.push_back({node.inputs[static_cast<size_t>(*bias)], 0, id});
      id = node.inputs[static_cast<size_t>(1 - *bias)];
    } else if (const auto norm = AsBatchNormalize(node)) {
      for (NodeId leaf :
           {norm->mean, norm->variance, norm->scale, norm->shift}) {
        biases.push_back({leaf, 0, id});
      }
      id = norm->x;
    } else if (IsReshape(node) || MapsZeroToZero(node)) {
      if (IsReshape(node)) producer.reshapes.push_back(id);
      if (IsRelu(node)) producer.relus.push_back(id);
      id = node.inputs[0];
    } else {
      return Refusal("its input comes from ", node.ToString(),
                     ", no dense or matmul");
    }
  }

  const Node& product = graph_.node(id);
  const MatMulView view = *AsMatMul(product);
  producer.node = id;
  producer.shape = product.type.shape;
  RETURN_IF_ERROR(CheckWeightLeaf(graph_.node(view.b), product));
  producer.leaves.push_back({view.b, view.transpose_b ? 0 : 1, id});
  if (view.bias != kNoNode) biases.push_back({view.bias, 0, id});
  for (const SlicedLeaf& bias : biases) {
    RETURN_IF_ERROR(CheckWeightLeaf(graph_.node(bias.leaf), product));
    ASSIGN_OR_RETURN(const absl::optional<SlicedLeaf> slices,
                     BiasSlices(graph_, bias, producer.shape));
    if (slices.has_value()) producer.leaves.push_back(*slices);
  }
  for (const SlicedLeaf& leaf : producer.leaves) {
    RETURN_IF_ERROR(CheckReaders(leaf.leaf, {leaf.reader}));
  }
  return producer;
}

absl::Status UnitPaths::AddConsumers(NodeId id, UnitConsumers& found,
                                     std::vector<NodeId>& passing) const {
  RETURN_IF_ERROR(CheckNoOutput(id));
  for (NodeId user : users_[static_cast<size_t>(id)]) {
    const Node& node = graph_.node(user);
    if (IsReshape(node) || MapsZeroToZero(node)) {
      if (IsReshape(node)) found.reshapes.push_back(user);
      if (IsRelu(node)) found.relus.push_back(user);
      passing.push_back(user);
      if (passing.size() > kMostPassing) return TooManyPassing();
      continue;
    }
    if (AsBinary(node).has_value() &&
        !WeightLeafOperand(graph_, node).has_value()) {
      return Refusal("two branches meet in ", node.ToString());
    }
    const absl::optional<MatMulView> view = AsMatMul(node);
    if (!view.has_value()) {
      return Refusal(node.ToString(), " reads its units, no dense or matmul");
    }
    if (view->a != id || view->b == id || view->bias == id ||
        view->transpose_a) {
      return Refusal(node.ToString(), " reads its units as something else ",
                     "than the columns of its first operand");
    }
    RETURN_IF_ERROR(CheckWeightLeaf(graph_.node(view->b), node));
    found.consumers.push_back({user,
                               graph_.node(id).type.shape,
                               {view->b, view->transpose_b ? 1 : 0, user}});
  }
  return absl::OkStatus();
}

absl::StatusOr<UnitConsumers> UnitPaths::FindConsumers(NodeId relu) const {
  UnitConsumers found;
  std::vector<NodeId> passing;
  RETURN_IF_ERROR(AddConsumers(relu, found, passing));
  for (size_t i = 0; i < passing.size(); ++i) {
    RETURN_IF_ERROR(AddConsumers(passing[i], found, passing));
  }
  return found;
}

}  // namespace espalier
