#include "transforms/fold_batch_norm.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "graph/leaves.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/normalization.h"
#include "transforms/passes.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

// A batch_normalize that can be folded.
struct Fold {
  NodeId normalize;
  NodeId layer;  // what it reads: the dense, matmul or sum
  NodeId weight;
  int axis;               // of the weight: that of the columns
  NodeId bias = kNoNode;  // kNoNode: there is none yet
};

class BatchNormFolder {
 public:
  explicit BatchNormFolder(const Model& model)
      : model_(model), graph_(model.graph), users_(model.graph.Users()) {
    for (const GraphOutput& output : graph_.outputs()) {
      needed_elsewhere_.insert(output.node);
    }
    for (const GraphUpdate& update : graph_.updates()) {
      needed_elsewhere_.insert(update.value);
      updated_.insert(update.leaf);
    }
  }

  absl::StatusOr<Model> Run() {
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const absl::optional<Fold> fold = FindFold(id);
      if (fold.has_value() && ComputeValues(*fold)) {
        layer_of_[fold->normalize] = *fold;
      }
    }
    if (layer_of_.empty()) return model_;
    return Rewrite();
  }

 private:
  // A leaf that stays as it is and that only `reader` reads, if there is one.
  bool IsFixedLeaf(NodeId id, NodeId reader = kNoNode) const {
    const absl::optional<LeafKind> leaf = AsLeaf(*graph_.node(id).op);
    if (!leaf.has_value() || leaf == LeafKind::kInput ||
        updated_.count(id) != 0) {
      return false;
    }
    return reader == kNoNode || IsReadOnlyBy(id, reader);
  }

  bool IsReadOnlyBy(NodeId id, NodeId reader) const {
    const std::vector<NodeId>& users = users_[static_cast<size_t>(id)];
    return users.size() == 1 && users[0] == reader &&
           needed_elsewhere_.count(id) == 0;
  }

  absl::optional<Fold> FindFold(NodeId id) const {
    const absl::optional<BatchNormalizeView> view =
        AsBatchNormalize(graph_.node(id));
    if (!view.has_value() || !IsReadOnlyBy(view->x, id)) return absl::nullopt;
    for (NodeId leaf : {view->mean, view->variance, view->scale, view->shift}) {
      if (!IsFixedLeaf(leaf)) return absl::nullopt;
    }
    Fold fold;
    fold.normalize = id;
    fold.layer = view->x;
    NodeId product = view->x;
    const Node& layer = graph_.node(fold.layer);
    if (AsBinary(layer) == BinaryKind::kAdd) {
      const bool bias_first = !AsMatMul(graph_.node(layer.inputs[0]));
      product = layer.inputs[bias_first ? 1 : 0];
      fold.bias = layer.inputs[bias_first ? 0 : 1];
      if (!IsReadOnlyBy(product, fold.layer)) return absl::nullopt;
    }
    const absl::optional<MatMulView> matmul = AsMatMul(graph_.node(product));
    // A bias that stretches the product would mix up its columns.
    if (!matmul.has_value() ||
        graph_.node(product).type.shape != layer.type.shape) {
      return absl::nullopt;
    }
    if (matmul->bias != kNoNode) {
      if (fold.bias != kNoNode) return absl::nullopt;
      fold.bias = matmul->bias;
    }
    fold.weight = matmul->b;
    fold.axis = matmul->transpose_b ? 0 : 1;
    if (!IsFixedLeaf(fold.weight, product)) return absl::nullopt;
    if (fold.bias != kNoNode) {
      const Shape& shape = graph_.node(fold.bias).type.shape;
      const int64_t columns = graph_.node(id).type.shape.dim(1);
      const NodeId reader = matmul->bias == fold.bias ? product : fold.layer;
      if (!IsFixedLeaf(fold.bias, reader) || shape.rank() == 0 ||
          shape.dim(shape.rank() - 1) != columns ||
          shape.num_elements() != columns) {
        return absl::nullopt;
      }
    }
    return fold;
  }

  const Tensor& LeafValue(NodeId id) const {
    const Node& node = graph_.node(id);
    const Tensor* constant = ConstantValue(*node.op);
    return constant != nullptr ? *constant : model_.values.at(node.name);
  }

  // Puts the new weight and bias into values_ and biases_. False, and nothing
  // put, if they are not finite.
  bool ComputeValues(const Fold& fold) {
    const BatchNormalizeView view =
        *AsBatchNormalize(graph_.node(fold.normalize));
    const auto mean = LeafValue(view.mean).data<float>();
    const auto variance = LeafValue(view.variance).data<float>();
    const auto scale = LeafValue(view.scale).data<float>();
    const auto shift = LeafValue(view.shift).data<float>();
    std::vector<double> factor(mean.size());
    for (size_t j = 0; j < factor.size(); ++j) {
      factor[j] = static_cast<double>(scale[j]) /
                  std::sqrt(static_cast<double>(variance[j]) +
                            static_cast<double>(view.epsilon));
    }
    Tensor weight = LeafValue(fold.weight);
    const absl::Span<float> weights = weight.data<float>();
    const auto rows_of = static_cast<size_t>(weight.shape().dim(1));
    for (size_t i = 0; i < weights.size(); ++i) {
      const size_t column = fold.axis == 0 ? i / rows_of : i % rows_of;
      weights[i] =
          static_cast<float>(static_cast<double>(weights[i]) * factor[column]);
    }
    Tensor bias = fold.bias == kNoNode
                      ? Tensor(DataType::kF32, LeafValue(view.shift).shape())
                      : LeafValue(fold.bias);
    const absl::Span<float> biases = bias.data<float>();
    for (size_t j = 0; j < factor.size(); ++j) {
      biases[j] = static_cast<float>(
          (static_cast<double>(biases[j]) - static_cast<double>(mean[j])) *
              factor[j] +
          static_cast<double>(shift[j]));
    }
    const auto finite = [](float x) { return std::isfinite(x); };
    if (!std::all_of(weights.begin(), weights.end(), finite) ||
        !std::all_of(biases.begin(), biases.end(), finite)) {
      return false;
    }
    values_[fold.weight] = std::move(weight);
    (fold.bias == kNoNode ? new_biases_[fold.normalize] : values_[fold.bias]) =
        std::move(bias);
    return true;
  }

  absl::StatusOr<Model> Rewrite() const {
    Model result = model_;
    Rewriter rewriter(graph_);
    for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
      const Node& node = graph_.node(id);
      const auto value = values_.find(id);
      const auto layer = layer_of_.find(id);
      if (value != values_.end() && ConstantValue(*node.op) != nullptr) {
        rewriter.Replace(id,
                         rewriter.builder().Constant(value->second, node.name));
        continue;
      }
      if (value != values_.end()) result.values[node.name] = value->second;
      if (layer == layer_of_.end()) {
        rewriter.Copy(id);
        continue;
      }
      const Value x = rewriter.Get(layer->second.layer);
      const auto bias = new_biases_.find(id);
      if (bias == new_biases_.end()) {
        rewriter.Replace(id, x);
        continue;
      }
      const std::string name = rewriter.UniqueName(node.name + "/bias");
      const Value parameter = rewriter.builder().Parameter(
          name, bias->second.shape(), Initializer::Zeros());
      result.values[name] = bias->second;
      rewriter.Replace(id, Add(x, parameter, node.name));
    }
    absl::StatusOr<Graph> graph = std::move(rewriter).Finish();
    if (!graph.ok()) return Annotate(graph.status(), "fold batch norm");
    result.graph = *std::move(graph);
    return RemoveDeadNodes(result);
  }

  const Model& model_;
  const Graph& graph_;
  const std::vector<std::vector<NodeId>> users_;
  std::set<NodeId> needed_elsewhere_;  // by an output or an update
  std::set<NodeId> updated_;
  std::map<NodeId, Fold> layer_of_;      // by batch_normalize
  std::map<NodeId, Tensor> values_;      // new ones of leaves
  std::map<NodeId, Tensor> new_biases_;  // by batch_normalize
};

}  // namespace

absl::StatusOr<Model> FoldBatchNorm(const Model& model) {
  RETURN_IF_ERROR(Validate(model));
  return BatchNormFolder(model).Run();
}

}  // namespace espalier
