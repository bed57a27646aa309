#include "graph/domain.h"

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
            "sample 1, element 1 is -1.5: outside the domain [-1, 1]");
  EXPECT_EQ(Error({1, 2, 0, 0, -1, 0}),
            "sample 0, element 1 is 2: outside the domain [-1, 1], as "
            "1 more of 3 samples are");
}

// An input without the batch is one sample, in whichever shape.
TEST(CheckInsideTest, OneSampleWithoutTheBatch) {
  const InputDomain domain = {{0, 0, 0, 0}, {1, 1, 1, 1}};
  const std::vector<float> values = {0, 0, 0, 2};
  EXPECT_EQ(CheckInside(domain, Tensor({2, 2}, values)).message(),
            "sample 0, element 3 is 2: outside the domain [0, 1]");
  EXPECT_EQ(CountOutside(domain, Tensor({4}, values)), 1);
  EXPECT_EQ(CountOutside({{0}, {1}}, Tensor::Scalar(2)), 1);
  EXPECT_EQ(CountOutside({{0}, {1}}, Tensor::Scalar(1)), 0);
}

TEST(CheckInsideTest, NanIsOutside) {
  EXPECT_NE(Error({std::numeric_limits<float>::quiet_NaN(), 0}), "");
}

}  // namespace
}  // namespace espalier
