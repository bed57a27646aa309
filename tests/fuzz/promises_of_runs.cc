#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/interpreter.h"
#include "ops/gates.h"
#include "pruning/bounds.h"
#include "runtime/executable.h"
#include "runtime/session.h"
#include "tests/fuzz/promises.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

constexpr int64_t kArenaBytes = int64_t{16} << 20;
constexpr double kBoundsBytes = 4 << 20;
// Of all inputs of a run.
constexpr double kInputElements = 1 << 18;
// Of all nodes, for what takes loops in double precision.
constexpr double kNodeElements = 1 << 14;

double Elements(const Graph& graph, const std::vector<NodeId>& ids,
                int64_t batch) {
  double elements = 0;
  for (NodeId id : ids) {
    elements += static_cast<double>(
        graph.node(id).type.shape.Bind(batch).num_elements());
  }
  return elements;
}

double Elements(const Graph& graph, int64_t batch) {
  std::vector<NodeId> all(static_cast<size_t>(graph.num_nodes()));
  for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<NodeId>(i);
  return Elements(graph, all, batch);
}

// 0 to 3; 1 for a graph whose inputs do not say it.
int64_t BatchOf(const Graph& graph, uint64_t seed) {
  for (NodeId id : graph.inputs()) {
    if (graph.node(id).type.shape.has_symbolic_batch()) {
      return static_cast<int64_t>(seed % 4);
    }
  }
  return 1;
}

class Inputs {
 public:
  Inputs(const Model& model, int64_t batch, uint64_t seed) : random_(seed) {
    for (NodeId id : model.graph.inputs()) {
      const Node& node = model.graph.node(id);
      Tensor tensor(node.type.dtype, node.type.shape.Bind(batch));
      if (node.type.dtype == DataType::kI32) {
        for (int32_t& value : tensor.data<int32_t>()) value = Integer();
      } else {
        const auto domain = model.domains.find(node.name);
        size_t at = 0;
        for (float& value : tensor.data<float>()) {
          if (domain == model.domains.end()) {
            value = Number();
            continue;
          }
          const InputDomain& box = domain->second;
          value = random_() % 2 == 0 ? box.lower[at] : box.upper[at];
          at = (at + 1) % box.lower.size();
        }
      }
      tensors_.push_back(std::move(tensor));
    }
  }

  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  // Mostly rows that there are.
  int32_t Integer() {
    constexpr int32_t kRare[] = {-1, 7, 1000000,
                                 std::numeric_limits<int32_t>::max(),
                                 std::numeric_limits<int32_t>::min()};
    if (random_() % 16 == 0) return kRare[random_() % 5];
    return static_cast<int32_t>(random_() % 2);
  }

  float Number() {
    constexpr float kRare[] = {0, -0.0f, 1e-45f, 1e30f, -1e30f, 100, -100};
    if (random_() % 16 == 0) return kRare[random_() % 7];
    return static_cast<float>(static_cast<int>(random_() % 4001) - 2000) / 1000;
  }

  std::mt19937_64 random_;
  std::vector<Tensor> tensors_;
};

// For each f32 input the smallest box that holds all samples of the batch.
std::map<std::string, InputDomain> BoxesAround(
    const Graph& graph, const std::vector<Tensor>& inputs) {
  std::map<std::string, InputDomain> boxes;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const Node& node = graph.node(graph.inputs()[i]);
    if (inputs[i].dtype() != DataType::kF32) continue;
    const auto values = inputs[i].data<float>();
    const auto size =
        static_cast<size_t>(node.type.shape.num_elements_per_sample());
    InputDomain& box = boxes[node.name];
    box.lower.assign(size, 0);
    box.upper.assign(size, 0);
    for (size_t k = 0; k < values.size(); ++k) {
      float& lower = box.lower[k % size];
      float& upper = box.upper[k % size];
      lower = k < size ? values[k] : std::min(lower, values[k]);
      upper = k < size ? values[k] : std::max(upper, values[k]);
    }
  }
  return boxes;
}

