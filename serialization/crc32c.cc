#include "serialization/crc32c.h"

#include <array>
#include <cstring>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace espalier {
namespace {

constexpr uint32_t kPolynomial = 0x82F63B78;

// tables[k][b]: the state that byte b leaves after k more zero bytes, so that
// eight bytes are taken at a time.
struct Tables {
  uint32_t entries[8][256];
};

constexpr Tables MakeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t state = byte;
    for (int bit = 0; bit < 8; ++bit) {
      state = (state >> 1) ^ ((state & 1) != 0 ? kPolynomial : 0);
    }
    tables.entries[0][byte] = state;
  }
  for (int k = 1; k < 8; ++k) {
    for (int byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables.entries[k - 1][byte];
      tables.entries[k][byte] =
          (before >> 8) ^ tables.entries[0][before & 0xFF];
    }
  }
  return tables;
}

constexpr Tables kTables = MakeTables();

uint64_t LoadWord(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof(word));
  return word;
}

#if defined(__x86_64__)
__attribute__((target("sse4.2"))) uint32_t Crc32cHardware(
    absl::string_view bytes) {
  uint64_t state = 0xFFFFFFFF;
  while (bytes.size() >= 8) {
    state = _mm_crc32_u64(state, LoadWord(bytes.data()));
    bytes.remove_prefix(8);
  }
  for (const char byte : bytes) {
    state = _mm_crc32_u8(static_cast<uint32_t>(state),
                         static_cast<unsigned char>(byte));
  }
  return ~static_cast<uint32_t>(state);
}
#endif

}  // namespace

uint32_t Crc32cPortable(absl::string_view bytes) {
  uint32_t state = 0xFFFFFFFF;
  while (bytes.size() >= 8) {
    const uint64_t word = LoadWord(bytes.data()) ^ state;
    state = 0;
    for (int k = 0; k < 8; ++k) {
      state ^= kTables.entries[7 - k][(word >> (8 * k)) & 0xFF];
    }
    bytes.remove_prefix(8);
  }
  for (const char byte : bytes) {
    state =
        (state >> 8) ^
        kTables.entries[0][(state ^ static_cast<unsigned char>(byte)) & 0xFF];
  }
  return ~state;
}

uint32_t Crc32c(absl::string_view bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") != 0) return Crc32cHardware(bytes);
#endif
  return Crc32cPortable(bytes);
}

}  // namespace espalier
