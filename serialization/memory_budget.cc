#include "serialization/memory_budget.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "graph/status_macros.h"

namespace espalier {

MemoryBudget MemoryBudget::Unlimited() {
  MemoryBudget budget;
  budget.allowed_ = std::numeric_limits<int64_t>::max() / 2;
  return budget;
}

void MemoryBudget::AddFile(int64_t bytes) {
  file_bytes_ += bytes;
  allowed_ += 3 * bytes;
}

absl::Status MemoryBudget::Charge(int64_t bytes) {
  if (bytes > left()) {
    return absl::ResourceExhaustedError(absl::StrCat(
        "needs at least ", taken_ + bytes,
        " bytes of memory to load (messages, nodes, names and tensors): for a "
        "file of ",
        file_bytes_, " bytes at most ", allowed_, " are taken"));
  }
  taken_ += bytes;
  most_ = std::max(most_, taken_);
  return absl::OkStatus();
}

absl::Status MemoryBudget::Replace(int64_t before, int64_t after) {
  if (before == after) return absl::OkStatus();
  RETURN_IF_ERROR(Charge(after));
  GiveBack(before);
  return absl::OkStatus();
}

int64_t HeapBytesOf(absl::string_view text) {
  constexpr size_t kInPlace = 15;  // of std::string
  if (text.size() <= kInPlace) return 0;
  return HeapBytes(static_cast<int64_t>(text.size()) + 1);
}

int64_t HashTableBytes(int64_t elements, int64_t element) {
  if (elements == 0) return 0;
  int64_t slots = 1;
  while (elements > (slots == 7 ? 6 : slots - slots / 8)) {
    slots = 2 * slots + 1;
  }
  constexpr int64_t kMore = 32;  // bytes after those of the slots
  return HeapBytes(slots * (element + 1) + kMore);
}

int64_t GrownListBytes(int64_t elements, int64_t element) {
  if (elements == 0) return 0;
  int64_t room = 1;
  while (room < elements) room *= 2;
  return HeapBytes(room * element);
}

}  // namespace espalier
