// Counter-based random numbers: a value depends on key and position only, so
// any part of a stream can be drawn by any thread, in any order. The generator
// is Philox4x32-10 (J. Salmon et al., Parallel Random Numbers: As Easy as
// 1, 2, 3, SC 2011).
#ifndef ESPALIER_GRAPH_PHILOX_H_
#define ESPALIER_GRAPH_PHILOX_H_

#include <array>
#include <cstdint>
#include <vector>

namespace espalier {

// Ten rounds on a 128-bit counter under a 64-bit key.
std::array<uint32_t, 4> Philox(const std::array<uint32_t, 4>& counter,
                               const std::array<uint32_t, 2>& key);

// What a stream of numbers is for; streams of different purposes under one
// seed are independent.
enum class RandomPurpose : uint32_t {
  kInitialization = 1,
  kShuffle = 2,
  kData = 3,
  kDropout = 4,
  kProbe = 5,
};

// Stream number `index` for a purpose under a seed; numbers by position.
class RandomStream {
 public:
  RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t index);

  uint32_t Bits(uint64_t position) const;
  // Uniform in [0, 1), a multiple of 2^-24.
  float Uniform(uint64_t position) const;
  // Standard normal, by Box and Muller's transform in double precision.
  double Normal(uint64_t position) const;
  // Uniform in [0, bound), unbiased up to 2^-32. REQUIRES: bound > 0.
  uint32_t Below(uint64_t position, uint32_t bound) const;
  // 0 .. count-1 in random order (Fisher and Yates).
  std::vector<int64_t> Permutation(int64_t count) const;

  // Block b of the stream, which holds positions 4 b to 4 b + 3, is
  // Philox({low word of b, high word of b, stream()[0], stream()[1]}, key()).
  const std::array<uint32_t, 2>& key() const { return key_; }
  const std::array<uint32_t, 2>& stream() const { return stream_; }

 private:
  std::array<uint32_t, 4> Block(uint64_t block) const;

  std::array<uint32_t, 2> key_;
  std::array<uint32_t, 2> stream_;
};

// The position that element i of an array takes where whole arrays are drawn:
// within each 64 elements, element i has word i / 16 of block i % 16, so that
// 16 blocks computed side by side give neighbouring elements.
inline uint64_t ArrayPosition(uint64_t i) {
  return i / 64 * 64 + i % 16 * 4 + i / 16 % 4;
}

}  // namespace espalier

#endif  // ESPALIER_GRAPH_PHILOX_H_
