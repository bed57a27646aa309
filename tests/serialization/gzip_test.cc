#include "serialization/gzip.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/serialization/gzip_member.h"

namespace espalier {
namespace {

constexpr int64_t kPlenty = 1 << 20;

// More than the buffer through which it is unpacked, and not all alike.
std::string LongText() {
  std::string text;
  for (int i = 0; i < 30000; ++i) absl::StrAppend(&text, i, ",");
  return text;
}

TEST(GunzipTest, UnpacksOneMemberAndSeveral) {
  EXPECT_EQ(Gunzip(GzipMember(""), 0).value(), "");
  const std::string text = LongText();
  EXPECT_EQ(Gunzip(GzipMember(text), kPlenty).value(), text);
  EXPECT_EQ(
      Gunzip(GzipMember("ab") + GzipMember("") + GzipMember("c"), 3).value(),
      "abc");
}

// A file is read in pieces of 256 KiB: a member may end anywhere in one, and
// the beginning of the next be in two.
TEST(GunzipTest, MembersEndAnywhereInAPiece) {
  constexpr size_t kPiece = size_t{256} << 10;
  std::mt19937 random(1);
  std::string noise(kPiece, '\0');  // packs to a little more than it has
  for (char& byte : noise) byte = static_cast<char>(random());
  const size_t more = GzipMember(noise).size() - noise.size();
  for (size_t end = kPiece - 4; end <= kPiece + 4; ++end) {
    const std::string first = noise.substr(0, end - more);
    const std::string packed = GzipMember(first);
    ASSERT_EQ(packed.size(), end);
    EXPECT_EQ(Gunzip(packed, kPlenty).value(), first);
    EXPECT_EQ(
        Gunzip(packed + GzipMember("b") + GzipMember(noise), kPlenty).value(),
        first + "b" + noise);
    EXPECT_EQ(Gunzip(packed + "x", kPlenty).status().code(),
              absl::StatusCode::kDataLoss);
  }
}

TEST(GunzipTest, StopsAtTheCap) {
  const std::string bomb = GzipMember(std::string(10 << 20, '\0'));
  ASSERT_LT(bomb.size(), 20000u);
  EXPECT_EQ(Gunzip(bomb, kPlenty).status().code(),
            absl::StatusCode::kResourceExhausted);
  const std::string text = LongText();
  const auto size = static_cast<int64_t>(text.size());
  EXPECT_TRUE(Gunzip(GzipMember(text), size).ok());
  EXPECT_EQ(Gunzip(GzipMember(text), size - 1).status().code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(GunzipTest, SeesEveryCutAndWhatFollows) {
  const std::string packed = GzipMember("some text, some text");
  for (size_t size = 0; size < packed.size(); ++size) {
    const absl::Status status =
        Gunzip(packed.substr(0, size), kPlenty).status();
    EXPECT_EQ(status.code(), absl::StatusCode::kDataLoss) << size;
  }
  for (const std::string& tail :
       {std::string("x"), std::string(1, '\0'), packed.substr(0, 12)}) {
    EXPECT_EQ(Gunzip(packed + tail, kPlenty).status().code(),
              absl::StatusCode::kDataLoss);
  }
  EXPECT_EQ(Gunzip(packed + "xyz", kPlenty).status().message(),
            absl::StrCat("byte ", packed.size(),
                         " of the gzip file: found 'xy': expected a gzip "
                         "member"));
}

TEST(GunzipTest, SeesDamageInDataAndChecksum) {
  const std::string packed = GzipMember("some text, some text");
  constexpr size_t kHeader = 10;  // time and system are free to change
  for (size_t i = kHeader; i < packed.size(); ++i) {
    for (int bit = 0; bit < 8; ++bit) {
      std::string damaged = packed;
      damaged[i] = static_cast<char>(damaged[i] ^ (1 << bit));
      EXPECT_FALSE(Gunzip(damaged, kPlenty).ok()) << i << " " << bit;
    }
  }
}

}  // namespace
}  // namespace espalier
