// Passes: functions from graph to graph, or from model to model where values of
// parameters are read or reshaped. Each gives a new one and keeps results.
#ifndef ESPALIER_TRANSFORMS_PASSES_H_
#define ESPALIER_TRANSFORMS_PASSES_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "graph/graph.h"
#include "graph/model.h"

namespace espalier {

// Leaves out what no output and no update needs. Inputs stay.
absl::StatusOr<Graph> RemoveDeadNodes(const Graph& graph);
// The same on a model: values of leaves that are gone go too.
absl::StatusOr<Model> RemoveDeadNodes(const Model& model);

// Evaluates f32 nodes whose inputs are all constants (in double precision, a
// chain of them rounded to float32 once). A result with the batch, or one that
// has both over 65536 elements and more than its inputs together, stays as it
// is. The constants that nobody reads any more stay too: RemoveDeadNodes.
absl::StatusOr<Graph> FoldConstants(const Graph& graph);

// The inference form of a training graph: only the outputs named, in that
// order, no updates, the input in place of each op that only training needs
// (Op::inference_input), and of the leaves only what is needed then.
absl::StatusOr<Graph> InferenceForm(const Graph& graph,
                                    absl::Span<const std::string> outputs);
// The same on a model: values and domains of leaves that are gone go too.
absl::StatusOr<Model> InferenceForm(const Model& model,
                                    absl::Span<const std::string> outputs);

struct Pass {
  absl::string_view name;
  absl::StatusOr<Graph> (*run)(const Graph& graph);
};

// Passes that make any graph smaller and no result different.
absl::Span<const Pass> SimplifyPasses();

struct RunPassesOptions {
  std::vector<std::string> disabled;  // names of passes to leave out
  // Called after each pass, to print or measure.
  std::function<void(const Pass& pass, const Graph& result)> after;
};

// Runs the passes in order. Errors: one of a pass, with "pass '<name>'" in
// front; a disabled name that is none of `passes`.
absl::StatusOr<Graph> RunPasses(
    const Graph& graph, absl::Span<const Pass> passes,
    const RunPassesOptions& options = RunPassesOptions());

}  // namespace espalier

#endif  // ESPALIER_TRANSFORMS_PASSES_H_
