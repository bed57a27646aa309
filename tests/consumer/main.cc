#include <espalier/espalier.h>

#if defined(RETURN_IF_ERROR) || defined(ASSIGN_OR_RETURN)
#error "<espalier/espalier.h> must not define unprefixed macros"
#endif

#include <espalier/status_macros.h>

#include <iostream>

#include "graph/graph.h"

namespace {

absl::Status Run() {
  espalier::GraphBuilder g("consumer");
  espalier::Value x = g.Input("x", {espalier::kBatch, 3});
  g.Output("y", x);
  ASSIGN_OR_RETURN(espalier::Graph graph, g.Build());
  Graph streets;
  streets.AddStreet();
  if (graph.inputs().size() != 1 || streets.streets() != 1) {
    return absl::InternalError("two kinds of graph got mixed up");
  }
  return absl::OkStatus();
}

}  // namespace

int main() {
  const absl::Status status = Run();
  if (!status.ok()) std::cerr << status << "\n";
  return status.ok() ? 0 : 1;
}
