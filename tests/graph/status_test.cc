#include "graph/status.h"

#include <string>

#include "graph/status_macros.h"
#include "gtest/gtest.h"

namespace espalier {
namespace {

TEST(StatusTest, AnnotatePutsANounInFront) {
  EXPECT_EQ(Annotate(absl::DataLossError("cut short"), "load 'm.pb'"),
            absl::DataLossError("load 'm.pb': cut short"));
  EXPECT_TRUE(Annotate(absl::OkStatus(), "load").ok());
}

TEST(StatusTest, QuotedEscapesAndCuts) {
  EXPECT_EQ(Quoted("a\n\x01'"), "'a\\n\\001\\''");
  EXPECT_EQ(Quoted(std::string(100, 'x')), "'" + std::string(80, 'x') + "...'");
}

absl::StatusOr<int> Half(int x) {
  if (x % 2 != 0) return absl::InvalidArgumentError("odd");
  return x / 2;
}

absl::StatusOr<int> Quarter(int x) {
  ASSIGN_OR_RETURN(const int half, Half(x));
  RETURN_IF_ERROR(Half(half).status());
  return half / 2;
}

TEST(StatusTest, MacrosPassErrorsOn) {
  EXPECT_EQ(*Quarter(8), 2);
  EXPECT_FALSE(Quarter(7).ok());
  EXPECT_FALSE(Quarter(6).ok());
}

}  // namespace
}  // namespace espalier
