// Session: runs an executable over a store of parameters.
#ifndef ESPALIER_RUNTIME_SESSION_H_
#define ESPALIER_RUNTIME_SESSION_H_

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "graph/tensor.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"

namespace espalier {

// Arena, scratchpad and store, for one thread at a time. Sessions on several
// threads may share one executable and, without updates, one store. A steady
// Run (of a batch size seen lately) takes no lock and allocates nothing.
class Session {
 public:
  // Errors: a store made for a graph with other parameters or states; a second
  // session over a store when the graph has updates.
  static absl::StatusOr<Session> Create(
      std::shared_ptr<const Executable> executable,
      std::shared_ptr<ParameterStore> store);

  Session(Session&&) noexcept;
  Session& operator=(Session&&) noexcept;
  ~Session();

  // One view per graph input, in the graph's order; all batches agree. Applies
  // the updates. Errors name the input: wrong count, type or shape, a value
  // that is not finite, a label outside its classes; after those nothing has
  // been updated. OutOfRange: a leaf's new value, named, is not finite (it has
  // been stored; a training that gets there has diverged).
  absl::Status Run(absl::Span<const TensorView> inputs);

  // Output number i of the last successful Run (an empty view before it); good
  // until the next Run. Where it is a parameter or state, or an update's new
  // value of one, it may point into the store, and then shows what another
  // session makes of it too.
  TensorView output(int i) const;

 private:
  class Impl;
  explicit Session(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_SESSION_H_
