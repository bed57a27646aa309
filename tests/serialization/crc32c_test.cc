#include "serialization/crc32c.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace espalier
