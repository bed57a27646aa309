#include "serialization/memory_budget.h"

namespace espalier {

absl::Status MemoryError() {
  return absl::ResourceExhaustedError(
      "asks for more memory than its file accounts for");
}

absl::Status MemoryBudget::Charge(int64_t bytes) {
  if (bytes <= left_) {
    left_ -= bytes;
    return absl::OkStatus();
  }
  return MemoryError();
}

int64_t HeapBytesOf(absl::string_view text) {
  constexpr size_t kInPlace = 15;  // of std::string
  if (text.size() <= kInPlace) return 0;
  return HeapBytes(static_cast<int64_t>(text.size()) + 1);
}

}  // namespace espalier
