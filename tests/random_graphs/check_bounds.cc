#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/model.h"
#include "graph/status_macros.h"
#include "ops/gates.h"
#include "pruning/bounds.h"
#include "tests/random_graphs/checks.h"
#include "tests/testing/execution.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

constexpr int64_t kSamples = 4;
constexpr double kLargestFloat = std::numeric_limits<float>::max();

// The graph's nodes under their own ids, each f32 one an output, "n<id>", and
// read by a relu, so that there are bounds for it.
absl::StatusOr<Graph> WithRelus(const Graph& graph) {
  Rewriter rewriter(graph);
  for (NodeId id = 0; id < graph.num_nodes(); ++id) rewriter.Copy(id);
  GraphBuilder& g = rewriter.builder();
  for (NodeId id = 0; id < graph.num_nodes(); ++id) {
    if (graph.node(id).type.dtype != DataType::kF32) continue;
    g.Output(absl::StrCat("n", id), rewriter.Get(id));
    Relu(rewriter.Get(id));
  }
  return g.Build();
}

// By node of the graph; those without an entry have no bounds.
using NodeBounds = std::map<NodeId, IntervalTensor>;

NodeBounds BoundsOfNodes(const Model& model, BoundsScope scope) {
  NodeBounds bounds;
  NodeBounds of_relus = ReluBounds(model, model.domains, scope).value();
  for (auto& [relu, own] : of_relus) {
    bounds.emplace(model.graph.node(relu).inputs[0], std::move(own));
  }
  return bounds;
}

// For each f32 input a box around a point that could be drawn.
void AddDomains(const TestGraph& test, Model& model, TestRandom& random) {
  const std::vector<double> widths = {0, 1e-6, 0.01, 0.5, 4};
  const double width = widths[static_cast<size_t>(random.Below(5))];
  const LeafValues center = DrawLeaves(test, 1, 0);
  for (NodeId id : model.graph.inputs()) {
    const Node& node = model.graph.node(id);
    if (node.type.dtype != DataType::kF32) continue;
    const LeafRange& range = test.ranges.at(node.name);
    InputDomain& domain = model.domains[node.name];
    for (double x : center.at(node.name).values()) {
      const double low = x - random.Uniform(0, width);
      const double high = x + random.Uniform(0, width);
      domain.lower.push_back(static_cast<float>(std::max(low, range.low)));
      domain.upper.push_back(static_cast<float>(std::min(high, range.high)));
    }
  }
}

// Replaces the f32 inputs by samples in their domains, at ends or between.
void DrawInDomains(const Model& model, LeafValues& leaves, TestRandom& random) {
  for (const auto& [name, domain] : model.domains) {
    DoubleTensor& x = leaves[name];
    const auto elements = static_cast<int64_t>(domain.lower.size());
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const auto at = static_cast<size_t>(i % elements);
      const int64_t where = random.Below(4);
      x[i] = where == 0   ? domain.lower[at]
             : where == 1 ? domain.upper[at]
                          : random.Uniform(domain.lower[at], domain.upper[at]);
    }
  }
}

// For each f32 input a box between two extremes, or at one, and its samples
// there, at extremes between them or anywhere between.
void DrawExtremeDomains(Model& model, LeafValues& leaves, TestRandom& random) {
  for (NodeId id : model.graph.inputs()) {
    const Node& node = model.graph.node(id);
    if (node.type.dtype != DataType::kF32) continue;
    InputDomain& domain = model.domains[node.name];
    const int64_t elements = node.type.shape.num_elements_per_sample();
    for (int64_t i = 0; i < elements; ++i) {
      const double a = DrawExtreme(random);
      const double b = random.Below(3) == 0 ? a : DrawExtreme(random);
      domain.lower.push_back(static_cast<float>(std::min(a, b)));
      domain.upper.push_back(static_cast<float>(std::max(a, b)));
    }
  }
  DrawInDomains(model, leaves, random);
  for (const auto& [name, domain] : model.domains) {
    DoubleTensor& x = leaves[name];
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const auto at =
          static_cast<size_t>(i % static_cast<int64_t>(domain.lower.size()));
      const double extreme = DrawExtreme(random);
      if (extreme >= domain.lower[at] && extreme <= domain.upper[at]) {
        x[i] = extreme;
      }
    }
  }
}

