#include "serialization/utf8.h"

#include <gtest/gtest.h>

#include <string>

namespace espalier {
namespace {

// The bytes of a code point, by the definition's formula.
std::string Encode(uint32_t code) {
  const auto tail = [code](int shift) {
    return static_cast<char>(0x80 | ((code >> shift) & 0x3F));
  };
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800) return {static_cast<char>(0xC0 | (code >> 6)), tail(0)};
  if (code < 0x10000) {
    return {static_cast<char>(0xE0 | (code >> 12)), tail(6), tail(0)};
  }
  return {static_cast<char>(0xF0 | (code >> 18)), tail(12), tail(6), tail(0)};
}

TEST(Utf8Test, AcceptsEveryCodePointAndNoSurrogate) {
  for (uint32_t code = 0; code < 0x120000; code += code < 0x3000 ? 1 : 13) {
    const bool good = code <= 0x10FFFF && (code < 0xD800 || code > 0xDFFF);
    ASSERT_EQ(IsUtf8(Encode(code)), good) << code;
  }
  for (const uint32_t code : {0xD7FFu, 0xE000u, 0xFFFFu, 0x10000u, 0x10FFFFu}) {
    EXPECT_TRUE(IsUtf8("a" + Encode(code) + "b")) << code;
  }
  for (const uint32_t code : {0xD800u, 0xDFFFu, 0x110000u}) {
    EXPECT_FALSE(IsUtf8(Encode(code))) << code;
  }
}

TEST(Utf8Test, RefusesBrokenSequences) {
  for (const char* text :
       {"\x80", "\xBF", "\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF",
        "\xF0\x8F\xBF\xBF", "\xF5\x80\x80\x80", "\xFF", "\xC3", "\xE2\x82",
        "\xF0\x9F\x98", "\xC3(", "\xE2\x82("}) {
    EXPECT_FALSE(IsUtf8(text)) << text;
  }
  EXPECT_TRUE(IsUtf8(""));
}

TEST(Utf8Test, FindsControlCharacters) {
  for (uint32_t code = 0; code < 0x3000; ++code) {
    const bool control = code < 0x20 || (code >= 0x7F && code < 0xA0);
    ASSERT_EQ(HasControlCharacter("a" + Encode(code) + "b"), control) << code;
  }
  EXPECT_FALSE(HasControlCharacter(""));
}

TEST(Utf8Test, ReplacesWhatIsBroken) {
  EXPECT_EQ(ToUtf8("a\xC3\xA9z"), "a\xC3\xA9z");
  EXPECT_EQ(ToUtf8("a\xC3z\xFF"), "a?z?");
}

}  // namespace
}  // namespace espalier
