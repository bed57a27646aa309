#include "tools/exit_code.h"

#include "absl/status/status.h"
#include "graph/status.h"
#include "gtest/gtest.h"

namespace espalier {
namespace tools {
namespace {

TEST(ExitCodeTest, TheStatusCodeDecides) {
  EXPECT_EQ(ExitCodeOf(absl::OkStatus()), 0);
  EXPECT_EQ(ExitCodeOf(absl::InvalidArgumentError("x")), 3);
  EXPECT_EQ(ExitCodeOf(absl::NotFoundError("x")), 3);
  EXPECT_EQ(ExitCodeOf(absl::PermissionDeniedError("x")), 3);
  EXPECT_EQ(ExitCodeOf(absl::DataLossError("x")), 3);
  EXPECT_EQ(ExitCodeOf(absl::OutOfRangeError("x")), 3);
  EXPECT_EQ(ExitCodeOf(absl::UnimplementedError("x")), 3);
  EXPECT_EQ(ExitCodeOf(absl::ResourceExhaustedError("x")), 4);
  EXPECT_EQ(ExitCodeOf(absl::DeadlineExceededError("x")), 4);
  EXPECT_EQ(ExitCodeOf(absl::InternalError("x")), 70);
  EXPECT_EQ(ExitCodeOf(absl::UnknownError("x")), 70);
}

TEST(ExitCodeTest, Marks) {
  EXPECT_EQ(ExitCodeOf(UsageError("x")), 2);
  EXPECT_EQ(UsageError("x").message(), "x");
  EXPECT_EQ(ExitCodeOf(BadInputError(absl::ResourceExhaustedError("x"))), 3);
  EXPECT_EQ(BadInputError(absl::ResourceExhaustedError("x")).code(),
            absl::StatusCode::kResourceExhausted);
}

TEST(ExitCodeTest, AFaultOfOursIsOursWhateverItRead) {
  EXPECT_EQ(ExitCodeOf(BadInputError(absl::InternalError("x"))), 70);
}

}  // namespace
}  // namespace tools
}  // namespace espalier
