#include "tests/testing/counted_memory.h"

#include <malloc.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <new>

// The linker's names for a function and what it is replaced by
// (ld --wrap=free).
extern "C" {
// NOLINTBEGIN(bugprone-reserved-identifier)
void* __real_aligned_alloc(size_t alignment, size_t bytes);
void __real_free(void* memory);
void* __wrap_aligned_alloc(size_t alignment, size_t bytes);
void __wrap_free(void* memory);
// NOLINTEND(bugprone-reserved-identifier)
}

namespace {

std::atomic<int64_t> allocations{0};
std::atomic<int64_t> allocated_bytes{0};
std::atomic<int64_t> live_bytes{0};
std::atomic<int64_t> peak_bytes{0};

// With what the allocator keeps of it for itself.
int64_t SizeOf(void* memory) {
  if (memory == nullptr) return 0;
  // As glibc rounds up; a sanitizer's allocator says what was asked for.
  constexpr size_t kLeast = 32;
  constexpr size_t kUnit = 16;
  const size_t bytes = malloc_usable_size(memory) + sizeof(size_t);
  return static_cast<int64_t>(
      std::max(kLeast, (bytes + kUnit - 1) / kUnit * kUnit));
}

void* Count(void* memory) {
  if (memory == nullptr) return nullptr;
  ++allocations;
  const int64_t size = SizeOf(memory);
  allocated_bytes += size;
  const int64_t live = live_bytes += size;
  int64_t peak = peak_bytes;
  while (live > peak && !peak_bytes.compare_exchange_weak(peak, live)) {
  }
  return memory;
}

void* Allocate(size_t bytes) {
  return Count(std::malloc(bytes == 0 ? 1 : bytes));
}

void* AllocateAligned(size_t bytes, std::align_val_t alignment) {
  const auto unit = static_cast<size_t>(alignment);
  return std::aligned_alloc(unit, (bytes + unit - 1) / unit * unit);
}

void* OrThrow(void* memory) {
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* __wrap_aligned_alloc(size_t alignment, size_t bytes) {
  return Count(__real_aligned_alloc(alignment, bytes));
}
void __wrap_free(void* memory) {
  live_bytes -= SizeOf(memory);
  __real_free(memory);
}

void* operator new(size_t bytes) { return OrThrow(Allocate(bytes)); }
void* operator new[](size_t bytes) { return OrThrow(Allocate(bytes)); }
void* operator new(size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes);
}
void* operator new[](size_t bytes, const std::nothrow_t&) noexcept {
  return Allocate(bytes);
}
void* operator new(size_t bytes, std::align_val_t alignment) {
  return OrThrow(AllocateAligned(bytes, alignment));
}
void* operator new[](size_t bytes, std::align_val_t alignment) {
  return OrThrow(AllocateAligned(bytes, alignment));
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, size_t) noexcept { std::free(memory); }
void operator delete(void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete(void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}
void operator delete[](void* memory, size_t, std::align_val_t) noexcept {
  std::free(memory);
}

namespace espalier {

int64_t Allocations() { return allocations; }
int64_t AllocatedBytes() { return allocated_bytes; }
int64_t LiveBytes() { return live_bytes; }
int64_t PeakBytes() { return peak_bytes; }
void ResetPeakBytes() { peak_bytes = live_bytes.load(); }

}  // namespace espalier
