// What README.md shows is what is there: the programs are the examples, the
// help is the command's.
#include <algorithm>
#include <cstdint>
#include <fstream>
#include <iterator>
#include <regex>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
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

TEST(ReadmeTest, HeadersAreThere) {
  const std::regex header("`([a-z_]+(?:/[a-z_]+)+\\.h)`");
  const std::string readme = ReadSource("README.md");
  int headers = 0;
  for (std::sregex_iterator at(readme.begin(), readme.end(), header), end;
       at != end; ++at) {
    EXPECT_NE(ReadSource((*at)[1]), "") << (*at)[1];
    ++headers;
  }
  EXPECT_GT(headers, 10);
}

// Whether the lines stand in the source, one after the other, with `indent`
// before each.
bool StandsIn(const std::string& part, const std::string& source,
              const std::string& indent) {
  const std::string lines = absl::StrCat(
      indent, absl::StrReplaceAll(part, {{"\n", "\n" + indent}}), "\n");
  return absl::StrContains(absl::StrCat("\n", source),
                           absl::StrCat("\n", lines));
}

// Everything that is C++ is compiled: what stands between empty lines is from
// one place, by itself or inside a function.
TEST(ReadmeTest, PiecesOfProgramsAreTheExamples) {
  std::vector<std::string> sources;
  for (const char* example :
       {"examples/cosine.cc", "examples/curvature.cc", "examples/predict.cc",
        "examples/user_op/user_op.cc"}) {
    sources.push_back(ReadSource(example));
  }
  std::vector<std::string> blocks =
      absl::StrSplit(ReadSource("README.md"), "\n```cpp\n");
  EXPECT_EQ(blocks.size(), 5u);
  for (size_t i = 1; i < blocks.size(); ++i) {
    const std::string block = blocks[i].substr(0, blocks[i].find("\n```\n"));
    for (const std::string& part : std::vector<std::string>(
             absl::StrSplit(block, "\n\n", absl::SkipEmpty()))) {
      EXPECT_TRUE(std::any_of(sources.begin(), sources.end(),
                              [&](const std::string& source) {
                                return StandsIn(part, source, "") ||
                                       StandsIn(part, source, "  ");
                              }))
          << part;
    }
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
