#include "runtime/elementwise/softmax.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

// All that is computed from one matrix of logits.
struct Results {
  std::vector<float> softmax, log_softmax, loss, softmax_gradient,
      log_softmax_gradient, loss_gradient;
};

bool operator==(const Results& a, const Results& b) {
  return a.softmax == b.softmax && a.log_softmax == b.log_softmax &&
         a.loss == b.loss && a.softmax_gradient == b.softmax_gradient &&
         a.log_softmax_gradient == b.log_softmax_gradient &&
         a.loss_gradient == b.loss_gradient;
}

struct Problem {
  MatrixSize size;
  std::vector<float> x, dy, row_dy;
  std::vector<int32_t> labels;
};

Problem RandomProblem(MatrixSize size, float scale, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  Problem p = {size, {}, {}, {}, {}};
  for (int64_t i = 0; i < size.rows * size.columns; ++i) {
    p.x.push_back(scale * normal(random));
    p.dy.push_back(normal(random));
  }
  for (int64_t i = 0; i < size.rows; ++i) {
    p.row_dy.push_back(normal(random));
    p.labels.push_back(static_cast<int32_t>(random() % size.columns));
  }
  return p;
}

Results RunAll(Isa isa, int threads, const Problem& p) {
  const size_t n = p.x.size();
  Results r = {std::vector<float>(n),           std::vector<float>(n),
               std::vector<float>(p.size.rows), std::vector<float>(n),
               std::vector<float>(n),           std::vector<float>(n)};
  Softmax(isa, threads, p.size, p.x.data(), r.softmax.data());
  LogSoftmax(isa, threads, p.size, p.x.data(), r.log_softmax.data());
  SoftmaxCrossEntropy(isa, threads, p.size, p.x.data(), p.labels.data(),
                      r.loss.data());
  SoftmaxBackward(isa, threads, p.size, r.softmax.data(), p.dy.data(),
                  r.softmax_gradient.data());
  LogSoftmaxBackward(isa, threads, p.size, r.log_softmax.data(), p.dy.data(),
                     r.log_softmax_gradient.data());
  SoftmaxCrossEntropyBackward(isa, threads, p.size, p.x.data(), p.labels.data(),
                              p.row_dy.data(), 1, r.loss_gradient.data());
  return r;
}

class SoftmaxTest : public ::testing::TestWithParam<Isa> {};

TEST_P(SoftmaxTest, AgreesWithDouble) {
  for (const int64_t rows : {0, 1, 3, 16, 17, 40}) {
    for (const int64_t columns :
         {1, 2, 3, 8, 10, 15, 16, 17, 31, 32, 33, 50, 100, 257}) {
      const Problem p =
          RandomProblem({rows, columns}, 3, static_cast<unsigned>(columns));
      const Results r = RunAll(GetParam(), 1, p);
      for (int64_t i = 0; i < rows; ++i) {
        const float* x = &p.x[i * columns];
        const double most = *std::max_element(x, x + columns);
        double sum = 0;
        for (int64_t j = 0; j < columns; ++j) sum += std::exp(x[j] - most);
        double dot = 0, total = 0;
        for (int64_t j = 0; j < columns; ++j) {
          const double probability = std::exp(x[j] - most) / sum;
          dot += probability * p.dy[i * columns + j];
          total += p.dy[i * columns + j];
        }
        ASSERT_NEAR(r.loss[i], std::log(sum) + most - x[p.labels[i]],
                    2e-6 * (1 + r.loss[i]));
        for (int64_t j = 0; j < columns; ++j) {
          const int64_t at = i * columns + j;
          const double q = std::exp(x[j] - most) / sum;
          const double label = j == p.labels[i] ? 1 : 0;
          ASSERT_NEAR(r.softmax[at], q, 2e-6 * q) << rows << "x" << columns;
          ASSERT_NEAR(r.log_softmax[at], std::log(q), 2e-6 * (1 - std::log(q)));
          ASSERT_NEAR(r.loss_gradient[at], (q - label) * p.row_dy[i], 2e-6);
          ASSERT_NEAR(r.softmax_gradient[at], (p.dy[at] - dot) * q, 1e-5);
          ASSERT_NEAR(r.log_softmax_gradient[at], p.dy[at] - q * total,
                      1e-5 * (1 + std::fabs(total)));
        }
      }
    }
  }
}

