// Packs buffers with known lifetimes into one arena.
#ifndef ESPALIER_RUNTIME_MEMORY_PLANNER_H_
#define ESPALIER_RUNTIME_MEMORY_PLANNER_H_

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace espalier {

// Used by the steps first to last, both included.
struct ArenaRequest {
  int64_t bytes = 0;
  int first = 0;
  int last = 0;
};

struct ArenaPlan {
  std::vector<int64_t> offsets;  // per request, multiples of its AlignmentOf
  int64_t bytes = 0;             // of the arena
};

// Requests whose lifetimes meet get disjoint memory. The largest are placed
// first, each at the lowest place that is free for its whole lifetime.
// ResourceExhausted if the arena would be larger than max_bytes.
// REQUIRES: bytes >= 0, first <= last.
absl::StatusOr<ArenaPlan> PlanArena(absl::Span<const ArenaRequest> requests,
                                    int64_t max_bytes);

}  // namespace espalier

#endif  // ESPALIER_RUNTIME_MEMORY_PLANNER_H_
