// How much memory loading a file may take, whatever the file says: three times
// its bytes and 16 MiB, counted before the memory is asked for.
#ifndef ESPALIER_SERIALIZATION_MEMORY_BUDGET_H_
#define ESPALIER_SERIALIZATION_MEMORY_BUDGET_H_

#include <algorithm>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace espalier {

class MemoryBudget {
 public:
  // For a file of so many bytes. A part is kept back for buffers that do not
  // grow with it.
  explicit MemoryBudget(int64_t file_bytes) { AddFile(file_bytes); }
  // For one that only counts.
  static MemoryBudget Unlimited();

  // More bytes of the file, or of one beside it.
  void AddFile(int64_t bytes);
  int64_t file_bytes() const { return file_bytes_; }
  int64_t allowed() const { return allowed_; }
  int64_t left() const { return allowed_ - taken_; }
  // The most that was taken at one time.
  int64_t most() const { return most_; }

  // ResourceExhausted, with the numbers, if there are not so many left.
  absl::Status Charge(int64_t bytes);
  void GiveBack(int64_t bytes) { taken_ -= bytes; }
  // Of what grows by being copied: both are there for a while.
  absl::Status Replace(int64_t before, int64_t after);

 private:
  MemoryBudget() = default;

  int64_t file_bytes_ = 0;
  int64_t allowed_ = int64_t{15} << 20;
  int64_t taken_ = 0;
  int64_t most_ = 0;
};

// What a block of the heap takes with what the allocator adds.
constexpr int64_t HeapBytes(int64_t bytes) {
  return std::max<int64_t>(32, (bytes + 8 + 15) / 16 * 16);
}
// What a string takes beside the object.
int64_t HeapBytesOf(absl::string_view text);
// A flat_hash_map of so many elements that was not told of them ahead: a slot
// and a byte each, at most 7 of 8 in use.
int64_t HashTableBytes(int64_t elements, int64_t element);
// The most that an element's part of one can be, while it grows.
constexpr int64_t HashBytes(int64_t element) {
  return (element + 1) * 16 / 7 * 3 / 2;
}
// An element of a list that grows by doubling, while it moves.
constexpr int64_t ListBytes(int64_t element) { return 3 * element; }
// A list of so many that were added one by one.
int64_t GrownListBytes(int64_t elements, int64_t element);
// An element of a std::deque: its part of a block, and of the list of blocks
// while that moves.
constexpr int64_t DequeBytes(int64_t element) {
  const int64_t in_block = std::max<int64_t>(1, 512 / element);
  return (HeapBytes(in_block * element) + 32 + in_block - 1) / in_block;
}

}  // namespace espalier

#endif  // ESPALIER_SERIALIZATION_MEMORY_BUDGET_H_
