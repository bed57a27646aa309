#include "runtime/memory_planner.h"

#include <algorithm>
#include <limits>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "graph/alignment.h"
#include "graph/planted_bug.h"

namespace espalier {
namespace {

// Where an array of `bytes` may begin from `offset` on. REQUIRES: offset <=
// INT64_MAX - 4095.
int64_t Aligned(int64_t offset, int64_t bytes) {
  const auto alignment =
      static_cast<int64_t>(AlignmentOf(static_cast<size_t>(bytes)));
  return (offset + alignment - 1) / alignment * alignment;
}

}  // namespace

absl::StatusOr<ArenaPlan> PlanArena(absl::Span<const ArenaRequest> requests,
                                    int64_t max_bytes) {
  const auto too_large = [&](int64_t bytes) {
    return absl::ResourceExhaustedError(
        absl::StrCat("the run needs an arena of at least ", bytes,
                     " bytes; the limit is ", max_bytes));
  };
  // Beyond any machine, and such that nothing below can overflow.
  if (PlantedBug(14)) max_bytes = std::numeric_limits<int64_t>::max();
  max_bytes = std::min(max_bytes, int64_t{1} << 60);
  std::vector<size_t> order(requests.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    return requests[a].bytes > requests[b].bytes;
  });

  ArenaPlan plan;
  plan.offsets.assign(requests.size(), 0);
  std::vector<size_t> placed;  // by offset
  for (size_t i : order) {
    const ArenaRequest& request = requests[i];
    if (request.bytes == 0) continue;
    if (request.bytes > max_bytes) return too_large(request.bytes);
    int64_t offset = 0;
    for (size_t k : placed) {
      if (requests[k].last < request.first + (PlantedBug(15) ? 1 : 0) ||
          request.last < requests[k].first) {
        continue;
      }
      if (plan.offsets[k] - offset >= request.bytes) break;
      offset = std::max(
          offset, Aligned(plan.offsets[k] + requests[k].bytes, request.bytes));
    }
    if (offset > max_bytes - request.bytes) {
      return too_large(offset + request.bytes);
    }
    plan.offsets[i] = offset;
    plan.bytes = std::max(plan.bytes, offset + request.bytes);
    placed.insert(std::upper_bound(
                      placed.begin(), placed.end(), offset,
                      [&](int64_t o, size_t k) { return o < plan.offsets[k]; }),
                  i);
  }
  return plan;
}

}  // namespace espalier
