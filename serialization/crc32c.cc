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
// The instruction takes three cycles and a new one starts each cycle, so three
// stretches of this many bytes are gone through side by side.
constexpr size_t kStretch = 2048;

// entries[k][b]: the state that byte k of a state being b, and all others 0,
// becomes over kStretch zero bytes. What a state becomes is linear in its bits
// (Gopal et al., "Fast CRC Computation for iSCSI Polynomial Using CRC32
// Instruction", Intel 2011, section 3).
struct ShiftTables {
  uint32_t entries[4][256];
};

constexpr ShiftTables MakeShiftTables() {
  ShiftTables tables{};
  for (int k = 0; k < 4; ++k) {
    for (int bit = 0; bit < 8; ++bit) {
      uint32_t state = uint32_t{1} << (8 * k + bit);
      for (size_t i = 0; i < kStretch; ++i) {
        state = (state >> 8) ^ kTables.entries[0][state & 0xFF];
      }
      const int low = 1 << bit;
      for (int byte = 0; byte < low; ++byte) {
        tables.entries[k][low | byte] = tables.entries[k][byte] ^ state;
      }
    }
  }
  return tables;
}

constexpr ShiftTables kShiftTables = MakeShiftTables();

uint64_t OverStretch(uint64_t state) {
  return kShiftTables.entries[0][state & 0xFF] ^
         kShiftTables.entries[1][state >> 8 & 0xFF] ^
         kShiftTables.entries[2][state >> 16 & 0xFF] ^
         kShiftTables.entries[3][state >> 24 & 0xFF];
}

__attribute__((target("sse4.2"))) uint32_t ExtendHardware(
    uint32_t crc, absl::string_view bytes) {
  uint64_t state = ~crc;
  while (bytes.size() >= 3 * kStretch) {
    const char* at = bytes.data();
    uint64_t second = 0;
    uint64_t third = 0;
    for (size_t i = 0; i < kStretch; i += 8) {
      state = _mm_crc32_u64(state, LoadWord(at + i));
      second = _mm_crc32_u64(second, LoadWord(at + kStretch + i));
      third = _mm_crc32_u64(third, LoadWord(at + 2 * kStretch + i));
    }
    state = OverStretch(OverStretch(state) ^ second) ^ third;
    bytes.remove_prefix(3 * kStretch);
  }
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

uint32_t ExtendPortable(uint32_t crc, absl::string_view bytes) {
  uint32_t state = ~crc;
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

}  // namespace

uint32_t Crc32cPortable(absl::string_view bytes) {
  return ExtendPortable(0, bytes);
}

uint32_t ExtendCrc32c(uint32_t crc, absl::string_view bytes) {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("sse4.2") != 0) return ExtendHardware(crc, bytes);
#endif
  return ExtendPortable(crc, bytes);
}

uint32_t Crc32c(absl::string_view bytes) { return ExtendCrc32c(0, bytes); }

}  // namespace espalier
