#include "training/domain.h"

#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"

namespace espalier {
namespace {

std::string Error(std::vector<float> values) {
  const InputDomain domain = {{0, -1}, {1, 1}};
  const Tensor samples({static_cast<int64_t>(values.size()) / 2, 2}, values);
  const absl::Status status = CheckInside(domain, samples);
  if (!status.ok()) {
    EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  }
  return std::string(status.message());
}

TEST(CheckInsideTest, TakesTheEndsOfTheDomain) {
  EXPECT_EQ(Error({0, -1, 1, 1, 0.5f, 0}), "");
  EXPECT_EQ(Error({}), "");
}

TEST(CheckInsideTest, TellsTheFirstOutsideAndHowManyMore) {
  EXPECT_EQ(Error({0, 0, 1, -1.5f}),
            "sample 1, element 1 is -1.5: outside the declared domain [-1, 1]");
  EXPECT_EQ(Error({1, 2, 0, 0, -1, 0}),
            "sample 0, element 1 is 2: outside the declared domain [-1, 1], as "
            "1 more of 3 samples are");
}

TEST(CheckInsideTest, NanIsOutside) {
  EXPECT_NE(Error({std::numeric_limits<float>::quiet_NaN(), 0}), "");
}

}  // namespace
}  // namespace espalier
