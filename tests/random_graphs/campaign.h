// Runs every check on many random graphs and counts what happened.
#ifndef ESPALIER_TESTS_RANDOM_GRAPHS_CAMPAIGN_H_
#define ESPALIER_TESTS_RANDOM_GRAPHS_CAMPAIGN_H_

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "tests/random_graphs/checks.h"

namespace espalier {

struct Campaign {
  int64_t graphs = 0;
  int64_t nodes = 0;
  // Graphs of which some check could compare nothing, and why.
  int64_t discarded = 0;
  std::map<std::string, int64_t> reasons;
  std::set<std::string> kinds;  // of nodes that were generated
  CheckStatistics statistics;
  // One text each: seed, how to repeat it, what disagrees, the shrunk graph.
  std::vector<std::string> failures;
  std::map<std::string, double> seconds;  // by check

  std::string Summary() const;
};

// One graph by its seed. `checks` are Checks() or some of them.
void RunGraph(uint64_t seed, absl::Span<const Check> checks,
              Campaign& campaign);

}  // namespace espalier

#endif  // ESPALIER_TESTS_RANDOM_GRAPHS_CAMPAIGN_H_
