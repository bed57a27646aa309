#include "tests/testing/execution.h"

#include <map>
#include <string>
#include <vector>

#include "graph/status_macros.h"
#include "runtime/parameter_store.h"

namespace espalier {

std::map<std::string, Tensor> StoredValues(const Graph& graph,
                                           const LeafValues& leaves) {
  std::map<std::string, Tensor> values;
  for (const auto& ids : {graph.parameters(), graph.states()}) {
    for (NodeId id : ids) {
      const Node& node = graph.node(id);
      values[node.name] = leaves.at(node.name).ToTensor(node.type.dtype);
    }
  }
  return values;
}

absl::StatusOr<Execution> Execution::Create(const Graph& graph,
                                            const LeafValues& leaves,
                                            const CompileOptions& options) {
  ASSIGN_OR_RETURN(auto executable, Executable::Compile(graph, options));
  ASSIGN_OR_RETURN(auto store, ParameterStore::FromValues(
                                   graph, StoredValues(graph, leaves)));
  ASSIGN_OR_RETURN(Session session, Session::Create(executable, store));
  return Execution(graph, std::move(session));
}

absl::StatusOr<LeafValues> Execution::Run(const LeafValues& leaves) {
  std::vector<Tensor> inputs;
  inputs.reserve(graph_.inputs().size());
  for (NodeId id : graph_.inputs()) {
    const Node& node = graph_.node(id);
    inputs.push_back(leaves.at(node.name).ToTensor(node.type.dtype));
  }
  const std::vector<TensorView> views(inputs.begin(), inputs.end());
  RETURN_IF_ERROR(session_.Run(views));
  LeafValues outputs;
  for (size_t i = 0; i < graph_.outputs().size(); ++i) {
    outputs[graph_.outputs()[i].name] =
        DoubleTensor(session_.output(static_cast<int>(i)));
  }
  return outputs;
}

}  // namespace espalier
