// From a graph to a plan, a step per lowering verb.
#ifndef ESPALIER_RUNTIME_PLAN_BUILDER_H_
#define ESPALIER_RUNTIME_PLAN_BUILDER_H_

#include "absl/status/statusor.h"
#include "graph/graph.h"
#include "runtime/plan.h"

namespace espalier {

// Lowers the nodes that outputs and updates need. Nothing is fused yet, but
// what needs no step gets none or none that is read: identities and reshapes
// become aliases, numbers and stretched operands move into the formulas that
// read them. An error names the node that cannot be lowered.
absl::StatusOr<Plan> BuildPlan(const Graph& graph);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_PLAN_BUILDER_H_
