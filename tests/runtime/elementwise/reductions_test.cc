#include "runtime/elementwise/reductions.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

std::vector<float> RandomMatrix(MatrixSize size, unsigned seed) {
  std::mt19937 random(seed);
  std::vector<float> x(size.rows * size.columns);
  for (float& v : x) v = RandomFloat(random);
  return x;
}

std::vector<float> RunSumOverRows(Isa isa, int threads, MatrixSize size,
                                  float scale, const std::vector<float>& x) {
  std::vector<float> y(size.columns);
  std::vector<float> scratch(SumOverRowsScratchBytes(size) / sizeof(float));
  SumOverRows(isa, threads, size, scale, x.data(), y.data(), scratch.data());
  return y;
}

std::vector<float> RunSumOverColumns(Isa isa, int threads, MatrixSize size,
                                     float scale, const std::vector<float>& x) {
  std::vector<float> y(size.rows);
  SumOverColumns(isa, threads, size, scale, x.data(), y.data());
  return y;
}

// Sums of single-precision chains are this good, relative to sum of |x|.
constexpr double kTolerance = 2e-6;

class ReductionsTest : public ::testing::TestWithParam<Isa> {};

TEST_P(ReductionsTest, RaggedShapesAgainstDouble) {
  for (const int64_t rows : {0, 1, 2, 3, 15, 16, 17, 33, 64, 200, 300, 1000}) {
    for (const int64_t columns :
         {1, 2, 3, 10, 15, 16, 17, 30, 33, 48, 64, 65, 100, 257, 5000}) {
      if (rows * columns > 400000) continue;
      const MatrixSize size = {rows, columns};
      const std::vector<float> x = RandomMatrix(size, 1);
      const std::vector<float> by_column =
          RunSumOverRows(GetParam(), 1, size, 0.5f, x);
      const std::vector<float> by_row =
          RunSumOverColumns(GetParam(), 1, size, 2, x);
      std::vector<float> largest(rows);
      MaxOverColumns(GetParam(), 1, size, x.data(), largest.data());
      for (int64_t j = 0; j < columns; ++j) {
        double sum = 0, size_of_terms = 0;
        for (int64_t i = 0; i < rows; ++i) {
          sum += x[i * columns + j];
          size_of_terms += std::fabs(x[i * columns + j]);
        }
        ASSERT_NEAR(by_column[j], 0.5 * sum, kTolerance * size_of_terms)
            << rows << "x" << columns << " column " << j;
      }
      for (int64_t i = 0; i < rows; ++i) {
        double sum = 0, size_of_terms = 0;
        float most = x[i * columns];
        for (int64_t j = 0; j < columns; ++j) {
          sum += x[i * columns + j];
          size_of_terms += std::fabs(x[i * columns + j]);
          most = std::max(most, x[i * columns + j]);
        }
        ASSERT_NEAR(by_row[i], 2 * sum, 2 * kTolerance * size_of_terms)
            << rows << "x" << columns << " row " << i;
        ASSERT_EQ(largest[i], most) << rows << "x" << columns << " row " << i;
      }
    }
  }
}

TEST_P(ReductionsTest, BitsDoNotDependOnThreads) {
  for (const MatrixSize size :
       {MatrixSize{3001, 40}, MatrixSize{100000, 3}, MatrixSize{257, 700},
        MatrixSize{40, 5000}, MatrixSize{120000, 1}}) {
    const std::vector<float> x = RandomMatrix(size, 2);
    const std::vector<float> by_column =
        RunSumOverRows(GetParam(), 1, size, 1, x);
    const std::vector<float> by_row =
        RunSumOverColumns(GetParam(), 1, size, 1, x);
    for (int threads = 2; threads <= 4; ++threads) {
      EXPECT_EQ(RunSumOverRows(GetParam(), threads, size, 1, x), by_column);
      EXPECT_EQ(RunSumOverColumns(GetParam(), threads, size, 1, x), by_row);
    }
  }
}

TEST_P(ReductionsTest, NanShowsInItsRowAndColumnOnly) {
  const MatrixSize size = {50, 20};
  std::vector<float> x = RandomMatrix(size, 3);
  x[7 * 20 + 13] = std::nanf("");
  const std::vector<float> by_column =
      RunSumOverRows(GetParam(), 1, size, 1, x);
  const std::vector<float> by_row =
      RunSumOverColumns(GetParam(), 1, size, 1, x);
  std::vector<float> largest(50);
  MaxOverColumns(GetParam(), 1, size, x.data(), largest.data());
  for (int j = 0; j < 20; ++j) EXPECT_EQ(std::isnan(by_column[j]), j == 13);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(std::isnan(by_row[i]), i == 7);
    EXPECT_EQ(std::isnan(largest[i]), i == 7);
  }
}

INSTANTIATE_TEST_SUITE_P(AllIsas, ReductionsTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
