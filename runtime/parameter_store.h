// ParameterStore: the values of a graph's parameters and states while it runs.
#ifndef ESPALIER_RUNTIME_PARAMETER_STORE_H_
#define ESPALIER_RUNTIME_PARAMETER_STORE_H_

#include <cstdint>
#include <map>
#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "graph/graph.h"
#include "graph/model.h"
#include "graph/tensor.h"

namespace espalier {

// Shared by sessions, also of several graphs: one to train and one to evaluate,
// say. Sessions without updates only read it (and add packed copies of weights,
// under a lock, when a program is first compiled); at most one session with
// updates runs over a store, and none of the others while it does.
class ParameterStore {
 public:
  // Values drawn by the leaves' initialisers: parameter number i takes stream
  // i of `seed`.
  static std::shared_ptr<ParameterStore> Initialised(const Graph& graph,
                                                     uint64_t seed);
  // Values by leaf name; an error names a leaf without a value, with one of
  // another type or with one that is not finite. Values of no leaf are left
  // out.
  static absl::StatusOr<std::shared_ptr<ParameterStore>> FromValues(
      const Graph& graph, const std::map<std::string, Tensor>& values);

  ~ParameterStore();

  // Copies of all values by leaf name.
  std::map<std::string, Tensor> Values() const;

 private:
  friend class Session;
  class Impl;
  explicit ParameterStore(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_PARAMETER_STORE_H_
