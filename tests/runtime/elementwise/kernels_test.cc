// Each opcode, operand form and instruction set against the reference.
#include "runtime/elementwise/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "runtime/elementwise/math_error.h"
#include "runtime/elementwise/program.h"
#include "tests/runtime/elementwise/reference.h"

namespace espalier {
namespace {

constexpr float kGuard = 12345.0f;

// Whether `y` is what the opcode may give for the sources.
bool Agrees(Opcode opcode, Isa isa, const float* sources, float y) {
  const double ulps = MaxUlps(opcode);
  if (ulps == 0) return SameFloat(y, ReferenceFloat(opcode, isa, sources));
  const double exact = ReferenceFunction(opcode, sources[0]);
  if (std::isnan(exact)) return std::isnan(y);
  if (std::isinf(exact)) return y == exact;
  if (exact == 0) return y == 0 && std::signbit(y) == std::signbit(exact);
  int exponent;
  std::frexp(exact, &exponent);  // one more than the header's
  const double unit = std::ldexp(1.0, std::max(exponent - 24, -149));
  if (std::isinf(y)) {
    return std::signbit(y) == std::signbit(exact) &&
           std::fabs(exact) + ulps * unit > 3.40282347e+38;
  }
  return std::fabs(y - exact) <= ulps * unit;
}

bool IsInt(Opcode opcode) {
  return opcode == Opcode::kIntToFloat || opcode == Opcode::kIntAdd;
}

std::string Describe(Opcode opcode, Isa isa, const float* sources, float y) {
  std::string text(IsaName(isa));
  text += " ";
  text += std::string(OpcodeName(opcode)) + "(";
  for (int s = 0; s < OpcodeArity(opcode); ++s) {
    text += (s == 0 ? "" : ", ") + std::to_string(sources[s]);
  }
  return text + ") = " + std::to_string(y);
}

class KernelsTest : public ::testing::TestWithParam<Isa> {
 protected:
  ElementwiseKernel Kernel(Opcode opcode, int form) const {
    return KernelsFor(GetParam()).elementwise[static_cast<int>(opcode)][form];
  }
};

TEST_P(KernelsTest, EveryFormAndSizeAgreesAndStaysInside) {
  std::mt19937 random(1);
  for (int o = 0; o < kNumOpcodes; ++o) {
    const Opcode opcode = static_cast<Opcode>(o);
    if (IsReduction(opcode)) continue;
    const int arity = OpcodeArity(opcode);
    for (int form = opcode == Opcode::kCopy ? 0 : 1; form < 1 << arity;
         ++form) {
      const ElementwiseKernel kernel = Kernel(opcode, form);
      ASSERT_NE(kernel, nullptr) << OpcodeName(opcode) << " " << form;
      for (int n = 0; n <= 70; ++n) {
        const int offset = n % 7;
        std::array<std::vector<float>, kMaxSources> sources;
        std::array<const float*, kMaxSources> pointers = {};
        for (int s = 0; s < arity; ++s) {
          sources[s].resize(offset + s + std::max(n, 1));
          for (float& x : sources[s]) {
            x = IsInt(opcode) ? FloatOf(static_cast<int32_t>(random()))
                              : RandomFloat(random);
          }
          pointers[s] = sources[s].data() + offset + s;
        }
        std::vector<float> y(n + 40, kGuard);
        float* const destination = y.data() + 20 - offset;
        kernel(destination, pointers[0], pointers[1], pointers[2], pointers[3],
               n);
        for (int i = 0; i < n; ++i) {
          float s[kMaxSources] = {};
          for (int k = 0; k < arity; ++k) {
            s[k] = pointers[k][form >> k & 1 ? i : 0];
          }
          ASSERT_TRUE(Agrees(opcode, GetParam(), s, destination[i]))
              << Describe(opcode, GetParam(), s, destination[i]);
        }
        for (float* p = y.data(); p < y.data() + y.size(); ++p) {
          if (p < destination || p >= destination + n) {
            ASSERT_EQ(*p, kGuard) << OpcodeName(opcode) << " n " << n;
          }
        }
      }
    }
  }
}

// All pairs of special values, with all others in the third and fourth place.
TEST_P(KernelsTest, SpecialValues) {
  const std::vector<float> values = SpecialFloats();
  const int n = static_cast<int>(values.size());
  for (int o = 0; o < kNumOpcodes; ++o) {
    const Opcode opcode = static_cast<Opcode>(o);
    if (IsReduction(opcode)) continue;
    const int arity = OpcodeArity(opcode);
    const ElementwiseKernel kernel = Kernel(opcode, (1 << arity) - 1);
    for (int shift = 0; shift < n; ++shift) {
      std::array<std::vector<float>, kMaxSources> s;
      s[0] = values;
      for (int k = 1; k < kMaxSources; ++k) {
        for (int i = 0; i < n; ++i) {
          s[k].push_back(values[(i + k * k * shift + (k - 1)) % n]);
        }
      }
      std::vector<float> y(n);
      kernel(y.data(), s[0].data(), s[1].data(), s[2].data(), s[3].data(), n);
      for (int i = 0; i < n; ++i) {
        const float sources[] = {s[0][i], s[1][i], s[2][i], s[3][i]};
        EXPECT_TRUE(Agrees(opcode, GetParam(), sources, y[i]))
            << Describe(opcode, GetParam(), sources, y[i]);
      }
      if (arity == 1) break;
    }
  }
}

// Every 30,011th float.
TEST_P(KernelsTest, FunctionsKeepTheirErrorBoundsAndRanges) {
  constexpr int kChunk = 1000;
  for (int o = 0; o < kNumOpcodes; ++o) {
    const Opcode opcode = static_cast<Opcode>(o);
    if (MaxUlps(opcode) == 0) continue;
    const ElementwiseKernel kernel = Kernel(opcode, 1);
    std::vector<float> x(kChunk), y(kChunk);
    uint64_t bits = 0;
    while (bits < (uint64_t{1} << 32)) {
      for (float& value : x) {
        value = FloatOf(static_cast<int32_t>(static_cast<uint32_t>(bits)));
        bits += 30011;
      }
      kernel(y.data(), x.data(), nullptr, nullptr, nullptr, kChunk);
      for (int i = 0; i < kChunk; ++i) {
        ASSERT_TRUE(Agrees(opcode, GetParam(), &x[i], y[i]))
            << Describe(opcode, GetParam(), &x[i], y[i]) << " at " << x[i];
        const double exact = ReferenceFunction(opcode, x[i]);
        if (std::isnan(exact)) continue;
        if (exact != 0 && y[i] != 0) {
          ASSERT_EQ(std::signbit(y[i]), std::signbit(exact)) << x[i];
        }
        if (opcode == Opcode::kTanh) {
          ASSERT_LE(std::fabs(y[i]), 1) << x[i];
        } else if (opcode == Opcode::kSigmoid || opcode == Opcode::kNormalCdf) {
          ASSERT_LE(y[i], 1) << x[i];
        } else if (opcode == Opcode::kExpm1) {
          ASSERT_GE(y[i], -1) << x[i];
        }
      }
    }
  }
}

TEST(KernelsIsaTest, Avx2AndAvx512GiveTheSameBits) {
  if (DetectIsa() != Isa::kAvx512) GTEST_SKIP() << "no AVX-512 here";
  std::mt19937 random(2);
  const std::vector<float> values = SpecialFloats();
  std::array<std::vector<float>, kMaxSources> s;
  constexpr int kSize = 20011;
  for (std::vector<float>& source : s) {
    for (int i = 0; i < kSize; ++i) {
      source.push_back(i % 3 == 0 ? values[random() % values.size()]
                                  : RandomFloat(random));
    }
  }
  for (int o = 0; o < kNumOpcodes; ++o) {
    const Opcode opcode = static_cast<Opcode>(o);
    const int form = (1 << (OpcodeArity(opcode) - IsReduction(opcode))) - 1;
    std::vector<float> wide(kSize), narrow(kSize);
    KernelsFor(Isa::kAvx512)
        .elementwise[o][form](wide.data(), s[0].data(), s[1].data(),
                              s[2].data(), s[3].data(), kSize);
    KernelsFor(Isa::kAvx2)
        .elementwise[o][form](narrow.data(), s[0].data(), s[1].data(),
                              s[2].data(), s[3].data(), kSize);
    for (int i = 0; i < kSize; ++i) {
      ASSERT_TRUE(SameFloat(wide[i], narrow[i]))
          << OpcodeName(opcode) << " " << i << ": " << wide[i] << " "
          << narrow[i];
    }
  }
}

INSTANTIATE_TEST_SUITE_P(AllIsas, KernelsTest,
                         ::testing::ValuesIn(SupportedIsas()),
                         [](const auto& info) {
                           return std::string(IsaName(info.param));
                         });

}  // namespace
}  // namespace espalier
