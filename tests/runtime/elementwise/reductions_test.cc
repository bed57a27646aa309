#include "runtime/elementwise/reductions.h"

#include <gtest/gtest.h>

#include <algorithm>
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
  std::vector<float> scratch(FoldOverRowsScratchBytes(size) / sizeof(float));
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
      ExtremeOverColumns(GetParam(), 1, size, Extreme::kMax, x.data(),
                         largest.data());
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
  ExtremeOverColumns(GetParam(), 1, size, Extreme::kMax, x.data(),
                     largest.data());
  for (int j = 0; j < 20; ++j) EXPECT_EQ(std::isnan(by_column[j]), j == 13);
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(std::isnan(by_row[i]), i == 7);
    EXPECT_EQ(std::isnan(largest[i]), i == 7);
  }
}

std::vector<float> RunExtremeOverRows(Isa isa, int threads, MatrixSize size,
                                      Extreme extreme,
                                      const std::vector<float>& x) {
  std::vector<float> y(size.columns);
  std::vector<float> scratch(FoldOverRowsScratchBytes(size) / sizeof(float));
  ExtremeOverRows(isa, threads, size, extreme, x.data(), y.data(),
                  scratch.data());
  return y;
}

std::vector<float> RunExtremeOverColumns(Isa isa, int threads, MatrixSize size,
                                         Extreme extreme,
                                         const std::vector<float>& x) {
  std::vector<float> y(size.rows);
  ExtremeOverColumns(isa, threads, size, extreme, x.data(), y.data());
  return y;
}

TEST_P(ReductionsTest, ExtremesAreExactAndPassNanOn) {
  for (const int64_t rows : {1, 2, 3, 7, 16, 33, 300, 70000}) {
    for (const int64_t columns : {1, 2, 3, 10, 16, 17, 40, 65, 300, 5000}) {
      if (rows * columns > 400000) continue;
      const MatrixSize size = {rows, columns};
      std::vector<float> x = RandomMatrix(size, 4);
      if (x.size() > 20) x[x.size() / 2] = std::nanf("");
      for (const Extreme extreme : {Extreme::kMax, Extreme::kMin}) {
        const float sign = extreme == Extreme::kMax ? 1 : -1;
        std::vector<float> by_column(columns, -sign * INFINITY);
        std::vector<float> by_row(rows, -sign * INFINITY);
        for (int64_t i = 0; i < rows * columns; ++i) {
          for (float* y : {&by_column[i % columns], &by_row[i / columns]}) {
            if (sign * x[i] > sign * *y || std::isnan(x[i])) *y = x[i];
          }
        }
        for (const int threads : {1, 3}) {
          const std::vector<float> found =
              RunExtremeOverRows(GetParam(), threads, size, extreme, x);
          for (int64_t j = 0; j < columns; ++j) {
            ASSERT_EQ(std::isnan(found[j]), std::isnan(by_column[j]));
            if (!std::isnan(found[j])) {
              ASSERT_EQ(found[j], by_column[j])
                  << rows << "x" << columns << " column " << j;
            }
          }
          const std::vector<float> of_rows =
              RunExtremeOverColumns(GetParam(), threads, size, extreme, x);
          for (int64_t i = 0; i < rows; ++i) {
            ASSERT_EQ(std::isnan(of_rows[i]), std::isnan(by_row[i]));
            if (!std::isnan(of_rows[i])) {
              ASSERT_EQ(of_rows[i], by_row[i])
                  << rows << "x" << columns << " row " << i;
            }
          }
        }
      }
    }
  }
}

TEST_P(ReductionsTest, SquaredDeviationsAgainstDouble) {
  for (const int64_t rows : {1, 2, 3, 15, 17, 64, 300, 1000, 9000}) {
    for (const int64_t columns : {1, 2, 3, 10, 16, 17, 40, 65, 300, 9000}) {
      if (rows * columns > 400000) continue;
      const MatrixSize size = {rows, columns};
      const std::vector<float> x = RandomMatrix(size, 5);
      const std::vector<float> centers =
          RandomMatrix({1, std::max(rows, columns)}, 6);
      std::vector<float> by_column(columns), by_row(rows), threaded(columns);
      std::vector<float> scratch(FoldOverRowsScratchBytes(size) /
                                 sizeof(float));
      SquaredDeviationsOverRows(GetParam(), 1, size, 0.5f, x.data(),
                                centers.data(), by_column.data(),
                                scratch.data());
      SquaredDeviationsOverRows(GetParam(), 3, size, 0.5f, x.data(),
                                centers.data(), threaded.data(),
                                scratch.data());
      EXPECT_EQ(threaded, by_column);
      SquaredDeviationsOverColumns(GetParam(), 1, size, 2, x.data(),
                                   centers.data(), by_row.data());
      std::vector<double> of_column(columns), of_row(rows);
      for (int64_t i = 0; i < rows * columns; ++i) {
        const double value = x[i];
        of_column[i % columns] += std::pow(value - centers[i % columns], 2);
        of_row[i / columns] += std::pow(value - centers[i / columns], 2);
      }
      for (int64_t j = 0; j < columns; ++j) {
        ASSERT_NEAR(by_column[j], 0.5 * of_column[j], kTolerance * of_column[j])
            << rows << "x" << columns << " column " << j;
      }
      for (int64_t i = 0; i < rows; ++i) {
        ASSERT_NEAR(by_row[i], 2 * of_row[i], 2 * kTolerance * of_row[i])
            << rows << "x" << columns << " row " << i;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllIsas, ReductionsTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
