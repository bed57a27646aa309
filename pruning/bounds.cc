#include "pruning/bounds.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "ops/gates.h"
#include "ops/nan_by_overflow.h"
#include "ops/normalization.h"
#include "pruning/relus.h"

namespace espalier {
namespace {

constexpr double kLargestFloat = std::numeric_limits<float>::max();

IntervalTensor Fill(const Shape& shape, double lower, double upper) {
  const auto elements = static_cast<size_t>(shape.num_elements());
  return {shape, std::vector<double>(elements, lower),
          std::vector<double>(elements, upper)};
}

IntervalTensor InputBounds(const Node& node,
                           const std::map<std::string, InputDomain>& domains,
                           BoundsScope scope) {
  const Shape shape = node.type.shape.Bind(1);
  if (node.type.dtype == DataType::kI32) {
    return Fill(shape, std::numeric_limits<int32_t>::min(),
                std::numeric_limits<int32_t>::max());
  }
  const auto domain = domains.find(node.name);
  if (scope == BoundsScope::kAllInputs || domain == domains.end()) {
    return Fill(shape, -kLargestFloat, kLargestFloat);
  }
  const InputDomain& box = domain->second;
  return {shape,
          {box.lower.begin(), box.lower.end()},
          {box.upper.begin(), box.upper.end()}};
}

// A batch normalization of which no variance is negative: with epsilon each is
// above 0, so that it gives NaN only by overflow as well.
bool HasPositiveVariance(const Node& node,
                         const std::vector<IntervalTensor>& bounds) {
  const absl::optional<BatchNormalizeView> view = AsBatchNormalize(node);
  if (!view.has_value()) return false;
  const IntervalTensor& variance = bounds[static_cast<size_t>(view->variance)];
  return std::all_of(variance.lower.begin(), variance.lower.end(),
                     [](double lower) { return lower >= 0; });
}

// Whether a finite input may make some element NaN without an overflow, such as
// the logarithm of a negative number; no bound holds for what reads that.
bool MayBeNanOfFinite(const Node& node, const IntervalTensor& own,
                      const std::vector<IntervalTensor>& bounds,
                      const std::vector<bool>& may_be_nan) {
  for (NodeId input : node.inputs) {
    if (may_be_nan[static_cast<size_t>(input)]) return true;
  }
  const auto kinds = KindsWithNanByOverflowOnly();
  if (HasPositiveVariance(node, bounds)) return false;
  if (AsLeaf(*node.op).has_value() ||
      std::binary_search(kinds.begin(), kinds.end(), node.op->kind())) {
    return false;
  }
  for (size_t i = 0; i < own.lower.size(); ++i) {
    // Both infinite mark a value that may be NaN (graph/interval.h); one alone
    // may be reached without an overflow as well, as log(0) is, and makes NaN
    // of what reads it.
    if (std::isinf(own.lower[i]) || std::isinf(own.upper[i])) return true;
  }
  return false;
}

// By node: the last one that reads it, or kNoNode.
std::vector<NodeId> LastReaders(const Graph& graph) {
  std::vector<NodeId> last(static_cast<size_t>(graph.num_nodes()), kNoNode);
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    for (NodeId input : graph.node(id).inputs) {
      last[static_cast<size_t>(input)] = id;
    }
  }
  return last;
}

void ClampToFinite(IntervalTensor& bounds) {
  for (double& lower : bounds.lower) lower = std::max(lower, -kLargestFloat);
  for (double& upper : bounds.upper) upper = std::min(upper, kLargestFloat);
}

}  // namespace

std::map<NodeId, IntervalTensor> ReluBounds(
    const Model& model, const std::map<std::string, InputDomain>& domains,
    BoundsScope scope) {
  const Graph& graph = model.graph;
  const std::vector<NodeId> last_reader = LastReaders(graph);
  std::map<NodeId, IntervalTensor> result;
  std::vector<IntervalTensor> bounds(last_reader.size());
  std::vector<bool> may_be_nan(last_reader.size());
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    const Shape shape = node.type.shape.Bind(1);
    IntervalTensor& own = bounds[static_cast<size_t>(id)];
    const absl::optional<LeafKind> leaf = AsLeaf(*node.op);
    if (leaf == LeafKind::kInput) {
      own = InputBounds(node, domains, scope);
    } else if (leaf == LeafKind::kParameter || leaf == LeafKind::kState) {
      own = IntervalTensor::Exactly(model.values.at(node.name));
    } else if (MixesSamples(graph, id)) {
      own = IntervalTensor::Everything(shape);
    } else {
      std::vector<const IntervalTensor*> inputs;
      for (NodeId input : node.inputs) {
        inputs.push_back(&bounds[static_cast<size_t>(input)]);
      }
      own = node.op->Bounds(inputs, shape);
    }
    if (scope == BoundsScope::kAllInputs) {
      const bool nan = MayBeNanOfFinite(node, own, bounds, may_be_nan);
      may_be_nan[static_cast<size_t>(id)] = nan;
      if (nan) {
        own = IntervalTensor::Everything(shape);
      } else {
        ClampToFinite(own);
      }
    }
    if (IsRelu(node)) {
      result.emplace(id, bounds[static_cast<size_t>(node.inputs[0])]);
    }
    for (NodeId input : node.inputs) {
      if (last_reader[static_cast<size_t>(input)] == id) {
        bounds[static_cast<size_t>(input)] = IntervalTensor();
      }
    }
  }
  return result;
}

double PeakBoundsBytes(const Graph& graph) {
  const std::vector<NodeId> last_reader = LastReaders(graph);
  const auto bytes = [&](NodeId id) {
    const Shape& shape = graph.node(id).type.shape;
    return static_cast<double>(shape.num_elements_per_sample()) * 2 *
           sizeof(double);
  };
  double now = 0;
  double peak = 0;
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    now += bytes(id);
    if (IsRelu(node)) now += bytes(id);
    peak = std::max(peak, now);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const NodeId input = node.inputs[i];
      const auto again = node.inputs.begin() + static_cast<std::ptrdiff_t>(i);
      if (last_reader[static_cast<size_t>(input)] == id &&
          std::find(node.inputs.begin(), again, input) == again) {
        now -= bytes(input);
      }
    }
  }
  return peak;
}

}  // namespace espalier
