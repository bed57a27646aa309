#include "training/builtin.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/domain.h"
#include "gtest/gtest.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(DigitsTest, HasItsRowsAndDomain) {
  const Dataset digits = builtin::Digits();
  EXPECT_EQ(digits.features().shape(), Shape({1438, 8, 8}));
  EXPECT_EQ(digits.test()->features().shape(), Shape({359, 8, 8}));
  EXPECT_EQ(digits.num_classes(), 10);
  EXPECT_THAT(digits.class_names(),
              ElementsAre("0", "1", "2", "3", "4", "5", "6", "7", "8", "9"));
  EXPECT_EQ(digits.domain()->lower, std::vector<float>(64, 0));
  EXPECT_EQ(digits.domain()->upper, std::vector<float>(64, 16));
}

// Sums of the pixels, plain and times their number in the row, and the rows of
// each digit: counted in the file by another program.
TEST(DigitsTest, HoldsTheFilesNumbers) {
  const Dataset digits = builtin::Digits();
  const auto totals = [](const Dataset& data) {
    std::array<double, 2> sums = {0, 0};
    const absl::Span<const float> pixels = data.features().data<float>();
    for (size_t i = 0; i < pixels.size(); ++i) {
      sums[0] += pixels[i];
      sums[1] += pixels[i] * static_cast<double>((i % 64) + 1);
    }
    return sums;
  };
  const auto counts = [](const Dataset& data) {
    std::vector<int> count(10);
    for (int32_t label : data.targets().data<int32_t>()) ++count[label];
    return count;
  };
  EXPECT_THAT(totals(digits), ElementsAre(450304, 14609434));
  EXPECT_THAT(totals(*digits.test()), ElementsAre(111414, 3612937));
  EXPECT_THAT(counts(digits),
              ElementsAre(151, 161, 143, 131, 147, 154, 150, 136, 127, 138));
  EXPECT_THAT(counts(*digits.test()),
              ElementsAre(27, 21, 34, 52, 34, 28, 31, 43, 47, 42));
}

TEST(CosineTest, IsTheCurveWithNoise) {
  const Dataset cosine = builtin::Cosine();
  EXPECT_EQ(cosine.features().shape(), Shape({200, 1}));
  EXPECT_EQ(cosine.task(), Task::kRegression);
  EXPECT_EQ(cosine.test(), nullptr);
  double square = 0;
  float least = 1;
  float largest = 0;
  for (int64_t i = 0; i < 200; ++i) {
    const float x = cosine.features().data<float>()[i];
    const double noise = cosine.targets().data<float>()[i] - std::cos(6.0 * x);
    square += noise * noise;
    least = std::min(least, x);
    largest = std::max(largest, x);
  }
  EXPECT_NEAR(std::sqrt(square / 200), 0.08, 0.02);
  EXPECT_LT(least, 0.05f);
  EXPECT_GT(largest, 0.95f);
}

TEST(TwoClassesTest, HaveATestPartOfTheirOwn) {
  for (const Dataset& data : {builtin::Moons(300), builtin::Spirals(300)}) {
    EXPECT_EQ(data.rows(), 300);
    EXPECT_EQ(data.num_classes(), 2);
    ASSERT_NE(data.test(), nullptr);
    EXPECT_EQ(data.test()->rows(), 300);
    EXPECT_NE(data.test()->features(), data.features());
    int64_t first = 0;
    for (int32_t label : data.targets().data<int32_t>()) first += label == 0;
    EXPECT_EQ(first, 150);
  }
}

// Where no noise can carry a point of the other class.
TEST(MoonsTest, LieOnTheirHalfCircles) {
  const Dataset moons = builtin::Moons(1000);
  for (int64_t i = 0; i < 1000; ++i) {
    const float x = moons.features().data<float>()[2 * i];
    const float y = moons.features().data<float>()[2 * i + 1];
    const int32_t label = moons.targets().data<int32_t>()[i];
    const double radius =
        label == 0 ? std::hypot(x, y) : std::hypot(x - 1, y - 0.5);
    EXPECT_NEAR(radius, 1, 0.71);
  }
}

TEST(BuiltinTest, GeneratedDataDependsOnTheSeedOnly) {
  EXPECT_EQ(builtin::Cosine(50).features(), builtin::Cosine(50).features());
  EXPECT_NE(builtin::Cosine(50).features(), builtin::Cosine(50, 1).features());
  EXPECT_EQ(builtin::Moons(50).features(), builtin::Moons(50).features());
  EXPECT_NE(builtin::Spirals(50).features(),
            builtin::Spirals(50, 1).features());
  EXPECT_EQ(builtin::Cosine(50).features().data<float>()[7],
            builtin::Cosine(9).features().data<float>()[7]);
}

TEST(BuiltinTest, NoiseStaysInTheDocumentedDomain) {
  for (const Dataset& data :
       {builtin::Moons(20000, 3), builtin::Spirals(20000, 3)}) {
    EXPECT_TRUE(CheckInside(*data.domain(), data.features()).ok());
  }
}

TEST(BuiltinTest, AreFoundByName) {
  for (const std::string& name : builtin::Names()) {
    EXPECT_EQ(builtin::ByName(name).value().name(), name);
  }
  const absl::Status status = builtin::ByName("mnist").status();
  EXPECT_EQ(status.code(), absl::StatusCode::kNotFound);
  EXPECT_THAT(std::string(status.message()),
              HasSubstr("no built-in data set 'mnist': there are cosine, "
                        "digits, moons, spirals"));
}

}  // namespace
}  // namespace espalier
