#include "graph/philox.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "graph/check.h"
#include "graph/philox_constants.h"

namespace espalier {
namespace {

constexpr double kTwoPi = 6.283185307179586476925;

std::array<uint32_t, 2> Words(uint64_t value) {
  return {static_cast<uint32_t>(value), static_cast<uint32_t>(value >> 32)};
}

}  // namespace

std::array<uint32_t, 4> Philox(const std::array<uint32_t, 4>& counter,
                               const std::array<uint32_t, 2>& key) {
  std::array<uint32_t, 4> c = counter;
  uint32_t k0 = key[0];
  uint32_t k1 = key[1];
  for (int round = 0; round < kPhiloxRounds; ++round) {
    const std::array<uint32_t, 2> p0 =
        Words(uint64_t{kPhiloxMultiplier0} * c[0]);
    const std::array<uint32_t, 2> p1 =
        Words(uint64_t{kPhiloxMultiplier1} * c[2]);
    c = {p1[1] ^ c[1] ^ k0, p1[0], p0[1] ^ c[3] ^ k1, p0[0]};
    k0 += kPhiloxWeyl0;
    k1 += kPhiloxWeyl1;
  }
  return c;
}

RandomStream::RandomStream(uint64_t seed, RandomPurpose purpose, uint64_t index)
    : key_(Words(seed)) {
  // The purpose takes the top byte of the stream's two counter words.
  const uint64_t stream =
      (static_cast<uint64_t>(purpose) << 56) ^ (index & ((1ull << 56) - 1));
  stream_ = Words(stream);
}

std::array<uint32_t, 4> RandomStream::Block(uint64_t block) const {
  const std::array<uint32_t, 2> words = Words(block);
  return Philox({words[0], words[1], stream_[0], stream_[1]}, key_);
}

uint32_t RandomStream::Bits(uint64_t position) const {
  return Block(position / 4)[position % 4];
}

float RandomStream::Uniform(uint64_t position) const {
  return static_cast<float>(Bits(position) >> 8) * 0x1p-24f;
}

double RandomStream::Normal(uint64_t position) const {
  // Each normal takes one half of a block; u1 is never 0.
  const std::array<uint32_t, 4> block = Block(position / 2);
  const size_t half = 2 * (position % 2);
  const double u1 = (static_cast<double>(block[half]) + 0.5) * 0x1p-32;
  const double u2 = (static_cast<double>(block[half + 1]) + 0.5) * 0x1p-32;
  return std::sqrt(-2.0 * std::log(u1)) * std::cos(kTwoPi * u2);
}

uint32_t RandomStream::Below(uint64_t position, uint32_t bound) const {
  return static_cast<uint32_t>((uint64_t{Bits(position)} * bound) >> 32);
}

std::vector<int64_t> RandomStream::Permutation(int64_t count) const {
  ESPALIER_CHECK(count <= UINT32_MAX);
  std::vector<int64_t> order(static_cast<size_t>(count));
  std::iota(order.begin(), order.end(), int64_t{0});
  for (size_t i = order.size(); i > 1; --i) {
    std::swap(order[i - 1], order[Below(i, static_cast<uint32_t>(i))]);
  }
  return order;
}

}  // namespace espalier
