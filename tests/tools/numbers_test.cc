#include "tools/numbers.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace espalier {
namespace tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(NumbersTest, IntegersWithinTheRange) {
  EXPECT_EQ(*ParseInteger("1", {1, 10}), 1);
  EXPECT_EQ(*ParseInteger("10", {1, 10}), 10);
  EXPECT_EQ(*ParseInteger("-3", {-5, 5}), -3);
}

TEST(NumbersTest, EverythingElseIsRefused) {
  for (const char* text :
       {"", "0", "11", "-1", "1.5", "1e3", " 1", "1 ", "0x5", "one", "nan",
        "1,2", "99999999999999999999", "--1"}) {
    const auto value = ParseInteger(text, {1, 10});
    ASSERT_FALSE(value.ok()) << text;
    EXPECT_THAT(std::string(value.status().message()),
                HasSubstr("expected a whole number from 1 to 10, found '"));
  }
}

TEST(NumbersTest, NumbersWithinTheRange) {
  EXPECT_DOUBLE_EQ(*ParseNumber("1e-3", NumberRange::Positive()), 1e-3);
  EXPECT_DOUBLE_EQ(*ParseNumber("0", NumberRange::NotNegative()), 0);
  EXPECT_DOUBLE_EQ(*ParseNumber("+.5", {0, 1, true, true}), 0.5);
}

TEST(NumbersTest, NoNumberOrOutsideIsRefused) {
  // The last two round to 0 and to infinity in float32.
  for (const char* text : {"", "0", "-1", "nan", "inf", "1e999", "0x1p3", "1 ",
                           "a", "1-2", "1e-60", "3.5e38"}) {
    EXPECT_FALSE(ParseNumber(text, NumberRange::Positive()).ok()) << text;
  }
  EXPECT_FALSE(ParseNumber("1", {0, 1, true, true}).ok());
  EXPECT_EQ(ParseNumber("2", {0, 1, true, true}).status().message(),
            "expected a number above 0 and below 1, found '2'");
  EXPECT_EQ(ParseNumber("-1", NumberRange::NotNegative()).status().message(),
            "expected a number of at least 0, found '-1'");
}

TEST(NumbersTest, Lists) {
  EXPECT_THAT(*ParseIntegerList("512,256", {1, 1000}, 3),
              ElementsAre(512, 256));
  for (const char* text : {"", ",", "1,", "1,,2", "1,2,3,4", "0", "1001"}) {
    EXPECT_FALSE(ParseIntegerList(text, {1, 1000}, 3).ok()) << text;
  }
}

TEST(NumbersTest, DecimalsRoundOutward) {
  // 0.1 lies between two float32 numbers, 0.5 and 3 are float32 numbers.
  EXPECT_LT(double{*ParseFloatRoundedDown("0.1")}, 0.1);
  EXPECT_GT(double{*ParseFloatRoundedUp("0.1")}, 0.1);
  EXPECT_EQ(*ParseFloatRoundedUp("0.1"),
            std::nextafter(*ParseFloatRoundedDown("0.1"), 1.0f));
  EXPECT_EQ(*ParseFloatRoundedDown("0.5"), 0.5f);
  EXPECT_EQ(*ParseFloatRoundedUp("-3"), -3.0f);
  // Its nearest double is 1.
  EXPECT_LT(*ParseFloatRoundedDown("0.99999999999999999999999"), 1.0f);
  EXPECT_EQ(*ParseFloatRoundedUp("0.99999999999999999999999"), 1.0f);
  EXPECT_LT(*ParseFloatRoundedDown("-1e-60"), 0.0f);
  EXPECT_EQ(*ParseFloatRoundedUp("-1e-60"), 0.0f);
}

TEST(NumbersTest, EndsThatAreNoFloat) {
  for (const char* text : {"", "nan", "inf", "-inf", "1e39", "x", "1:2"}) {
    EXPECT_FALSE(ParseFloatRoundedDown(text).ok()) << text;
    EXPECT_FALSE(ParseFloatRoundedUp(text).ok()) << text;
  }
}

}  // namespace
}  // namespace tools
}  // namespace espalier
