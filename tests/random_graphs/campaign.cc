#include "tests/random_graphs/campaign.h"

#include <chrono>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "graph/text.h"
#include "tests/random_graphs/graph_maker.h"
#include "tests/random_graphs/shrink.h"

namespace espalier {
namespace {

std::string FailureText(const TestGraph& test, const Check& check,
                        const Outcome& outcome) {
  const auto fails = [&](const TestGraph& candidate) {
    CheckStatistics ignored;
    return check.run(candidate, &ignored).verdict == Verdict::kFailed;
  };
  const TestGraph small = Shrink(test, fails);
  CheckStatistics ignored;
  std::string ranges;
  for (const auto& ids :
       {small.graph.inputs(), small.graph.parameters(), small.graph.states()}) {
    for (NodeId id : ids) {
      const auto range = small.ranges.find(small.graph.node(id).name);
      if (range == small.ranges.end()) continue;
      absl::StrAppend(&ranges, "# ", range->first, " in [", range->second.low,
                      ", ", range->second.high, ")\n");
    }
  }
  return absl::StrCat(
      "seed ", test.seed, ", ", check.name, ": ", outcome.text,
      "\nrepeat: tools/random_graphs.sh 1 ", test.seed, "\nshrunk from ",
      test.graph.num_nodes(), " nodes to ", small.graph.num_nodes(), ": ",
      check.run(small, &ignored).text, "\n", ranges, PrintGraph(small.graph));
}

}  // namespace

void RunGraph(uint64_t seed, absl::Span<const Check> checks,
              Campaign& campaign) {
  ++campaign.graphs;
  const absl::StatusOr<TestGraph> test = MakeRandomGraph(seed);
  if (!test.ok()) {
    campaign.failures.push_back(absl::StrCat(
        "seed ", seed, ", making the graph: ", test.status().ToString(),
        "\nrepeat: tools/random_graphs.sh 1 ", seed));
    return;
  }
  campaign.nodes += test->graph.num_nodes();
  for (const Node& node : test->graph.nodes()) {
    campaign.kinds.insert(std::string(node.op->kind()));
  }
  bool discarded = false;
  for (const Check& check : checks) {
    const auto start = std::chrono::steady_clock::now();
    const Outcome outcome = check.run(*test, &campaign.statistics);
    const std::chrono::duration<double> time =
        std::chrono::steady_clock::now() - start;
    campaign.seconds[std::string(check.name)] += time.count();
    if (outcome.verdict == Verdict::kDiscarded) {
      discarded = true;
      ++campaign.reasons[absl::StrCat(check.name, ": ", outcome.text)];
    } else if (outcome.verdict == Verdict::kFailed) {
      campaign.failures.push_back(FailureText(*test, check, outcome));
    }
  }
  if (discarded) ++campaign.discarded;
}

std::string Campaign::Summary() const {
  const ComparisonStatistics& c = statistics.comparisons;
  std::string text = absl::StrFormat(
      "%d graphs of %.1f nodes, %d kinds; %d failures; %d discarded (%.1f %%)\n"
      "executed: %d results, %d all zero, %d elements (%.2f %% with a wide "
      "bound); bound: the largest deviation at random parts of %g times each "
      "node's error; largest error %.2f of it\n"
      "derivatives: %d compared, largest error %.2f of 1e-8 + 1e-6 times "
      "their terms + twice the differences' own doubt\n"
      "bounds: %d elements inside, %d that may be anything; %d batch norms "
      "folded\n",
      graphs, static_cast<double>(nodes) / static_cast<double>(graphs),
      kinds.size(), failures.size(), discarded,
      100.0 * static_cast<double>(discarded) / static_cast<double>(graphs),
      c.tensors, c.all_zero, c.elements,
      100.0 * static_cast<double>(c.weak) / static_cast<double>(c.elements),
      kMargin, c.worst_ratio, statistics.derivatives,
      statistics.worst_derivative, statistics.bounded, statistics.unbounded,
      statistics.folded);
  for (const auto& [reason, count] : reasons) {
    absl::StrAppend(&text, "discarded, ", reason, ": ", count, "\n");
  }
  for (const auto& [check, time] : seconds) {
    absl::StrAppendFormat(&text, "%s: %.1f s\n", check, time);
  }
  return text;
}

}  // namespace espalier
