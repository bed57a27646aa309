// Executable: a compiled graph, for any batch size.
#ifndef ESPALIER_RUNTIME_EXECUTABLE_H_
#define ESPALIER_RUNTIME_EXECUTABLE_H_

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "graph/graph.h"

namespace espalier {

struct CompileOptions {
  // Threads of each run; 0 for as many as OpenMP would take.
  int threads = 0;
  // Programs (one per batch size) kept; the least recently used goes first.
  int max_programs = 16;
  // A run that would need a larger arena is refused (ResourceExhausted).
  int64_t max_arena_bytes = int64_t{4} << 30;
};

// Immutable to its users, shared and thread-safe. Inside, programs are compiled
// at the first run of each batch size.
class Executable {
 public:
  // Lowers and plans the graph. Errors name the node that cannot be lowered.
  static absl::StatusOr<std::shared_ptr<const Executable>> Compile(
      const Graph& graph, const CompileOptions& options = CompileOptions());

  ~Executable();

  const Graph& graph() const;
  const CompileOptions& options() const;
  // The plan, a line per step, for people to read.
  std::string PlanText() const;
  int num_steps() const;
  // Memory that each session takes for a run of this batch size, besides
  // parameters and states. Compiles its program; errors are those of a run.
  absl::StatusOr<int64_t> ArenaBytes(int64_t batch) const;
  // What computes each step at this batch size: "z: onednn brg:avx512_core",
  // or "loss: espalier" for loops of our own. Compiles for it if need be.
  absl::StatusOr<std::vector<std::string>> Implementations(int64_t batch) const;

 private:
  friend class Session;
  class Impl;
  explicit Executable(std::unique_ptr<Impl> impl);

  std::unique_ptr<Impl> impl_;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_EXECUTABLE_H_
