#include "runtime/elementwise/small_matmul.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

using Activation = MatMulActivation;

constexpr float kGuard = 777;

float At(const std::vector<float>& x, bool transposed, int64_t rows,
         int64_t columns, int64_t i, int64_t j) {
  return transposed ? x[j * rows + i] : x[i * columns + j];
}

// What the header promises, to the bit.
float Element(const SmallMatmulOptions& o, Isa isa, const std::vector<float>& a,
              const std::vector<float>& b, const std::vector<float>& bias,
              int64_t i, int64_t j) {
  float sum = 0;
  for (int64_t k = 0; k < o.k; ++k) {
    const float x = At(a, o.transpose_a, o.m, o.k, i, k);
    const float y = At(b, o.transpose_b, o.k, o.n, k, j);
    sum = isa == Isa::kBaseline ? x * y + sum : std::fma(x, y, sum);
  }
  if (!bias.empty()) sum = sum + bias[j];
  if (o.activation == Activation::kRelu && sum <= 0) return 0;
  if (o.activation == Activation::kLeakyRelu && !(sum > 0)) {
    return sum * o.slope;
  }
  return sum;
}

// Every way to transpose is a number below 4.
SmallMatmulOptions OptionsOf(int64_t m, int64_t n, int64_t k, int transposed) {
  SmallMatmulOptions o;
  o.m = m;
  o.n = n;
  o.k = k;
  o.transpose_a = transposed & 1;
  o.transpose_b = transposed >> 1;
  return o;
}

class SmallMatmulTest : public ::testing::TestWithParam<Isa> {
 protected:
  void Check(SmallMatmulOptions o, bool with_bias) {
    std::mt19937 random(static_cast<unsigned>(o.m * 10007 + o.n * 101 + o.k));
    std::vector<float> a(o.m * o.k), b(o.k * o.n), bias(with_bias ? o.n : 0);
    for (float& x : a) x = RandomFloat(random);
    for (float& x : b) x = RandomFloat(random);
    for (float& x : bias) x = RandomFloat(random);
    std::vector<float> c(o.m * o.n + 32, kGuard);
    SmallMatmul(GetParam(), o, a.data(), b.data(),
                with_bias ? bias.data() : nullptr, c.data() + 16);
    for (int64_t i = 0; i < o.m; ++i) {
      for (int64_t j = 0; j < o.n; ++j) {
        const float got = c[16 + i * o.n + j];
        const float expected = Element(o, GetParam(), a, b, bias, i, j);
        ASSERT_EQ(got, expected)
            << o.m << "x" << o.k << "x" << o.n << " transposed "
            << o.transpose_a << o.transpose_b << " at " << i << "," << j;
      }
    }
    for (int i = 0; i < 16; ++i) {
      ASSERT_EQ(c[i], kGuard);
      ASSERT_EQ(c[c.size() - 1 - i], kGuard);
    }
  }
};

TEST_P(SmallMatmulTest, RaggedShapesToTheBit) {
  const int64_t sizes[] = {0, 1, 2, 3, 7, 10, 16, 17, 30, 33, 64, 70};
  for (const int64_t m : sizes) {
    for (const int64_t n : sizes) {
      for (const int64_t k : {0, 1, 2, 15, 30, 33}) {
        for (int transposed = 0; transposed < 4; ++transposed) {
          SmallMatmulOptions o = OptionsOf(m, n, k, transposed);
          o.activation = static_cast<Activation>((m + n + k) % 3);
          o.slope = 0.25f;
          Check(o, (m + n) % 2 == 0);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// More k than a packed panel holds.
TEST_P(SmallMatmulTest, DeepSumsToTheBit) {
  for (const int64_t k : {127, 128, 129, 300, 513}) {
    for (const int64_t m : {1, 5, 40}) {
      for (const int64_t n : {1, 4, 37}) {
        for (int transposed = 0; transposed < 4; ++transposed) {
          SmallMatmulOptions o = OptionsOf(m, n, k, transposed);
          o.activation = Activation::kRelu;
          Check(o, true);
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(SmallMatmulTest, NanPassesThroughRelu) {
  const float nan = std::nanf("");
  for (const Activation activation :
       {Activation::kNone, Activation::kRelu, Activation::kLeakyRelu}) {
    SmallMatmulOptions o;
    o.m = 2;
    o.n = 3;
    o.k = 2;
    o.activation = activation;
    const std::vector<float> a = {1, nan, 2, 3};
    const std::vector<float> b = {1, 2, 3, 4, 5, 6};
    std::vector<float> c(6);
    SmallMatmul(GetParam(), o, a.data(), b.data(), nullptr, c.data());
    for (int j = 0; j < 3; ++j) {
      EXPECT_TRUE(std::isnan(c[j]));
      EXPECT_FALSE(std::isnan(c[3 + j]));
    }
  }
}

TEST(SmallMatmulPaysTest, OnlyForSmallProducts) {
  SmallMatmulOptions o;
  o.m = 200;
  o.n = 30;
  o.k = 1;
  EXPECT_TRUE(SmallMatmulPays(o));
  o.m = o.n = o.k = 128;
  EXPECT_FALSE(SmallMatmulPays(o));
  o.m = o.n = o.k = int64_t{1} << 40;
  EXPECT_FALSE(SmallMatmulPays(o));
}

INSTANTIATE_TEST_SUITE_P(AllIsas, SmallMatmulTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
