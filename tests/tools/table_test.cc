#include "tools/table.h"

#include "gtest/gtest.h"

namespace espalier {
namespace tools {
namespace {

TEST(TableTest, ColumnsLineUp) {
  EXPECT_EQ(FormatTable({{"layer", "units"}, {"fc", "7"}, {"output", "1,024"}}),
            "layer   units\n"
            "fc          7\n"
            "output  1,024\n");
  EXPECT_EQ(FormatTable({{"a"}, {"b", "c"}}), "a\nb  c\n");
  EXPECT_EQ(FormatTable({}), "");
}

TEST(TableTest, Figures) {
  EXPECT_EQ(FormatCount(int64_t{0}), "0");
  EXPECT_EQ(FormatCount(int64_t{999}), "999");
  EXPECT_EQ(FormatCount(int64_t{-1000}), "-1,000");
  EXPECT_EQ(FormatCount(int64_t{1234567}), "1,234,567");
  EXPECT_EQ(FormatCount(1e21), "1e+21");
  EXPECT_EQ(FormatPercent(0.96375), "96.38 %");
  EXPECT_EQ(FormatSeconds(0.0123), "12.3 ms");
  EXPECT_EQ(FormatSeconds(61), "61.00 s");
}

}  // namespace
}  // namespace tools
}  // namespace espalier
