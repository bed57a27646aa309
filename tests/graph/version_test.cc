#include "graph/version.h"

#include <cctype>
#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gtest/gtest.h"

namespace espalier {
namespace {

TEST(VersionTest, IsThreeNumbers) {
  const std::vector<std::string> parts = absl::StrSplit(Version(), '.');
  ASSERT_EQ(parts.size(), 3u);
  for (const std::string& part : parts) {
    ASSERT_FALSE(part.empty());
    for (char digit : part) EXPECT_TRUE(std::isdigit(digit)) << Version();
  }
}

}  // namespace
}  // namespace espalier
