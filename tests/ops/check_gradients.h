// Gradients of ops against differences, in double precision.
#ifndef ESPALIER_TESTS_OPS_CHECK_GRADIENTS_H_
#define ESPALIER_TESTS_OPS_CHECK_GRADIENTS_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "graph/graph.h"
#include "tests/ops/op_cases.h"

namespace espalier {

// With y the case's result, dx its gradients with respect to its f32 inputs,
// and new inputs c and v0, v1, ... of their shapes: "once" is sum(c * y),
// "twice" sum(v * dx) over all dx. The gradients of both are outputs too:
// "once_x0", "twice_x0", "twice_c"; and so is "y".
absl::StatusOr<Graph> GradientGraph(const OpCase& op_case);

// Each seed makes a batch size, a point and a direction.
struct Seeds {
  uint64_t first = 1;
  int count = 6;
};

// First and second derivatives along random directions against central
// differences: |a - b| <= 1e-8 + 1e-6 |b|. Over all seeds together they are
// zero where the case says that it is flat, and only there; where it stops
// gradients, those are zero.
void CheckGradients(const OpCase& op_case, const Seeds& seeds = Seeds());

}  // namespace espalier

#endif  // ESPALIER_TESTS_OPS_CHECK_GRADIENTS_H_
