#include "pruning/probes.h"

#include <algorithm>
#include <limits>

#include "gmock/gmock.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

constexpr char kGraph[] = R"(graph g {
  x = input(dtype="f32", shape=[-1, 3])
  k = input(dtype="i32", shape=[-1])
  y = neg(x)
  output y = y
})";
constexpr float kLargest = std::numeric_limits<float>::max();

TEST(CompleteDomainsTest, FillsInWhatIsMissing) {
  const Graph graph = Parse(kGraph);
  const auto domains = CompleteDomains(graph, {}, 2);
  ASSERT_EQ(domains.size(), 1u);
  EXPECT_THAT(domains.at("x").lower, ElementsAre(-2, -2, -2));
  EXPECT_THAT(domains.at("x").upper, ElementsAre(2, 2, 2));
  const auto given = CompleteDomains(graph, {{"x", {{0, 0, 0}, {1, 1, 1}}}}, 2);
  EXPECT_THAT(given.at("x").upper, ElementsAre(1, 1, 1));
}

TEST(MakeProbesTest, CoverTheBoxAndStayInside) {
  const Graph graph = Parse(kGraph);
  const InputDomain box = {{-1, 0.25f, -kLargest}, {3, 0.25f, kLargest}};
  const std::vector<Tensor> probes = MakeProbes(graph, {{"x", box}}, 1024, 0);
  ASSERT_EQ(probes.size(), 2u);
  EXPECT_EQ(probes[0].shape(), Shape({1024, 3}));
  EXPECT_THAT(probes[1].data<int32_t>(), Each(0));
  const absl::Span<const float> x = probes[0].data<float>();
  int corners = 0;
  int faint = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_GE(x[i], box.lower[i % 3]);
    ASSERT_LE(x[i], box.upper[i % 3]);
    if (i % 3 != 0) continue;
    if (x[i] == -1 || x[i] == 3) ++corners;
    if (std::fabs(x[i]) < 0.01f) ++faint;
  }
  EXPECT_GE(corners, 500);
  EXPECT_LT(corners, 600);
  EXPECT_GE(faint, 30);
  // The two extreme corners and the centre.
  EXPECT_THAT(x.subspan(0, 3), ElementsAre(-1, 0.25f, -kLargest));
  EXPECT_THAT(x.subspan(3, 3), ElementsAre(1, 0.25f, 0));
  EXPECT_THAT(x.subspan(6, 3), ElementsAre(3, 0.25f, kLargest));
}

TEST(MakeProbesTest, DependOnTheSeedAlone) {
  const Graph graph = Parse(kGraph);
  const auto domains = CompleteDomains(graph, {}, 1);
  EXPECT_EQ(MakeProbes(graph, domains, 50, 1)[0],
            MakeProbes(graph, domains, 50, 1)[0]);
  EXPECT_NE(MakeProbes(graph, domains, 50, 1)[0],
            MakeProbes(graph, domains, 50, 2)[0]);
}

TEST(BetweenTest, NeverLeavesItsEnds) {
  EXPECT_EQ(Between(-kLargest, kLargest, 0.5), 0);
  EXPECT_EQ(Between(1, 3, 0.25), 1.5f);
  EXPECT_EQ(Between(3, 1, 0.25), 2.5f);
  EXPECT_EQ(Between(0.1f, 0.1f, 0.3), 0.1f);
}

}  // namespace
}  // namespace espalier
