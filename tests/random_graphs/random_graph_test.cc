// A fixed number of random graphs; tools/random_graphs.sh runs more.
#include <iostream>
#include <set>
#include <string>

#include "graph/leaves.h"
#include "gtest/gtest.h"
#include "ops/registry.h"
#include "tests/random_graphs/campaign.h"
#include "tests/random_graphs/graph_maker.h"

namespace espalier {
namespace {

TEST(RandomGraphTest, EveryCheckHolds) {
  Campaign campaign;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    RunGraph(seed, Checks(), campaign);
  }
  std::cout << campaign.Summary();
  for (const std::string& failure : campaign.failures) {
    ADD_FAILURE() << failure;
  }
  EXPECT_LT(campaign.discarded * 5, campaign.graphs);
  EXPECT_GT(campaign.statistics.folded, 5);
}

// Kinds that only gradients make have to come up in those.
TEST(RandomGraphTest, EveryKindComesUp) {
  std::set<std::string> expected;
  std::set<std::string> from_gradients;
  for (const OpTable::Entry& entry : StandardOps().entries()) {
    const std::string kind(entry.kind);
    (OnlyGradientsMake(kind) ? from_gradients : expected).insert(kind);
  }
  std::set<std::string> found;
  std::set<std::string> found_in_gradients;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const absl::StatusOr<TestGraph> test = MakeRandomGraph(seed);
    ASSERT_TRUE(test.ok()) << test.status();
    for (const Node& node : test->graph.nodes()) {
      const std::string kind(node.op->kind());
      (OnlyGradientsMake(kind) ? found_in_gradients : found).insert(kind);
    }
  }
  EXPECT_EQ(found, expected);
  EXPECT_EQ(found_in_gradients, from_gradients);
}

}  // namespace
}  // namespace espalier
