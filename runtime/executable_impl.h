// What an Executable holds; private to runtime/.
#ifndef ESPALIER_RUNTIME_EXECUTABLE_IMPL_H_
#define ESPALIER_RUNTIME_EXECUTABLE_IMPL_H_

#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <vector>

#include "absl/status/statusor.h"
#include "runtime/elementwise/isa.h"
#include "runtime/executable.h"
#include "runtime/index_ranges.h"
#include "runtime/plan.h"
#include "runtime/program.h"

namespace espalier {

class Executable::Impl {
 public:
  Impl(const Graph& graph, const CompileOptions& options, Plan plan);

  // The program for a batch size; compiles it if it is not kept.
  absl::StatusOr<std::shared_ptr<const Program>> ProgramFor(int64_t batch);

  const Graph graph;
  const CompileOptions options;  // threads resolved
  const Plan plan;
  const Isa isa;
  const std::vector<IndexRange> index_ranges;  // of leaves

 private:
  std::mutex mutex_;
  // The most recently used first; at most options.max_programs.
  std::list<std::shared_ptr<const Program>> programs_;
};

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_EXECUTABLE_IMPL_H_
