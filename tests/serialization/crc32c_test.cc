#include "serialization/crc32c.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>

namespace espalier {
namespace {

// The definition, bit by bit.
uint32_t Slow(absl::string_view bytes) {
  uint32_t state = 0xFFFFFFFF;
  for (const char byte : bytes) {
    state ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) {
      state = (state >> 1) ^ ((state & 1) != 0 ? 0x82F63B78u : 0u);
    }
  }
  return ~state;
}

TEST(Crc32cTest, GivesThePublishedValues) {
  EXPECT_EQ(Crc32c("123456789"), 0xE3069283u);
  EXPECT_EQ(Crc32c(""), 0u);
  // RFC 3720, B.4.
  EXPECT_EQ(Crc32c(std::string(32, '\0')), 0x8A9136AAu);
  EXPECT_EQ(Crc32c(std::string(32, '\xFF')), 0x62A8AB43u);
}

TEST(Crc32cTest, AgreesWithTheDefinitionAtEveryLength) {
  std::mt19937 random(1);
  std::string bytes;
  for (int size = 0; size < 200; ++size) {
    EXPECT_EQ(Crc32c(bytes), Slow(bytes)) << size;
    EXPECT_EQ(Crc32cPortable(bytes), Slow(bytes)) << size;
    bytes.push_back(static_cast<char>(random()));
  }
}

// Around the sizes at which several stretches are taken side by side.
TEST(Crc32cTest, AgreesWithTheDefinitionOfLongOnesAndInPieces) {
  std::mt19937 random(2);
  std::string bytes(20000, '\0');
  for (char& byte : bytes) byte = static_cast<char>(random());
  for (const size_t size :
       {6143u, 6144u, 6145u, 6152u, 12287u, 12288u, 12300u, 19999u, 20000u}) {
    for (const size_t from : {0u, 1u, 7u}) {
      const absl::string_view part =
          absl::string_view(bytes).substr(from, size - from);
      const uint32_t expected = Slow(std::string(part));
      EXPECT_EQ(Crc32c(part), expected) << size;
      EXPECT_EQ(Crc32cPortable(part), expected) << size;
      for (const size_t cut : {0u, 1u, 100u, 6144u}) {
        const size_t first = std::min<size_t>(cut, part.size());
        EXPECT_EQ(
            ExtendCrc32c(Crc32c(part.substr(0, first)), part.substr(first)),
            expected)
            << size << " " << cut;
      }
    }
  }
}

}  // namespace
}  // namespace espalier
