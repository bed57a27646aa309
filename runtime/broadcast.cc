#include "runtime/broadcast.h"

namespace espalier {

absl::optional<BroadcastAccess> ClassifyBroadcast(const Shape& operand,
                                                  const Shape& output) {
  // Runs of neighbouring axes that are all stretched or all read; axes of
  // size 1 belong to either.
  int runs = 0;
  bool first_stretched = false;
  bool last_stretched = false;
  int64_t last_size = 1;  // elements of the last run
  for (int i = 0; i < output.rank(); ++i) {
    const int64_t size = output.dim(i);
    if (size == 1) continue;
    const int at = i - (output.rank() - operand.rank());
    const bool stretched = at < 0 || operand.dim(at) == 1;
    if (runs == 0 || stretched != last_stretched) {
      if (runs == 0) first_stretched = stretched;
      ++runs;
      last_stretched = stretched;
      last_size = 1;
    }
    last_size *= size;
  }
  switch (runs) {
    case 0:
      return BroadcastAccess{Access::kFull, 0};
    case 1:
      return BroadcastAccess{first_stretched ? Access::kScalar : Access::kFull,
                             0};
    case 2:
      // A second run never has the batch, which only leads.
      return BroadcastAccess{first_stretched ? Access::kRow : Access::kColumn,
                             last_size};
    default:
      return absl::nullopt;
  }
}

}  // namespace espalier
