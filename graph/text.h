// The graph text: a graph as lines for people to read and tests to write.
//
//   graph cosine {
//     x: f32[N, 1] = input(dtype="f32", shape=[-1, 1])
//     w: f32[1, 2] = constant(value=f32[1, 2]{0.5, -1.0})
//     z: f32[N, 2] = matmul(x, w; transpose_a=false, transpose_b=false)
//     output y = z
//   }
//
// A line per node in the graph's order (name, type, op kind, inputs,
// attributes), then outputs and updates (`update leaf = value`). Printing and
// parsing are each other's inverse, to the bit. `#` starts a comment.
#ifndef ESPALIER_GRAPH_TEXT_H_
#define ESPALIER_GRAPH_TEXT_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "graph/graph.h"
#include "graph/op.h"

namespace espalier {

std::string PrintGraph(const Graph& graph);

// Errors name line and column, what was expected and what came; and, where the
// op or the builder refuses, the node. The type after a name may be left out
// (`z = matmul(...)`); one that is given must be the inferred one.
absl::StatusOr<Graph> ParseGraph(absl::string_view text, const OpTable& ops);

}  // namespace espalier

#endif  // ESPALIER_GRAPH_TEXT_H_
