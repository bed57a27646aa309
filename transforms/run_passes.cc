#include <algorithm>

#include "absl/strings/str_cat.h"
#include "graph/status.h"
#include "graph/status_macros.h"
#include "transforms/passes.h"

namespace espalier {
namespace {

constexpr Pass kSimplifyPasses[] = {
    {"fold-constants", FoldConstants},
    {"remove-dead-nodes", RemoveDeadNodes},
};

}  // namespace

absl::Span<const Pass> SimplifyPasses() { return kSimplifyPasses; }

absl::StatusOr<Graph> RunPasses(const Graph& graph,
                                absl::Span<const Pass> passes,
                                const RunPassesOptions& options) {
  for (const std::string& name : options.disabled) {
    if (std::none_of(passes.begin(), passes.end(),
                     [&](const Pass& pass) { return pass.name == name; })) {
      return absl::InvalidArgumentError(
          absl::StrCat("there is no pass ", Quoted(name), " to disable"));
    }
  }
  Graph current = graph;
  for (const Pass& pass : passes) {
    if (std::find(options.disabled.begin(), options.disabled.end(),
                  pass.name) != options.disabled.end()) {
      continue;
    }
    absl::StatusOr<Graph> result = pass.run(current);
    if (!result.ok()) {
      return Annotate(result.status(),
                      absl::StrCat("pass ", Quoted(pass.name)));
    }
    current = *std::move(result);
    if (options.after) options.after(pass, current);
  }
  return current;
}

}  // namespace espalier