// Replaces them by finite numbers of any size.
void DrawAnywhere(const Model& model, LeafValues& leaves, TestRandom& random) {
  for (const auto& [name, domain] : model.domains) {
    DoubleTensor& x = leaves[name];
    const double most = random.Below(2) == 0 ? 2 : 30;
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const double size = std::pow(10, random.Uniform(-most, most));
      x[i] = static_cast<float>(random.Below(2) == 0 ? size : -size);
    }
  }
}

// Empty when every sample of `y` lies within the bounds.
std::string Outside(const IntervalTensor& bounds, const DoubleTensor& y,
                    CheckStatistics* statistics) {
  const auto elements = static_cast<int64_t>(bounds.lower.size());
  for (int64_t i = 0; i < y.num_elements(); ++i) {
    const auto at = static_cast<size_t>(i % elements);
    const double low = bounds.lower[at];
    const double high = bounds.upper[at];
    if (std::isinf(low) && std::isinf(high) && low < high) {
      ++statistics->unbounded;
      continue;
    }
    ++statistics->bounded;
    if (!(y[i] >= low && y[i] <= high)) {
      return absl::StrCat("[", i, "] is ", y[i], ", outside [", low, ", ", high,
                          "]");
    }
  }
  return "";
}

std::string OutsideOfNode(const Graph& graph, const NodeBounds& bounds,
                          NodeId id, const DoubleTensor& y,
                          absl::string_view how, CheckStatistics* statistics) {
  const auto found = bounds.find(id);
  if (found == bounds.end()) return "";
  const std::string wrong = Outside(found->second, y, statistics);
  if (wrong.empty()) return wrong;
  return absl::StrCat(how, ": ", graph.node(id).ToString(), " ", wrong);
}

bool AllFinite(const DoubleTensor& x) {
  return std::all_of(x.values().begin(), x.values().end(), [](double value) {
    return std::fabs(value) <= kLargestFloat;
  });
}

struct Samples {
  std::vector<DoubleTensor> interpreted;    // by node
  std::map<NodeId, DoubleTensor> executed;  // those that are f32
};

absl::StatusOr<Samples> RunAll(const Model& model, const LeafValues& leaves) {
  ASSIGN_OR_RETURN(InterpretedRun run, Interpret(model.graph, leaves));
  ASSIGN_OR_RETURN(Execution execution, Execution::Create(model.graph, leaves));
  ASSIGN_OR_RETURN(const LeafValues outputs, execution.Run(leaves));
  Samples samples = {std::move(run.nodes), {}};
  for (const GraphOutput& output : model.graph.outputs()) {
    samples.executed[output.node] = outputs.at(output.name);
  }
  return samples;
}

