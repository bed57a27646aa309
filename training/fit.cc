#include "training/fit.h"

#include <utility>

#include "graph/status_macros.h"

namespace espalier {

absl::StatusOr<Model> Fit(GraphBuilder& graph, Value loss,
                          const Optimizer& optimizer, const Dataset& data,
                          const FitOptions& options) {
  ASSIGN_OR_RETURN(TrainResult result,
                   Train(graph, loss, optimizer, data, options));
  return std::move(result.model);
}

}  // namespace espalier