// Finite logits of any size give finite results inside their ranges.
TEST_P(SoftmaxTest, Extremes) {
  for (const int64_t columns : {1, 2, 5, 16, 17, 33, 40, 70}) {
    std::vector<std::vector<float>> rows;
    for (const float x :
         {0.0f, 1e4f, -1e4f, 3e38f, -3e38f, kLargest, -kLargest, 1e-45f}) {
      rows.push_back(std::vector<float>(columns, x));  // all equal
      rows.push_back(std::vector<float>(columns, x));
      rows.back()[0] = -x;
      rows.push_back(std::vector<float>(columns, x));
      rows.back()[columns - 1] = 0;
    }
    Problem p = {{static_cast<int64_t>(rows.size()), columns}, {}, {}, {}, {}};
    for (const std::vector<float>& row : rows) {
      p.x.insert(p.x.end(), row.begin(), row.end());
      p.dy.insert(p.dy.end(), columns, 1);
      p.row_dy.push_back(1);
      p.labels.push_back(0);
    }
    const Results r = RunAll(GetParam(), 1, p);
    for (size_t i = 0; i < rows.size(); ++i) {
      ASSERT_TRUE(std::isfinite(r.loss[i])) << i;
      ASSERT_GE(r.loss[i], 0);
      ASSERT_FALSE(std::signbit(r.loss[i]));
      for (int64_t j = 0; j < columns; ++j) {
        const size_t at = i * columns + j;
        ASSERT_GE(r.softmax[at], 0);
        ASSERT_LE(r.softmax[at], 1);
        ASSERT_TRUE(std::isfinite(r.log_softmax[at]));
        ASSERT_LE(r.log_softmax[at], 0);
        ASSERT_GE(r.loss_gradient[at], -1);
        ASSERT_LE(r.loss_gradient[at], 1);
      }
      if (i % 3 == 0) {
        ASSERT_NEAR(r.softmax[i * columns], 1.0 / columns, 1e-7);
        ASSERT_NEAR(r.loss[i], std::log(columns), 1e-6);
      }
      if (columns == 1) {
        ASSERT_EQ(r.loss[i], 0);
      }
    }
  }
}

// A logit of -inf is a class that is ruled out; +inf and NaN spoil their row.
TEST_P(SoftmaxTest, InfinitiesAndNan) {
  const float inf = std::numeric_limits<float>::infinity();
  for (const int64_t columns : {3, 20, 50}) {
    Problem p = RandomProblem({5, columns}, 1, 1);
    p.x[1 * columns + 2] = -inf;
    p.labels[1] = 2;
    p.x[2 * columns + 1] = inf;
    p.x[3 * columns + 2] = std::nanf("");
    p.x[3 * columns + 0] = 100;
    const Results r = RunAll(GetParam(), 1, p);
    for (int64_t i = 0; i < 5; ++i) {
      const bool spoilt = i == 2 || i == 3;
      EXPECT_EQ(std::isnan(r.loss[i]), spoilt) << columns << " row " << i;
      for (int64_t j = 0; j < columns; ++j) {
        const int64_t at = i * columns + j;
        EXPECT_EQ(std::isnan(r.softmax[at]), spoilt) << columns << " row " << i;
        EXPECT_EQ(std::isnan(r.log_softmax[at]), spoilt);
        EXPECT_EQ(std::isnan(r.loss_gradient[at]), spoilt);
      }
    }
    EXPECT_EQ(r.loss[1], inf);
    EXPECT_EQ(r.softmax[1 * columns + 2], 0);
    EXPECT_EQ(r.log_softmax[1 * columns + 2], -inf);
  }
}

TEST_P(SoftmaxTest, InPlaceAndOneGradientForAllRows) {
  for (const int64_t columns : {10, 40}) {
    const Problem p = RandomProblem({37, columns}, 2, 5);
    const Results r = RunAll(GetParam(), 1, p);
    std::vector<float> y = p.x;
    Softmax(GetParam(), 1, p.size, y.data(), y.data());
    EXPECT_EQ(y, r.softmax);
    y = p.x;
    LogSoftmax(GetParam(), 1, p.size, y.data(), y.data());
    EXPECT_EQ(y, r.log_softmax);
    y = p.x;
    SoftmaxCrossEntropyBackward(GetParam(), 1, p.size, y.data(),
                                p.labels.data(), p.row_dy.data(), 1, y.data());
    EXPECT_EQ(y, r.loss_gradient);
    const float one = 0.5f;
    Problem same = p;
    same.row_dy.assign(37, one);
    SoftmaxCrossEntropyBackward(GetParam(), 1, p.size, p.x.data(),
                                p.labels.data(), &one, 0, y.data());
    EXPECT_EQ(y, RunAll(GetParam(), 1, same).loss_gradient);
  }
}

TEST_P(SoftmaxTest, BitsDoNotDependOnThreads) {
  for (const int64_t columns : {10, 100}) {
    const Problem p = RandomProblem({4001, columns}, 2, 6);
    const Results first = RunAll(GetParam(), 1, p);
    for (int threads = 2; threads <= 4; ++threads) {
      EXPECT_TRUE(RunAll(GetParam(), threads, p) == first) << threads;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllIsas, SoftmaxTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