// By output node of f32; nothing where they would take much memory.
std::map<NodeId, IntervalTensor> BoundsOfOutputs(
    const Model& model, const std::map<std::string, InputDomain>& domains) {
  Rewriter rewriter(model.graph);
  for (NodeId id = 0; id < model.graph.num_nodes(); ++id) rewriter.Copy(id);
  GraphBuilder& g = rewriter.builder();
  std::map<NodeId, NodeId> relus;  // to the node that each reads
  for (const GraphOutput& output : model.graph.outputs()) {
    g.Output(output.name, rewriter.Get(output.node));
    if (model.graph.node(output.node).type.dtype != DataType::kF32) continue;
    relus[Relu(rewriter.Get(output.node)).id()] = output.node;
  }
  if (relus.empty()) return {};
  Model with_relus;
  absl::StatusOr<Graph> graph = g.Build();
  Require(graph.ok(), absl::StrCat("what is accepted can be built on: ",
                                   graph.status().ToString()));
  with_relus.graph = *std::move(graph);
  if (PeakBoundsBytes(with_relus.graph) > kBoundsBytes) return {};
  with_relus.values = model.values;
  std::map<NodeId, IntervalTensor> bounds;
  auto of_relus = ReluBounds(with_relus, domains, BoundsScope::kDomain);
  Require(of_relus.ok(), absl::StrCat("bounds are made of what is accepted: ",
                                      of_relus.status().ToString()));
  for (auto& [relu, own] : *of_relus) {
    const auto found = relus.find(relu);
    if (found != relus.end()) bounds.emplace(found->second, std::move(own));
  }
  return bounds;
}

void RequireInside(const IntervalTensor& bounds, const TensorView& y,
                   const Node& node) {
  const auto values = y.data<float>();
  for (size_t i = 0; i < values.size(); ++i) {
    const size_t at = i % bounds.lower.size();
    const double low = bounds.lower[at];
    const double high = bounds.upper[at];
    if (std::isinf(low) && std::isinf(high) && low < high) continue;
    Require(values[i] >= low && values[i] <= high,
            absl::StrCat(node.ToString(), ": element ", i, " is ", values[i],
                         ", its bounds are [", low, ", ", high, "]"));
  }
}

void RequireInterpreted(const Model& model, const std::vector<Tensor>& inputs,
                        int64_t batch) {
  LeafValues leaves;
  for (size_t i = 0; i < inputs.size(); ++i) {
    leaves[model.graph.node(model.graph.inputs()[i]).name] =
        DoubleTensor(inputs[i]);
  }
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  const absl::StatusOr<InterpretedRun> run = Interpret(model.graph, leaves);
  Require(run.ok(), absl::StrCat("what is accepted can be interpreted: ",
                                 run.status().ToString()));
  for (const GraphOutput& output : model.graph.outputs()) {
    Require(run->outputs.at(output.name).shape() ==
                model.graph.node(output.node).type.shape.Bind(batch),
            "the interpreter's result has the shape of its node");
  }
}

}  // namespace

void RequireRun(const Model& model, uint64_t seed) {
  const Graph& graph = model.graph;
  const int64_t batch = BatchOf(graph, seed);
  CompileOptions options;
  options.threads = 1;
  options.max_arena_bytes = kArenaBytes;
  const absl::StatusOr<std::shared_ptr<const Executable>> executable =
      Executable::Compile(graph, options);
  if (!executable.ok()) return RequireRefusal(executable.status());
  const absl::StatusOr<int64_t> arena = (*executable)->ArenaBytes(batch);
  if (!arena.ok()) return RequireRefusal(arena.status());
  Require(*arena >= 0 && *arena <= kArenaBytes,
          "the arena is within its limit");
  if (Elements(graph, graph.inputs(), batch) > kInputElements) return;

  const Inputs inputs(model, batch, seed);
  std::map<NodeId, IntervalTensor> bounds;
  if (Elements(graph, 4) <= kNodeElements) {
    bounds = BoundsOfOutputs(model, BoxesAround(graph, inputs.tensors()));
    RequireInterpreted(model, inputs.tensors(), batch);
  }
  const auto store = ParameterStore::FromValues(graph, model.values);
  if (!store.ok()) return RequireRefusal(store.status());
  absl::StatusOr<Session> session = Session::Create(*executable, *store);
  Require(session.ok(), absl::StrCat("what is compiled has a session: ",
                                     session.status().ToString()));
  const std::vector<TensorView> views(inputs.tensors().begin(),
                                      inputs.tensors().end());
  const absl::Status run = session->Run(views);
  if (!run.ok()) return RequireRefusal(run);
  for (size_t i = 0; i < graph.outputs().size(); ++i) {
    const NodeId id = graph.outputs()[i].node;
    const TensorView y = session->output(static_cast<int>(i));
    Require(y.shape() == graph.node(id).type.shape.Bind(batch) &&
                y.dtype() == graph.node(id).type.dtype,
            "a result has the type of its node");
    y.ToTensor();  // reads all of it
    // A leaf may show its new value.
    if (AsLeaf(*graph.node(id).op).has_value()) continue;
    const auto own = bounds.find(id);
    if (own != bounds.end()) RequireInside(own->second, y, graph.node(id));
  }
}

}  // namespace espalier
