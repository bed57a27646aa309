// Runs graphs in float32, through executable and session, from values as the
// interpreter takes them.
#ifndef ESPALIER_TESTS_TESTING_EXECUTION_H_
#define ESPALIER_TESTS_TESTING_EXECUTION_H_

#include <map>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "graph/graph.h"
#include "graph/interpreter.h"
#include "runtime/executable.h"
#include "runtime/session.h"

namespace espalier {

// By leaf name, of parameters and states only.
std::map<std::string, Tensor> StoredValues(const Graph& graph,
                                           const LeafValues& leaves);

// One graph, compiled once. Parameters and states take their values from the
// first run's leaves, with which their store is made.
class Execution {
 public:
  static absl::StatusOr<Execution> Create(
      const Graph& graph, const LeafValues& leaves,
      const CompileOptions& options = CompileOptions());

  // The outputs by name. `leaves` need hold the inputs only.
  absl::StatusOr<LeafValues> Run(const LeafValues& leaves);

 private:
  Execution(Graph graph, Session session)
      : graph_(std::move(graph)), session_(std::move(session)) {}

  Graph graph_;
  Session session_;
};

}  // namespace espalier

#endif  // ESPALIER_TESTS_TESTING_EXECUTION_H_
