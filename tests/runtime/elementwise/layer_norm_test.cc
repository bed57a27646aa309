#include "runtime/elementwise/layer_norm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

constexpr float kEpsilon = 1e-5f;

struct Problem {
  MatrixSize size;
  std::vector<float> x, g, scale, shift;
};

Problem RandomProblem(MatrixSize size, float spread, float middle) {
  std::mt19937 random(1);
  std::normal_distribution<float> normal;
  Problem p = {size, {}, {}, {}, {}};
  for (int64_t i = 0; i < size.rows * size.columns; ++i) {
    p.x.push_back(middle + spread * normal(random));
    p.g.push_back(normal(random));
  }
  for (int64_t j = 0; j < size.columns; ++j) {
    p.scale.push_back(normal(random));
    p.shift.push_back(normal(random));
  }
  return p;
}

std::vector<float> Forward(Isa isa, int threads, const Problem& p) {
  std::vector<float> y(p.x.size());
  LayerNorm(isa, threads, p.size, kEpsilon, p.x.data(), p.scale.data(),
            p.shift.data(), y.data());
  return y;
}

std::vector<float> Backward(Isa isa, int threads, const Problem& p) {
  std::vector<float> dx(p.x.size());
  LayerNormBackward(isa, threads, p.size, kEpsilon, p.x.data(), p.g.data(),
                    nullptr, dx.data());
  return dx;
}

// dy is g.
std::vector<float> ScaledBackward(Isa isa, int threads, const Problem& p) {
  std::vector<float> dx(p.x.size());
  LayerNormBackward(isa, threads, p.size, kEpsilon, p.x.data(), p.g.data(),
                    p.scale.data(), dx.data());
  return dx;
}

// Both in double precision, and 1 / root of each element's row.
struct Expected {
  std::vector<double> y, dx, inverse;
};

Expected InDouble(const Problem& p) {
  const auto count = static_cast<double>(p.size.columns);
  Expected e;
  for (int64_t i = 0; i < p.size.rows; ++i) {
    const float* x = &p.x[i * p.size.columns];
    const float* g = &p.g[i * p.size.columns];
    double mean = 0, variance = 0, g_mean = 0, along = 0;
    for (int64_t j = 0; j < p.size.columns; ++j) mean += x[j] / count;
    for (int64_t j = 0; j < p.size.columns; ++j) {
      variance += (x[j] - mean) * (x[j] - mean) / count;
    }
    const double inverse = 1 / std::sqrt(variance + kEpsilon);
    for (int64_t j = 0; j < p.size.columns; ++j) {
      g_mean += g[j] / count;
      along += g[j] * (x[j] - mean) * inverse / count;
    }
    for (int64_t j = 0; j < p.size.columns; ++j) {
      const double h = (x[j] - mean) * inverse;
      e.y.push_back(h * p.scale[j] + p.shift[j]);
      e.dx.push_back((g[j] - g_mean - h * along) * inverse);
      e.inverse.push_back(inverse);
    }
  }
  return e;
}

class LayerNormTest : public ::testing::TestWithParam<Isa> {};

// Of rows of the largest numbers the result is that of small ones.
TEST_P(LayerNormTest, AgreesWithDouble) {
  for (const float spread : {1.0f, 1e-3f, 1e10f, 5e37f}) {
    for (const int64_t rows : {0, 1, 3, 17}) {
      for (const int64_t columns :
           {1, 2, 3, 7, 8, 9, 16, 31, 32, 33, 64, 100, 257, 5000, 9001}) {
        const Problem p = RandomProblem({rows, columns}, spread, spread);
        const Expected e = InDouble(p);
        const std::vector<float> y = Forward(GetParam(), 1, p);
        const std::vector<float> dx = Backward(GetParam(), 1, p);
        for (size_t i = 0; i < y.size(); ++i) {
          ASSERT_NEAR(y[i], e.y[i], 1e-5 * (1 + std::fabs(e.y[i])))
              << rows << "x" << columns << " of " << spread;
          // Differences of numbers of the size of g, times the inverse.
          ASSERT_NEAR(dx[i], e.dx[i], 1e-5 * e.inverse[i] + 1e-37)
              << rows << "x" << columns << " of " << spread;
        }
      }
    }
  }
}

TEST_P(LayerNormTest, ScalesWhatFlowsBackToTheBit) {
  for (const float spread : {1.0f, 5e37f}) {
    for (const int64_t columns : {1, 9, 64, 65, 257, 5000}) {
      Problem p = RandomProblem({19, columns}, spread, spread);
      const std::vector<float> dx = ScaledBackward(GetParam(), 2, p);
      for (size_t i = 0; i < p.g.size(); ++i) {
        p.g[i] *= p.scale[i % p.scale.size()];
      }
      EXPECT_EQ(dx, Backward(GetParam(), 1, p)) << columns << " of " << spread;
    }
  }
}

TEST_P(LayerNormTest, BitsDoNotDependOnThreads) {
  const Problem p = RandomProblem({1001, 100}, 2, 1);
  for (int threads = 2; threads <= 4; ++threads) {
    EXPECT_EQ(Forward(GetParam(), threads, p), Forward(GetParam(), 1, p));
    EXPECT_EQ(Backward(GetParam(), threads, p), Backward(GetParam(), 1, p));
  }
}

TEST_P(LayerNormTest, NanAndInfinityFillTheirRowOnly) {
  for (const float special : {std::numeric_limits<float>::quiet_NaN(),
                              std::numeric_limits<float>::infinity(),
                              -std::numeric_limits<float>::infinity()}) {
    Problem p = RandomProblem({20, 37}, 1, 0);
    p.x[3 * 37 + 36] = special;
    const std::vector<float> y = Forward(GetParam(), 1, p);
    const std::vector<float> dx = Backward(GetParam(), 1, p);
    for (size_t i = 0; i < y.size(); ++i) {
      EXPECT_EQ(std::isnan(y[i]), i / 37 == 3) << special;
      EXPECT_EQ(std::isnan(dx[i]), i / 37 == 3) << special;
    }
  }
}

TEST_P(LayerNormTest, EqualElementsGiveTheShift) {
  Problem p = RandomProblem({2, 50}, 1, 0);
  std::fill(p.x.begin(), p.x.end(), 8.0f);
  const std::vector<float> y = Forward(GetParam(), 1, p);
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], p.shift[i % 50]);
}

TEST_P(LayerNormTest, InPlace) {
  Problem p = RandomProblem({5, 37}, 1, 0);
  const std::vector<float> y = Forward(GetParam(), 1, p);
  LayerNorm(GetParam(), 1, p.size, kEpsilon, p.x.data(), p.scale.data(),
            p.shift.data(), p.x.data());
  EXPECT_EQ(p.x, y);
}

INSTANTIATE_TEST_SUITE_P(AllIsas, LayerNormTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
