// Short ways to look at plans in tests.
#ifndef ESPALIER_TESTS_RUNTIME_PLAN_HELPERS_H_
#define ESPALIER_TESTS_RUNTIME_PLAN_HELPERS_H_

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/types/variant.h"
#include "graph/builder.h"
#include "runtime/plan.h"
#include "runtime/plan_builder.h"

namespace espalier {

// The plan of what has been built, not fused yet. A failure of the test, and
// an empty plan, if there is an error.
inline Plan PlanOf(GraphBuilder& g) {
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_TRUE(graph.ok()) << graph.status();
  if (!graph.ok()) return Plan();
  absl::StatusOr<Plan> plan = BuildPlan(*graph);
  EXPECT_TRUE(plan.ok()) << plan.status();
  return plan.ok() ? *std::move(plan) : Plan();
}

// "matmul", "elementwise", ... of each step.
inline std::vector<std::string> Kinds(const Plan& plan) {
  static const char* const kNames[] = {"matmul",
                                       "elementwise",
                                       "sum",
                                       "softmax",
                                       "cross-entropy",
                                       "cross-entropy gradient",
                                       "dropout",
                                       "copy",
                                       "rearrange",
                                       "gather",
                                       "scatter-add",
                                       "layer norm",
                                       "layer norm gradient",
                                       "softmax gradient"};
  std::vector<std::string> kinds;
  for (const Step& step : plan.steps) {
    kinds.push_back(kNames[step.work.index()]);
  }
  return kinds;
}

template <typename Work>
const Work& StepAs(const Plan& plan, size_t i) {
  return absl::get<Work>(plan.steps.at(i).work);
}

}  // namespace espalier

#endif  // ESPALIER_TESTS_RUNTIME_PLAN_HELPERS_H_
