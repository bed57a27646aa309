#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/leaves.h"
#include "tests/random_graphs/checks.h"
#include "tests/testing/execution.h"
#include "transforms/fold_batch_norm.h"
#include "transforms/passes.h"
#include "transforms/recompute.h"

namespace espalier {
namespace {

LeafValues Interpreted(const Graph& graph, const LeafValues& leaves) {
  const auto keep = [](NodeId, absl::Span<const DoubleTensor* const>,
                       DoubleTensor&) {};
  return ResultsOf(graph, InterpretWith(graph, leaves, keep));
}

// In the inference form some nodes stand for one of their inputs.
LeafValues InterpretedForInference(const Graph& graph,
                                   const LeafValues& leaves) {
  const auto forward = [&](NodeId id,
                           absl::Span<const DoubleTensor* const> inputs,
                           DoubleTensor& result) {
    const absl::optional<int> input = graph.node(id).op->inference_input();
    if (input.has_value()) result = *inputs[static_cast<size_t>(*input)];
  };
  return ResultsOf(graph, InterpretWith(graph, leaves, forward));
}

// Empty when the graph that a pass gave has the results that were expected.
std::string CompareAfter(const Graph& graph, const LeafValues& leaves,
                         Expectation& expectation,
                         ComparisonStatistics* statistics) {
  const LeafValues results = Interpreted(graph, leaves);
  if (results.size() != expectation.results().size()) {
    return absl::StrCat(results.size(), " results, expected ",
                        expectation.results().size());
  }
  return expectation.Compare(results, statistics);
}

std::string CheckInferenceForm(const Graph& graph, const LeafValues& leaves,
                               TestRandom& random) {
  std::vector<std::string> names;
  for (const GraphOutput& output : graph.outputs()) {
    if (random.Below(2) == 0) names.push_back(output.name);
  }
  if (graph.outputs().empty()) return "";
  if (names.empty()) names.push_back(graph.outputs()[0].name);
  const absl::StatusOr<Graph> form = InferenceForm(graph, names);
  if (!form.ok()) return form.status().ToString();
  if (!form->updates().empty()) return "updates are left";
  LeafValues with_batch = leaves;
  if (BatchOf(*form, leaves) != BatchOf(graph, leaves)) {
    return "";  // no input with the batch is left
  }
  const LeafValues found = Interpreted(*form, with_batch);
  if (found.size() != names.size()) return "an output is missing";
  return CompareExactly(found, InterpretedForInference(graph, leaves));
}

// Any output may stand for the loss: what is made behind its node reads copies.
std::string CheckRecomputation(const Graph& graph, const LeafValues& leaves,
                               Expectation& expectation, TestRandom& random,
                               ComparisonStatistics* statistics) {
  if (graph.outputs().empty()) return "";
  const GraphOutput& loss = graph.outputs()[static_cast<size_t>(
      random.Below(static_cast<int64_t>(graph.outputs().size())))];
  RecomputeOptions options;
  options.loss = loss.name;
  options.segments = static_cast<int>(random.Below(5));
  // No segment is kept whole where names say what is.
  const Node& node = graph.node(loss.node);
  if (options.segments == 0 && !AsLeaf(*node.op).has_value()) {
    options.keep = {node.name};
  }
  const absl::StatusOr<Graph> less = RecomputeActivations(graph, options);
  if (!less.ok()) return less.status().ToString();
  const std::string wrong =
      CompareExactly(Interpreted(*less, leaves), expectation.results());
  if (!wrong.empty()) return wrong;
  absl::StatusOr<Execution> execution = Execution::Create(*less, leaves);
  if (!execution.ok()) return execution.status().ToString();
  const absl::StatusOr<LeafValues> outputs = execution->Run(leaves);
  if (!outputs.ok()) {
    return absl::IsOutOfRange(outputs.status()) && expectation.MayBeInfinite()
               ? ""
               : outputs.status().ToString();
  }
  return expectation.Compare(*outputs, statistics);
}

// A pass on values: those of leaves are what it says.
std::string CheckFolding(const Graph& graph, LeafValues leaves,
                         Expectation& expectation,
                         CheckStatistics* statistics) {
  Model model;
  model.graph = graph;
  model.values = StoredValues(graph, leaves);
  const absl::StatusOr<Model> folded = FoldBatchNorm(model);
  if (!folded.ok()) return folded.status().ToString();
  for (const auto& [name, value] : folded->values) {
    leaves[name] = DoubleTensor(value);
  }
  const auto count = [](const Graph& g) {
    return std::count_if(g.nodes().begin(), g.nodes().end(), [](const Node& n) {
      return n.op->kind() == "batch_normalize";
    });
  };
  statistics->folded += count(graph) - count(folded->graph);
  return expectation.Compare(Interpreted(folded->graph, leaves),
                             &statistics->comparisons);
}

}  // namespace

Outcome CheckPasses(const TestGraph& test, CheckStatistics* statistics) {
  const Graph& graph = test.graph;
  const LeafValues leaves = DrawLeaves(test, 3, 0);
  Expectation expectation(graph, leaves, test.seed);
  if (!expectation.usable()) {
    return {Verdict::kDiscarded, "results not finite"};
  }
  const auto fail = [](absl::string_view pass, const std::string& text) {
    return Outcome{Verdict::kFailed, absl::StrCat(pass, ": ", text)};
  };
  for (const Pass& pass : SimplifyPasses()) {
    const absl::StatusOr<Graph> result = pass.run(graph);
    if (!result.ok()) return fail(pass.name, result.status().ToString());
    const std::string wrong =
        CompareAfter(*result, leaves, expectation, &statistics->comparisons);
    if (!wrong.empty()) return fail(pass.name, wrong);
  }
  const absl::StatusOr<Graph> dead = RemoveDeadNodes(graph);
  if (!dead.ok()) return fail("remove dead nodes", dead.status().ToString());
  const std::string not_dead =
      CompareExactly(Interpreted(*dead, leaves), expectation.results());
  if (!not_dead.empty()) return fail("remove dead nodes", not_dead);

  const absl::StatusOr<Graph> simple = RunPasses(graph, SimplifyPasses());
  if (!simple.ok()) return fail("all passes", simple.status().ToString());
  std::string wrong =
      CompareAfter(*simple, leaves, expectation, &statistics->comparisons);
  if (!wrong.empty()) return fail("all passes", wrong);
  absl::StatusOr<Execution> execution = Execution::Create(*simple, leaves);
  if (!execution.ok()) {
    return fail("all passes", execution.status().ToString());
  }
  const absl::StatusOr<LeafValues> outputs = execution->Run(leaves);
  if (absl::IsOutOfRange(outputs.status()) && expectation.MayBeInfinite()) {
    return {Verdict::kDiscarded, "updates not finite once rounded"};
  }
  if (!outputs.ok()) {
    return fail("all passes, executed", outputs.status().ToString());
  }
  wrong = expectation.Compare(*outputs, &statistics->comparisons);
  if (!wrong.empty()) return fail("all passes, executed", wrong);

  TestRandom random = RandomFor(test.seed, "passes", 0);
  wrong = CheckInferenceForm(graph, leaves, random);
  if (!wrong.empty()) return fail("inference form", wrong);
  wrong = CheckFolding(graph, leaves, expectation, statistics);
  if (!wrong.empty()) return fail("fold batch norm", wrong);
  wrong = CheckRecomputation(graph, leaves, expectation, random,
                             &statistics->comparisons);
  if (!wrong.empty()) return fail("recomputation", wrong);
  return {};
}

}  // namespace espalier
