// What README.md shows is what is there: the programs are the examples, the
// help is the command's.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "tests/tools/espalier_command.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

std::string ReadSource(const std::string& path) {
  std::ifstream stream(absl::StrCat(ESPALIER_SOURCE_DIR, "/", path));
  EXPECT_TRUE(stream.good()) << path;
  return {std::istreambuf_iterator<char>(stream), {}};
}

TEST(ReadmeTest, ProgramsAreTheExamples) {
  const std::string readme = ReadSource("README.md");
  for (const char* example : {"examples/cosine.cc", "examples/predict.cc"}) {
    EXPECT_THAT(readme, HasSubstr(absl::StrCat("```cpp\n", ReadSource(example),
                                               "```\n")));
  }
}

TEST(ReadmeTest, HelpIsTheCommands) {
  const CommandResult help = RunEspalier({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  EXPECT_THAT(
      ReadSource("README.md"),
      HasSubstr(absl::StrCat("```\n$ espalier --help\n", help.out, "```\n")));
}

// Lines of a user's between the braces of a function.
int LinesBetweenBraces(const std::string& program, const std::string& head) {
  const size_t start = program.find(head);
  const size_t end = program.find("\n}\n", start);
  EXPECT_NE(start, std::string::npos);
  return static_cast<int>(
      std::count(program.begin() + static_cast<int64_t>(start),
                 program.begin() + static_cast<int64_t>(end), '\n'));
}

TEST(ReadmeTest, ProgramsAreShort) {
  EXPECT_LE(LinesBetweenBraces(ReadSource("examples/cosine.cc"),
                               "absl::Status FitCosine() {"),
            25);
  EXPECT_LE(LinesBetweenBraces(ReadSource("examples/predict.cc"),
                               "absl::Status Predict() {"),
            12);
}

}  // namespace
}  // namespace espalier
