#include "transforms/remove_units.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "transforms/passes.h"
#include "transforms/rewriter.h"
#include "transforms/unit_paths.h"

namespace espalier {
namespace {

// What is to be done to the graph, gathered over all ReLUs.
struct Surgery {
  // Indices that go, by leaf and axis.
  std::map<NodeId, std::map<int, std::set<int64_t>>> slices;
  // Producers whose columns go, with how many.
  std::map<NodeId, int64_t> narrowed;
  // Products of a layer of which every unit goes: their biases remain.
  std::set<NodeId> emptied;
  // Reshapes that would not fit the new sizes. They stand between matrices of
  // one shape, so nothing needs them.
  std::set<NodeId> dropped;
  // By name of a ReLU.
  std::map<std::string, std::vector<int64_t>> kept;
};

const Tensor& LeafValue(const Model& model, NodeId leaf) {
  const Node& node = model.graph.node(leaf);
  const Tensor* constant = ConstantValue(*node.op);
  return constant != nullptr ? *constant : model.values.at(node.name);
}

// Elements of a tensor seen as [outer, size, inner] around one axis.
struct AxisView {
  AxisView(const Shape& shape, int axis) : size(shape.dim(axis)) {
    for (int i = 0; i < axis; ++i) outer *= shape.dim(i);
    for (int i = axis + 1; i < shape.rank(); ++i) inner *= shape.dim(i);
  }
  int64_t outer = 1;
  int64_t size;
  int64_t inner = 1;
};

Tensor WithoutSlices(const Tensor& tensor, int axis,
                     const std::set<int64_t>& gone) {
  const AxisView view(tensor.shape(), axis);
  const absl::Span<const float> from = tensor.data<float>();
  std::vector<float> kept;
  for (int64_t i = 0; i < view.outer * view.size; ++i) {
    if (gone.count(i % view.size) != 0) continue;
    const auto slice = from.subspan(static_cast<size_t>(i * view.inner),
                                    static_cast<size_t>(view.inner));
    kept.insert(kept.end(), slice.begin(), slice.end());
  }
  Shape shape = tensor.shape();
  shape.set_dim(axis, view.size - static_cast<int64_t>(gone.size()));
  return Tensor(shape, kept);
}

// Which slices along an axis hold a value that is not finite: zero times such a
// weight is NaN, so taking the pair away would change the result.
std::set<int64_t> NonFiniteSlices(const Tensor& tensor, int axis) {
  const AxisView view(tensor.shape(), axis);
  std::set<int64_t> found;
  const absl::Span<const float> values = tensor.data<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i])) continue;
    found.insert(static_cast<int64_t>(i) / view.inner % view.size);
  }
  return found;
}

// Units as columns of a matrix in which unit = row * columns + column.
std::map<int64_t, std::vector<int64_t>> ByColumn(
    const std::vector<int64_t>& units, int64_t columns) {
  std::map<int64_t, std::vector<int64_t>> result;
  for (int64_t unit : units) result[unit % columns].push_back(unit);
  return result;
}

class UnitRemover {
 public:
  explicit UnitRemover(const Model& model)
      : model_(model), graph_(model.graph), paths_(model.graph) {}

  RemovedUnits Remove(const UnitRemoval& removal) {
    RemovedUnits done{removal.relu, {}, ""};
    if (removal.units.empty()) return done;
    const absl::Status status = Plan(removal, done);
    if (!status.ok()) done.refusal = std::string(status.message());
    return done;
  }

  absl::StatusOr<Model> Operate() const;
  const std::map<std::string, std::vector<int64_t>>& kept() const {
    return surgery_.kept;
  }

 private:
  absl::Status Plan(const UnitRemoval& removal, RemovedUnits& done);
  absl::Status PlanPart(const UnitConsumers& found,
                        const std::vector<int64_t>& units, RemovedUnits& done);
  Value NewLeaf(NodeId id, Model& model, Rewriter& rewriter) const;
  Value Emptied(NodeId id, Rewriter& rewriter) const;

  const Model& model_;
  const Graph& graph_;
  UnitPaths paths_;
  Surgery surgery_;
};

