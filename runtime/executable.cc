#include "runtime/executable.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "runtime/executable_impl.h"
#include "runtime/finite_checks.h"
#include "runtime/fusion.h"
#include "runtime/onednn/isa.h"
#include "runtime/placement.h"
#include "runtime/plan_builder.h"
#include "runtime/run_scope.h"

namespace espalier {
namespace {

CompileOptions Resolved(CompileOptions options) {
  options.threads = ResolveThreads(options.threads);
  return options;
}

}  // namespace

Executable::Impl::Impl(const Graph& graph, const CompileOptions& options,
                       Plan plan)
    : graph(graph),
      options(Resolved(options)),
      plan(std::move(plan)),
      isa(onednn::MaxIsa()),
      index_ranges(IndexRangesOfLeaves(this->plan)) {}

absl::StatusOr<std::shared_ptr<const Program>> Executable::Impl::ProgramFor(
    int64_t batch) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const auto found =
      std::find_if(programs_.begin(), programs_.end(),
                   [batch](const auto& p) { return p->batch() == batch; });
  if (found != programs_.end()) {
    programs_.splice(programs_.begin(), programs_, found);
    return programs_.front();
  }
  KernelOptions kernel_options;
  kernel_options.batch = batch;
  kernel_options.threads = options.threads;
  kernel_options.isa = isa;
  kernel_options.pack_parameters = plan.updates.empty();
  const RunScope scope(options.threads, /*workers=*/false);
  ASSIGN_OR_RETURN(
      std::shared_ptr<const Program> program,
      Program::Compile(plan, kernel_options, options.max_arena_bytes));
  programs_.push_front(program);
  while (programs_.size() > static_cast<size_t>(options.max_programs)) {
    programs_.pop_back();
  }
  return program;
}

absl::StatusOr<std::shared_ptr<const Executable>> Executable::Compile(
    const Graph& graph, const CompileOptions& options) {
  const std::string context = absl::StrCat("compile ", Quoted(graph.name()));
  if (options.threads < 0 || options.max_programs < 1 ||
      options.max_arena_bytes < 0) {
    return absl::InvalidArgumentError(absl::StrCat(
        context, ": options: threads ", options.threads, ", max_programs ",
        options.max_programs, ", max_arena_bytes ", options.max_arena_bytes,
        ": expected at least 0, 1 and 0"));
  }
  absl::StatusOr<Plan> plan = BuildPlan(graph);
  RETURN_IF_ERROR(Annotate(plan.status(), context));
  Fuse(*plan);
  AddFiniteChecks(*plan);
  PlaceUpdates(*plan);
  ShareMemory(*plan);
  return std::shared_ptr<const Executable>(
      new Executable(std::make_unique<Impl>(graph, options, *std::move(plan))));
}

Executable::Executable(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Executable::~Executable() = default;

const Graph& Executable::graph() const { return impl_->graph; }
const CompileOptions& Executable::options() const { return impl_->options; }
std::string Executable::PlanText() const { return impl_->plan.ToString(); }
absl::StatusOr<std::vector<std::string>> Executable::Implementations(
    int64_t batch) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Program> program,
                   impl_->ProgramFor(batch));
  std::vector<std::string> names;
  names.reserve(program->steps().size());
  for (size_t i = 0; i < program->steps().size(); ++i) {
    names.push_back(absl::StrCat(impl_->plan.steps[i].name, ": ",
                                 program->steps()[i].kernel->implementation()));
  }
  return names;
}
int Executable::num_steps() const {
  return static_cast<int>(impl_->plan.steps.size());
}

absl::StatusOr<int64_t> Executable::ArenaBytes(int64_t batch) const {
  ASSIGN_OR_RETURN(const std::shared_ptr<const Program> program,
                   impl_->ProgramFor(batch));
  return program->arena_bytes();
}

}  // namespace espalier
