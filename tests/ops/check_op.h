// The checks that every op passes, driven by its cases.
#ifndef ESPALIER_TESTS_OPS_CHECK_OP_H_
#define ESPALIER_TESTS_OPS_CHECK_OP_H_

#include "graph/interpreter.h"
#include "tests/ops/op_cases.h"
#include "tests/testing/random_tensors.h"

namespace espalier {

// Random values for all inputs and parameters of a graph, as the case wants
// them.
LeafValues DrawLeaves(const OpCase& op_case, const Graph& graph, int64_t batch,
                      TestRandom& random);

// The inferred type is that of what Evaluate gives, for several batch sizes.
void CheckType(const OpCase& op_case);

// The op made again from kind and attributes has the same, and so has the graph
// printed and parsed.
void CheckAttributes(const OpCase& op_case);

// Float32 execution is as near to Evaluate as the case says, for several batch
// sizes, with operands without the batch as inputs and as parameters. Sums and
// products of small integers are exact.
void CheckExecution(const OpCase& op_case);

// The gradient's graph in float32 agrees with the interpreter's.
void CheckGradientExecution(const OpCase& op_case);

// Bounds contain Evaluate and float32 results at random and extreme points of
// random boxes, with tolerance zero.
void CheckBounds(const OpCase& op_case);

}  // namespace espalier

#endif  // ESPALIER_TESTS_OPS_CHECK_OP_H_