std::string OutsideOfExecuted(const Graph& graph, const NodeBounds& bounds,
                              const Samples& samples,
                              CheckStatistics* statistics) {
  for (const auto& [id, y] : samples.executed) {
    std::string wrong =
        OutsideOfNode(graph, bounds, id, y, "session of all nodes", statistics);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

std::string OutsideOfAll(const Graph& graph, const NodeBounds& bounds,
                         const Samples& samples, CheckStatistics* statistics) {
  for (const auto& [id, y] : samples.executed) {
    std::string wrong = OutsideOfNode(
        graph, bounds, id, samples.interpreted[static_cast<size_t>(id)],
        "interpreter", statistics);
    if (!wrong.empty()) return wrong;
  }
  return OutsideOfExecuted(graph, bounds, samples, statistics);
}

bool AllFinite(const Samples& samples) {
  return std::all_of(
      samples.executed.begin(), samples.executed.end(), [&](const auto& node) {
        return AllFinite(node.second) &&
               AllFinite(samples.interpreted[static_cast<size_t>(node.first)]);
      });
}

// The graph as it is, with whatever the runtime makes of its chains.
std::string OutsideOfOutputs(const Graph& graph, const NodeBounds& bounds,
                             const LeafValues& leaves,
                             CheckStatistics* statistics) {
  absl::StatusOr<Execution> execution = Execution::Create(graph, leaves);
  if (!execution.ok()) return execution.status().ToString();
  const absl::StatusOr<LeafValues> outputs = execution->Run(leaves);
  // An update may overflow; CheckExecution sees what is refused wrongly.
  if (!outputs.ok()) return "";
  for (const GraphOutput& output : graph.outputs()) {
    const std::string wrong =
        OutsideOfNode(graph, bounds, output.node, outputs->at(output.name),
                      "session", statistics);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

}  // namespace

Outcome CheckBounds(const TestGraph& test, CheckStatistics* statistics) {
  const absl::StatusOr<Graph> graph = WithRelus(test.graph);
  if (!graph.ok()) return {Verdict::kFailed, graph.status().ToString()};
  Model model;
  model.graph = *graph;
  LeafValues leaves = DrawLeaves(test, kSamples, 0);
  model.values = StoredValues(test.graph, leaves);
  TestRandom random = RandomFor(test.seed, "boxes", 0);
  AddDomains(test, model, random);
  const absl::Status valid = Validate(model);
  if (!valid.ok()) return {Verdict::kFailed, valid.ToString()};

  DrawInDomains(model, leaves, random);
  NodeBounds bounds = BoundsOfNodes(model, BoundsScope::kDomain);
  absl::StatusOr<Samples> samples = RunAll(model, leaves);
  if (!samples.ok()) return {Verdict::kFailed, samples.status().ToString()};
  std::string wrong = OutsideOfAll(model.graph, bounds, *samples, statistics);
  if (wrong.empty()) {
    wrong = OutsideOfOutputs(test.graph, bounds, leaves, statistics);
  }
  if (!wrong.empty()) {
    return {Verdict::kFailed, absl::StrCat("domain, ", wrong)};
  }

  DrawAnywhere(model, leaves, random);
  bounds = BoundsOfNodes(model, BoundsScope::kAllInputs);
  samples = RunAll(model, leaves);
  if (!samples.ok()) return {Verdict::kFailed, samples.status().ToString()};
  // They hold where nothing overflows.
  if (!AllFinite(*samples)) return {};
  wrong = OutsideOfAll(model.graph, bounds, *samples, statistics);
  if (!wrong.empty()) {
    return {Verdict::kFailed, absl::StrCat("all inputs, ", wrong)};
  }
  return {};
}

Outcome CheckExtremeBounds(const TestGraph& test, CheckStatistics* statistics) {
  const absl::StatusOr<Graph> graph = WithRelus(test.graph);
  if (!graph.ok()) return {Verdict::kFailed, graph.status().ToString()};
  Model model;
  model.graph = *graph;
  TestRandom random = RandomFor(test.seed, "extremes", 0);
  LeafValues leaves = DrawLeaves(test, kSamples, 0);
  MakeExtreme(test.graph, leaves, random);
  model.values = StoredValues(test.graph, leaves);
  DrawExtremeDomains(model, leaves, random);
  const absl::Status valid = Validate(model);
  if (!valid.ok()) return {Verdict::kFailed, valid.ToString()};

  // The interpreter, in which less overflows, is not what is bounded here.
  NodeBounds bounds = BoundsOfNodes(model, BoundsScope::kDomain);
  absl::StatusOr<Samples> samples = RunAll(model, leaves);
  if (!samples.ok()) return {Verdict::kFailed, samples.status().ToString()};
  std::string wrong =
      OutsideOfExecuted(model.graph, bounds, *samples, statistics);
  if (wrong.empty()) {
    wrong = OutsideOfOutputs(test.graph, bounds, leaves, statistics);
  }
  if (!wrong.empty()) {
    return {Verdict::kFailed, absl::StrCat("domain of extremes, ", wrong)};
  }

  MakeExtreme(test.graph, leaves, random);
  for (NodeId id : model.graph.parameters()) {
    const std::string& name = model.graph.node(id).name;
    leaves[name] = DoubleTensor(model.values.at(name));
  }
  for (NodeId id : model.graph.states()) {
    const std::string& name = model.graph.node(id).name;
    leaves[name] = DoubleTensor(model.values.at(name));
  }
  bounds = BoundsOfNodes(model, BoundsScope::kAllInputs);
  samples = RunAll(model, leaves);
  if (!samples.ok()) return {Verdict::kFailed, samples.status().ToString()};
  if (!AllFinite(*samples)) return {};
  wrong = OutsideOfExecuted(model.graph, bounds, *samples, statistics);
  if (wrong.empty()) return {};
  return {Verdict::kFailed, absl::StrCat("all inputs, extreme, ", wrong)};
}

absl::Span<const Check> Checks() {
  static constexpr Check kChecks[] = {
      {"round trips", CheckRoundTrips}, {"execution", CheckExecution},
      {"passes", CheckPasses},          {"gradients", CheckGradients},
      {"bounds", CheckBounds},          {"extreme bounds", CheckExtremeBounds},
  };
  return kChecks;
}

}  // namespace espalier
