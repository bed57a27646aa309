// Passes: functions from graph to graph, or from model to model where values of
// parameters are read or reshaped. Each gives a new one and keeps results.
#ifndef ESPALIER_TRANSFORMS_PASSES_H_
#define ESPALIER_TRANSFORMS_PASSES_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "graph/graph.h"
#include "graph/model.h"

namespace espalier {

// Leaves out what no output and no update needs. Inputs stay.
absl::StatusOr<Graph> RemoveDeadNodes(const Graph& graph);

// Evaluates nodes whose inputs are all constants (in double precision, rounded
// to float32 once).
absl::StatusOr<Graph> FoldConstants(const Graph& graph);

// The inference form of a training graph: only the outputs named, no updates,
// and of the leaves only what these outputs need.
absl::StatusOr<Graph> InferenceForm(const Graph& graph,
                                    absl::Span<const std::string> outputs);
// The same on a model: values and domains of leaves that are gone go too.
absl::StatusOr<Model> InferenceForm(const Model& model,
                                    absl::Span<const std::string> outputs);

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_PASSES_H_
