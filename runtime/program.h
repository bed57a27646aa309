// Program: a plan compiled for one batch size. Immutable, shared by sessions.
#ifndef ESPALIER_RUNTIME_PROGRAM_H_
#define ESPALIER_RUNTIME_PROGRAM_H_

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/kernels.h"
#include "runtime/plan.h"

namespace espalier {

class Program {
 public:
  struct Step {
    std::unique_ptr<const Kernel> kernel;
    int64_t scratch_offset = 0;
  };

  // Errors name the step; ResourceExhausted if the arena would be larger than
  // max_arena_bytes. Kernels are made for options.threads threads. `plan` must
  // outlive the program.
  static absl::StatusOr<std::shared_ptr<const Program>> Compile(
      const Plan& plan, const KernelOptions& options, int64_t max_arena_bytes);

  int64_t batch() const { return batch_; }
  const std::vector<Step>& steps() const { return steps_; }
  int64_t arena_bytes() const { return arena_bytes_; }
  bool uses_workers() const { return uses_workers_; }
  // Where in the arena a temporary buffer is. REQUIRES: its memory is no leaf.
  int64_t offset(BufferId id) const {
    return offsets_[plan_.buffers[plan_.Root(id)].memory];
  }

 private:
  explicit Program(const Plan& plan) : plan_(plan) {}

  const Plan& plan_;
  int64_t batch_ = 0;
  std::vector<Step> steps_;
  std::vector<int64_t> offsets_;  // by buffer
  int64_t arena_bytes_ = 0;
  bool uses_workers_ = false;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_PROGRAM_H_