absl::Status UnitRemover::Plan(const UnitRemoval& removal, RemovedUnits& done) {
  ASSIGN_OR_RETURN(const UnitConsumers found,
                   paths_.FindConsumers(removal.relu));
  std::vector<int64_t> units = removal.units;
  for (const UnitConsumer& consumer : found.consumers) {
    const std::set<int64_t> infinite = NonFiniteSlices(
        LeafValue(model_, consumer.weight.leaf), consumer.weight.axis);
    const int64_t columns = consumer.shape.dim(1);
    const auto stays = [&](int64_t unit) {
      return infinite.count(unit % columns) != 0;
    };
    const auto first = std::find_if(units.begin(), units.end(), stays);
    if (first == units.end()) continue;
    done.refusal =
        absl::StrCat("the weights of unit ", *first, " in ",
                     graph_.node(consumer.node).ToString(), " are not finite");
    units.erase(std::remove_if(units.begin(), units.end(), stays), units.end());
  }

  const int64_t all =
      graph_.node(removal.relu).type.shape.num_elements_per_sample();
  if (static_cast<int64_t>(units.size()) < all) {
    return PlanPart(found, units, done);
  }
  for (const UnitConsumer& consumer : found.consumers) {
    surgery_.emptied.insert(consumer.node);
  }
  done.units = std::move(units);
  return absl::OkStatus();
}

absl::Status UnitRemover::PlanPart(const UnitConsumers& found,
                                   const std::vector<int64_t>& units,
                                   RemovedUnits& done) {
  ASSIGN_OR_RETURN(const UnitProducer producer, paths_.FindProducer(done.relu));
  if (surgery_.narrowed.count(producer.node) != 0) {
    return absl::FailedPreconditionError(absl::StrCat(
        graph_.node(producer.node).ToString(),
        " makes the units of another relu, of which some are removed"));
  }
  std::set<NodeId> readers;
  for (const UnitConsumer& consumer : found.consumers) {
    readers.insert(consumer.node);
    if (consumer.shape != producer.shape) {
      return absl::FailedPreconditionError(
          absl::StrCat(graph_.node(consumer.node).ToString(),
                       " reads the units as ", consumer.shape.ToString(), ", ",
                       graph_.node(producer.node).ToString(), " makes them as ",
                       producer.shape.ToString()));
    }
  }
  std::map<NodeId, int> axes;
  for (const UnitConsumer& consumer : found.consumers) {
    const auto axis =
        axes.emplace(consumer.weight.leaf, consumer.weight.axis).first;
    if (axis->second != consumer.weight.axis) {
      return absl::FailedPreconditionError(
          absl::StrCat(graph_.node(consumer.weight.leaf).ToString(),
                       " is read both as it is and transposed"));
    }
  }
  for (const auto& [leaf, axis] : axes) {
    RETURN_IF_ERROR(paths_.CheckReaders(leaf, readers));
  }

  const int64_t rows = producer.shape.Bind(1).dim(0);
  std::set<int64_t> columns;
  for (const auto& [column, in_rows] : ByColumn(units, producer.shape.dim(1))) {
    if (static_cast<int64_t>(in_rows.size()) == rows) {
      columns.insert(column);
      done.units.insert(done.units.end(), in_rows.begin(), in_rows.end());
    } else {
      done.refusal = absl::StrCat("unit ", in_rows[0],
                                  " shares its weights with units of other "
                                  "rows that are not to be removed");
    }
  }
  std::sort(done.units.begin(), done.units.end());
  if (columns.empty()) return absl::OkStatus();
  surgery_.narrowed[producer.node] = static_cast<int64_t>(columns.size());
  for (const SlicedLeaf& leaf : producer.leaves) {
    surgery_.slices[leaf.leaf][leaf.axis] = columns;
  }
  for (const UnitConsumer& consumer : found.consumers) {
    surgery_.slices[consumer.weight.leaf][consumer.weight.axis] = columns;
  }
  for (const std::vector<NodeId>* reshapes :
       {&producer.reshapes, &found.reshapes}) {
    surgery_.dropped.insert(reshapes->begin(), reshapes->end());
  }
  std::vector<int64_t> kept;
  for (int64_t unit = 0; unit < rows * producer.shape.dim(1); ++unit) {
    if (columns.count(unit % producer.shape.dim(1)) == 0) kept.push_back(unit);
  }
  surgery_.kept[graph_.node(done.relu).name] = kept;
  for (const std::vector<NodeId>* relus : {&producer.relus, &found.relus}) {
    for (NodeId relu : *relus) surgery_.kept[graph_.node(relu).name] = kept;
  }
  return absl::OkStatus();
}

Value UnitRemover::NewLeaf(NodeId id, Model& model, Rewriter& rewriter) const {
  const Node& node = graph_.node(id);
  Tensor value = LeafValue(model_, id);
  for (const auto& [axis, gone] : surgery_.slices.at(id)) {
    value = WithoutSlices(value, axis, gone);
  }
  if (ConstantValue(*node.op) != nullptr) {
    return rewriter.builder().Constant(value, node.name);
  }
  const TensorType type = value.type();
  model.values[node.name] = std::move(value);
  const Initializer& initializer = *LeafInitializer(*node.op);
  const bool state = AsLeaf(*node.op) == LeafKind::kState;
  return rewriter.builder().AddNode(
      state ? MakeState(type, initializer) : MakeParameter(type, initializer),
      {}, node.name);
}

