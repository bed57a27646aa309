// The interpreter: runs a graph node by node in double precision. Slow and
// obvious; everything else is compared with it.
#ifndef ESPALIER_GRAPH_INTERPRETER_H_
#define ESPALIER_GRAPH_INTERPRETER_H_

#include <map>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "graph/double_tensor.h"
#include "graph/graph.h"

namespace espalier {

// By name of an input, parameter or state.
using LeafValues = std::map<std::string, DoubleTensor>;

struct InterpretedRun {
  std::vector<DoubleTensor> nodes;  // by NodeId
  LeafValues outputs;               // by output name
  LeafValues updates;               // new values by leaf name
};

// The result of one node, of shape `output`. Internal if its op gives another
// shape, which is a mistake of the op.
absl::StatusOr<DoubleTensor> EvaluateNode(
    const Node& node, absl::Span<const DoubleTensor* const> inputs,
    const Shape& output);

// `leaves` holds a value for every input, parameter and state of the graph. The
// batch N is the leading dimension of the inputs that have it; they must agree.
absl::StatusOr<InterpretedRun> Interpret(const Graph& graph,
                                         const LeafValues& leaves);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_INTERPRETER_H_
