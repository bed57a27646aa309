// How much memory loading a file may take, whatever the file says: three times
// its bytes and 16 MiB, counted before the memory is asked for.
#ifndef ESPALIER_SERIALIZATION_MEMORY_BUDGET_H_
#define ESPALIER_SERIALIZATION_MEMORY_BUDGET_H_

#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {

// ResourceExhausted.
absl::Status MemoryError();

class MemoryBudget {
 public:
  // For a file of so many bytes. A part is kept back for buffers that do not
  // grow with it.
  explicit MemoryBudget(int64_t file_bytes)
      : left_(3 * file_bytes + (int64_t{15} << 20)) {}

  int64_t left() const { return left_; }
  // MemoryError() if there are not so many left.
  absl::Status Charge(int64_t bytes);
  void GiveBack(int64_t bytes) { left_ += bytes; }

 private:
  int64_t left_;
};

// What a block of the heap takes with what the allocator adds.
constexpr int64_t HeapBytes(int64_t bytes) { return bytes + 16; }
// What a string takes beside the object.
int64_t HeapBytesOf(absl::string_view text);
// What an entry of a flat_hash_map of such elements takes: a slot and its byte,
// at a load of 7/16, as after growing. While it grows the table from which it
// comes is there too, half as large.
constexpr int64_t HashBytes(int64_t element) { return (element + 1) * 16 / 7; }
// An element of a list that grows by doubling, while it moves.
constexpr int64_t ListBytes(int64_t element) { return 3 * element; }

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MEMORY_BUDGET_H_