// What a product of nothing gives: its bias in every row.
Value UnitRemover::Emptied(NodeId id, Rewriter& rewriter) const {
  const Node& node = graph_.node(id);
  Shape shape = node.type.shape;
  const auto narrowed = surgery_.narrowed.find(id);
  if (narrowed != surgery_.narrowed.end()) {
    shape.set_dim(1, shape.dim(1) - narrowed->second);
  }
  const NodeId bias = AsMatMul(node)->bias;
  const Value rest =
      bias != kNoNode
          ? rewriter.Get(bias)
          : rewriter.builder().Constant(
                Tensor::Scalar(0), rewriter.UniqueName(node.name + "/zero"));
  return BroadcastTo(rest, shape, node.name);
}

absl::StatusOr<Model> UnitRemover::Operate() const {
  Model result = model_;
  Rewriter rewriter(graph_);
  for (NodeId id = 0; id < graph_.num_nodes(); ++id) {
    if (surgery_.slices.count(id) != 0) {
      rewriter.Replace(id, NewLeaf(id, result, rewriter));
    } else if (surgery_.emptied.count(id) != 0) {
      rewriter.Replace(id, Emptied(id, rewriter));
    } else if (surgery_.dropped.count(id) != 0) {
      rewriter.Replace(id, rewriter.Get(graph_.node(id).inputs[0]));
    } else {
      rewriter.Copy(id);
    }
  }
  ASSIGN_OR_RETURN(result.graph, std::move(rewriter).Finish());
  return RemoveDeadNodes(result);
}

absl::Status CheckRemoval(const Graph& graph, const UnitRemoval& removal) {
  if (removal.relu < 0 || removal.relu >= graph.num_nodes() ||
      !IsRelu(graph.node(removal.relu))) {
    return absl::InvalidArgumentError(
        absl::StrCat("node ", removal.relu, " is no relu of the graph"));
  }
  const Node& relu = graph.node(removal.relu);
  const int64_t units = relu.type.shape.num_elements_per_sample();
  int64_t previous = -1;
  for (int64_t unit : removal.units) {
    if (unit <= previous || unit >= units) {
      return absl::InvalidArgumentError(absl::StrCat(
          relu.ToString(), " has units 0 to ", units - 1,
          ", expected some of them in ascending order, found ", unit));
    }
    previous = unit;
  }
  return absl::OkStatus();
}

// The last look: whatever was cut, the outputs are what they were.
absl::Status CheckOutputsKept(const Graph& before, const Graph& after) {
  bool kept = before.outputs().size() == after.outputs().size();
  for (size_t i = 0; kept && i < before.outputs().size(); ++i) {
    const GraphOutput& a = before.outputs()[i];
    const GraphOutput& b = after.outputs()[i];
    kept =
        a.name == b.name && before.node(a.node).type == after.node(b.node).type;
  }
  if (kept) return absl::OkStatus();
  return absl::InternalError("the outputs would have changed their types");
}

}  // namespace

absl::StatusOr<RemovalResult> RemoveUnits(
    const Model& model, const std::vector<UnitRemoval>& removals) {
  RETURN_IF_ERROR(Validate(model));
  if (!model.graph.updates().empty()) {
    return absl::FailedPreconditionError(
        "the graph has updates: units are removed from an inference form");
  }
  UnitRemover remover(model);
  RemovalResult result;
  bool any = false;
  std::set<NodeId> seen;
  for (const UnitRemoval& removal : removals) {
    RETURN_IF_ERROR(CheckRemoval(model.graph, removal));
    if (!seen.insert(removal.relu).second) {
      return absl::InvalidArgumentError(absl::StrCat(
          model.graph.node(removal.relu).ToString(), " is given twice"));
    }
    result.layers.push_back(remover.Remove(removal));
    any = any || !result.layers.back().units.empty();
  }
  if (!any) {
    result.model = model;
    return result;
  }
  absl::StatusOr<Model> pruned = remover.Operate();
  if (!pruned.ok()) return Annotate(pruned.status(), "remove units");
  RETURN_IF_ERROR(CheckOutputsKept(model.graph, pruned->graph));
  result.model = *std::move(pruned);
  for (const auto& [name, units] : remover.kept()) {
    if (result.model.graph.Find(name) != kNoNode) result.kept[name] = units;
  }
  return result;
}

}  // namespace espalier
