#include "tools/named_paths.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/exit_code.h"

namespace espalier {
namespace tools {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

TEST(NamedPathsTest, ByName) {
  EXPECT_THAT(*ParseNamedPaths("--input", {"t=b.npy", "x=a=1.npy"}, {"x", "t"}),
              ElementsAre(Pair("t", "b.npy"), Pair("x", "a=1.npy")));
}

TEST(NamedPathsTest, OneNameMayBeLeftOut) {
  EXPECT_THAT(*ParseNamedPaths("--input", {"a.npy"}, {"x"}),
              ElementsAre(Pair("x", "a.npy")));
  EXPECT_THAT(*ParseNamedPaths("--input", {"run=1/a.npy"}, {"x"}),
              ElementsAre(Pair("x", "run=1/a.npy")));
  EXPECT_THAT(*ParseNamedPaths("--input", {"./run=1.npy"}, {"x"}),
              ElementsAre(Pair("x", "./run=1.npy")));
}

TEST(NamedPathsTest, Refusals) {
  const auto refusal = [](const std::vector<std::string>& arguments,
                          const std::vector<std::string>& names) {
    const absl::Status status =
        ParseNamedPaths("--input", arguments, names).status();
    EXPECT_EQ(ExitCodeOf(status), kUsage);
    return std::string(status.message());
  };
  EXPECT_EQ(refusal({"z=a.npy"}, {"x", "t"}),
            "--input 'z=a.npy': 'z' is none of the names x, t (a file of this "
            "name is ./z=a.npy)");
  EXPECT_EQ(refusal({"z=a.npy"}, {"x"}),
            "--input 'z=a.npy': 'z' is none of the names x (a file of this "
            "name is ./z=a.npy)");
  EXPECT_THAT(refusal({"a.npy"}, {"x", "t"}), HasSubstr("expected NAME=file"));
  EXPECT_THAT(refusal({"a.npy"}, {}), HasSubstr("expected NAME=file"));
  EXPECT_EQ(refusal({"x=a.npy", "x=b.npy"}, {"x", "t"}),
            "--input 'x=b.npy': 'x' has a file already");
  EXPECT_EQ(refusal({"x="}, {"x"}), "--input 'x=': no file is named");
}

}  // namespace
}  // namespace tools
}  // namespace espalier
