#include "pruning/bounds.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"
#include "ops/gates.h"
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

// Whether a finite input may make some element NaN or infinite without an
// overflow, as the logarithm of 0 and of a negative number are; no bound holds
// for what reads that.
bool MayBeNonFinite(const Node& node, const IntervalTensor& own,
                    const std::vector<const IntervalTensor*>& inputs) {
  if (!AsLeaf(*node.op).has_value() && node.op->FiniteUnlessOverflow(inputs)) {
    return false;
  }
  for (size_t i = 0; i < own.lower.size(); ++i) {
    if (!std::isfinite(own.lower[i]) || !std::isfinite(own.upper[i])) {
      return true;
    }
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

// What an op gives; one of a program's own may give anything.
absl::Status CheckBounds(const IntervalTensor& own, const Node& node,
                         const Shape& shape) {
  if (own.shape != shape) {
    return absl::InternalError(
        absl::StrCat(node.ToString(), ": Bounds gives an array of ",
                     own.shape.ToString(), ", expected ", shape.ToString()));
  }
  const auto elements = static_cast<size_t>(shape.num_elements());
  if (own.lower.size() != elements || own.upper.size() != elements) {
    return absl::InternalError(absl::StrCat(
        node.ToString(), ": Bounds gives ", own.lower.size(), " lower and ",
        own.upper.size(), " upper ends, expected one for each element of ",
        shape.ToString()));
  }
  for (size_t i = 0; i < elements; ++i) {
    if (own.lower[i] <= own.upper[i]) continue;  // NaN is not
    return absl::InternalError(absl::StrCat(
        node.ToString(), ": Bounds gives ", own.lower[i], " to ", own.upper[i],
        " for element ", i, ", expected numbers in order"));
  }
  return absl::OkStatus();
}

// Both ends on either side: what always overflows has an empty interval else.
void ClampToFinite(IntervalTensor& bounds) {
  for (std::vector<double>* ends : {&bounds.lower, &bounds.upper}) {
    for (double& end : *ends) {
      end = std::clamp(end, -kLargestFloat, kLargestFloat);
    }
  }
}

}  // namespace

absl::StatusOr<std::map<NodeId, IntervalTensor>> ReluBounds(
    const Model& model, const std::map<std::string, InputDomain>& domains,
    BoundsScope scope) {
  const Graph& graph = model.graph;
  const std::vector<NodeId> last_reader = LastReaders(graph);
  std::map<NodeId, IntervalTensor> result;
  std::vector<IntervalTensor> bounds(last_reader.size());
  std::vector<bool> non_finite(last_reader.size());
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    const Node& node = graph.node(id);
    const Shape shape = node.type.shape.Bind(1);
    IntervalTensor& own = bounds[static_cast<size_t>(id)];
    const absl::optional<LeafKind> leaf = AsLeaf(*node.op);
    std::vector<const IntervalTensor*> inputs;
    bool reads_non_finite = false;
    for (NodeId input : node.inputs) {
      inputs.push_back(&bounds[static_cast<size_t>(input)]);
      if (non_finite[static_cast<size_t>(input)]) reads_non_finite = true;
    }
    if (leaf == LeafKind::kInput) {
      own = InputBounds(node, domains, scope);
    } else if (leaf == LeafKind::kParameter || leaf == LeafKind::kState) {
      own = IntervalTensor::Exactly(model.values.at(node.name));
    } else if (MixesSamples(graph, id)) {
      own = IntervalTensor::Everything(shape);
    } else {
      own = node.op->Bounds(inputs, shape);
      RETURN_IF_ERROR(CheckBounds(own, node, shape));
    }
    if (scope == BoundsScope::kAllInputs) {
      if (reads_non_finite || MayBeNonFinite(node, own, inputs)) {
        non_finite[static_cast<size_t>(id)] = true;
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
