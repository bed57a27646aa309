#include "runtime/program.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/memory_planner.h"

namespace espalier {
namespace {

constexpr int64_t kElementBytes = 4;

// Whether every buffer has a size that fits at this batch.
absl::Status CheckSizes(const Plan& plan, int64_t batch) {
  for (const PlanBuffer& buffer : plan.buffers) {
    const absl::optional<int64_t> elements =
        ExtentOf(buffer.type.shape).At(batch);
    if (!elements.has_value() || *elements > kMaxElements) {
      return absl::ResourceExhaustedError(absl::StrCat(
          "at batch size ", batch, " the result of node ", Quoted(buffer.name),
          " has more than ", kMaxElements, " elements"));
    }
  }
  return absl::OkStatus();
}

// One request per buffer that lives in the arena, from the step that writes it
// first to the last that reads it, or past the end for outputs.
struct Lifetimes {
  std::vector<BufferId> buffers;
  std::vector<ArenaRequest> requests;
};

Lifetimes FindLifetimes(const Plan& plan, int64_t batch) {
  const int steps = static_cast<int>(plan.steps.size());
  struct Life {
    int first;
    int last = -1;
  };
  std::vector<Life> lives(plan.buffers.size(), Life{steps});
  const auto use = [&](BufferId root, int at) {
    Life& life = lives[plan.buffers[root].memory];
    life.first = std::min(life.first, at);
    life.last = std::max(life.last, at);
  };
  for (int i = 0; i < steps; ++i) {
    for (BufferId id : ReadsOf(plan, plan.steps[i])) use(id, i);
    for (BufferId id : WritesOf(plan, plan.steps[i])) use(id, i);
  }
  for (BufferId id : plan.outputs) use(plan.Root(id), steps);
  for (const Plan::FiniteCheck& check : plan.finite_checks) {
    if (check.flag != kNoBuffer) use(check.flag, steps);
  }
  Lifetimes lifetimes;
  for (size_t id = 0; id < lives.size(); ++id) {
    const PlanBuffer& buffer = plan.buffers[id];
    if (lives[id].last < 0 || buffer.role != BufferRole::kTemporary) continue;
    const int64_t elements = *ExtentOf(buffer.type.shape).At(batch);
    lifetimes.buffers.push_back(static_cast<BufferId>(id));
    lifetimes.requests.push_back(
        {elements * kElementBytes, lives[id].first, lives[id].last});
  }
  return lifetimes;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const Program>> Program::Compile(
    const Plan& plan, const KernelOptions& options, int64_t max_arena_bytes) {
  RETURN_IF_ERROR(CheckSizes(plan, options.batch));
  auto program = std::shared_ptr<Program>(new Program(plan));
  program->batch_ = options.batch;
  Lifetimes lifetimes = FindLifetimes(plan, options.batch);
  // Before any kernel is made for sizes that are refused anyway.
  RETURN_IF_ERROR(PlanArena(lifetimes.requests, max_arena_bytes).status());
  // Scratch memory of a step lives in the arena while the step runs.
  const size_t num_buffers = lifetimes.requests.size();
  for (size_t i = 0; i < plan.steps.size(); ++i) {
    absl::StatusOr<std::unique_ptr<const Kernel>> kernel =
        MakeKernel(plan, plan.steps[i], options);
    RETURN_IF_ERROR(
        Annotate(kernel.status(),
                 absl::StrCat("step of node ", Quoted(plan.steps[i].name))));
    const int at = static_cast<int>(i);
    lifetimes.requests.push_back({(*kernel)->scratch_bytes(), at, at});
    program->uses_workers_ |= (*kernel)->uses_workers();
    program->steps_.push_back({*std::move(kernel)});
  }
  ASSIGN_OR_RETURN(const ArenaPlan arena,
                   PlanArena(lifetimes.requests, max_arena_bytes));
  program->arena_bytes_ = arena.bytes;
  program->offsets_.assign(plan.buffers.size(), 0);
  for (size_t i = 0; i < num_buffers; ++i) {
    program->offsets_[lifetimes.buffers[i]] = arena.offsets[i];
  }
  for (size_t i = 0; i < program->steps_.size(); ++i) {
    program->steps_[i].scratch_offset = arena.offsets[num_buffers + i];
  }
  return std::shared_ptr<const Program>(std::move(program));
}

}  // namespace espalier
