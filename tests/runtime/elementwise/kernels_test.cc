// Each opcode, operand form and instruction set against the reference.
#include "runtime/elementwise/kernels.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/types/span.h"
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

// Sizes around where the filling changes its ways.
TEST_P(KernelsTest, FillsAnySizeAndStaysInside) {
  const float value = -1.5f;
  for (const int n : {0, 1, 255, 4095, 4096, 4097, 10007}) {
    std::vector<float> y(n + 40, kGuard);
    Kernel(Opcode::kCopy, 0)(y.data() + 17, &value, nullptr, nullptr, nullptr,
                             n);
    for (int i = 0; i < n + 40; ++i) {
      ASSERT_EQ(y[i], i >= 17 && i < 17 + n ? value : kGuard) << n << " " << i;
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

// What the kernel of all vectors gives for sources that are the same on every
// machine: their bits come straight from the generator.
std::vector<float> ResultsOn(Opcode opcode, Isa isa) {
  constexpr int kSize = 20011;
  const std::vector<float> specials = SpecialFloats();
  std::mt19937 random(2);
  std::array<std::vector<float>, kMaxSources> s;
  for (std::vector<float>& source : s) {
    for (int i = 0; i < kSize; ++i) {
      const uint32_t bits = random();
      // Any sign and mantissa, exponents from -7 to 8. A special value in a sum
      // would hide all others.
      const uint32_t exponent = 120 + (random() & 15);
      const float ordinary =
          FloatOf(static_cast<int32_t>((bits & 0x807fffffu) | exponent << 23));
      source.push_back(i % 3 == 0 && !IsReduction(opcode)
                           ? specials[bits % specials.size()]
                           : ordinary);
    }
  }
  const int form = (1 << (OpcodeArity(opcode) - IsReduction(opcode))) - 1;
  std::vector<float> y(kSize);
  KernelsFor(isa).elementwise[static_cast<int>(opcode)][form](
      y.data(), s[0].data(), s[1].data(), s[2].data(), s[3].data(), kSize);
  return y;
}

// FNV-1a over the bits. A NaN is a NaN, but where results are bits or integers.
uint64_t HashOf(Opcode opcode, absl::Span<const float> results) {
  const bool exact = opcode == Opcode::kCopy || opcode == Opcode::kIntAdd ||
                     opcode == Opcode::kFloatToInt;
  uint64_t hash = 0xcbf29ce484222325u;
  for (const float x : results) {
    const auto bits = std::isnan(x) && !exact
                          ? 0x7fc00000u
                          : static_cast<uint32_t>(BitsOf(x));
    for (int shift = 0; shift < 32; shift += 8) {
      hash = (hash ^ (bits >> shift & 0xff)) * 0x100000001b3u;
    }
  }
  return hash;
}

// By opcode: hashes of what AVX2 and AVX-512 give, which is the same, and of
// what the baseline gives. That one has no fused multiply-add and rounds where
// they do not, so most of its functions have other last bits; it is held to
// bits of its own. Each machine tests the sets that it has.
struct GoldenHashes {
  absl::string_view opcode;
  uint64_t fused;
  uint64_t baseline;
};
constexpr GoldenHashes kGolden[] = {
    {"copy", 0x372dbd1bb60ebeae, 0x372dbd1bb60ebeae},
    {"add", 0x98d6b5b072e3c054, 0x98d6b5b072e3c054},
    {"sub", 0x0fd5db1eed85eea9, 0x0fd5db1eed85eea9},
    {"mul", 0x3af172eadef074a5, 0x3af172eadef074a5},
    {"div", 0x12f16b9a108c7292, 0x12f16b9a108c7292},
    {"fma", 0x7fdc81db0b6eab69, 0xef787ba984204986},
    {"sqrt", 0x4418d29e688ea94e, 0x4418d29e688ea94e},
    {"abs", 0x59bac3e1139f27ae, 0x59bac3e1139f27ae},
    {"neg", 0x328886201acd372e, 0x328886201acd372e},
    {"max", 0x2a5e350fe2132701, 0x2a5e350fe2132701},
    {"min", 0xc875178e1d2ec38f, 0xc875178e1d2ec38f},
    {"sign", 0x8060c73fbbaa5098, 0x8060c73fbbaa5098},
    {"select_greater", 0xa75caf2e8909af7d, 0xa75caf2e8909af7d},
    {"exp", 0x6bcbf67da05dc436, 0x19114352816b7cbd},
    {"expm1", 0x45801736214973d0, 0xa87347d666f522de},
    {"log", 0xba3d319c1a2958e9, 0x78c808b1a7d492cf},
    {"log1p", 0x55bebfee7a04fc9c, 0x04b7159f28d5007d},
    {"tanh", 0xc6c5c4b0e7f89b6d, 0x3c22a7a04d4ff247},
    {"sigmoid", 0xf871f7c02e92ae3d, 0x0236a540cdd70286},
    {"softplus", 0x865b4295d312c793, 0x37800033d28c23e9},
    {"normal_cdf", 0xd50dc18e2edf1ee6, 0xce2280450d3d49a3},
    {"hard_swish", 0x5778ef4e75113026, 0x5778ef4e75113026},
    {"scale_add", 0xfb64c220b08f9bff, 0x40a728bfe1748fa3},
    {"scale_add_square", 0x511b5ecfa095f35d, 0x7ac2ec6849c4853f},
    {"scale_sqrt_add", 0x8850835a1860acf2, 0xc375ca7d99225c33},
    {"scale_div_add", 0x1b44ecaee98425d8, 0x1b44ecaee98425d8},
    {"clamp", 0x6a6e3147452e5c2f, 0x6a6e3147452e5c2f},
    {"clamped_fma", 0x6e0c7dacd2872a0b, 0x6e6caf9cef70af39},
    {"select_product", 0xe84646f6e7abe577, 0xe84646f6e7abe577},
    {"select_within", 0xcbfbcedfc68a732d, 0xcbfbcedfc68a732d},
    {"product_unless", 0x92bfe922dbbe7a25, 0x92bfe922dbbe7a25},
    {"sub_mul", 0x199ba8e6db446da2, 0x199ba8e6db446da2},
    {"normalize", 0x3227414e5b3dc182, 0x412092580a716c73},
    {"clamped_fma_slope", 0x15e770231a7c17ae, 0xe6e28ef193f2d247},
    {"hard_swish_slope", 0x49c8309d6537c5e0, 0x49c8309d6537c5e0},
    {"int_to_float", 0x0cc4e317f280afbc, 0x0cc4e317f280afbc},
    {"float_to_int", 0x6e920729fd2cf220, 0x6e920729fd2cf220},
    {"int_add", 0x5e55cbb15268b0fe, 0x5e55cbb15268b0fe},
    {"sum", 0xfdab52d75c4f0495, 0xfdab52d75c4f0495},
    {"sum_product", 0x7878b9499fd051c1, 0x9a252fe613d4ea45},
};
static_assert(std::size(kGolden) == kNumOpcodes,
              "a line for a new opcode; the test prints its hashes");

TEST(KernelsIsaTest, EverySetGivesTheBitsOnRecord) {
  for (int o = 0; o < kNumOpcodes; ++o) {
    const Opcode opcode = static_cast<Opcode>(o);
    const GoldenHashes& golden = kGolden[o];
    EXPECT_EQ(golden.opcode, OpcodeName(opcode));
    for (const Isa isa : SupportedIsas()) {
      const uint64_t hash = HashOf(opcode, ResultsOn(opcode, isa));
      EXPECT_EQ(hash, isa == Isa::kBaseline ? golden.baseline : golden.fused)
          << OpcodeName(opcode) << " on " << IsaName(isa) << " gives 0x"
          << std::hex << hash;
    }
  }
}

// The same without a record, for whichever sets this machine has, so that a
// difference is shown. Not the baseline: see GoldenHashes.
TEST(KernelsIsaTest, SetsWithFusedMultiplyAddsGiveTheSameBits) {
  const std::vector<Isa> isas = SupportedIsas();
  for (int o = 0; o < kNumOpcodes; ++o) {
    const Opcode opcode = static_cast<Opcode>(o);
    for (size_t k = 2; k < isas.size(); ++k) {
      const std::vector<float> wide = ResultsOn(opcode, isas[k]);
      const std::vector<float> narrow = ResultsOn(opcode, isas[1]);
      for (size_t i = 0; i < wide.size(); ++i) {
        ASSERT_TRUE(SameFloat(wide[i], narrow[i]))
            << OpcodeName(opcode) << " " << i << ": " << wide[i] << " on "
            << IsaName(isas[k]) << ", " << narrow[i] << " on "
            << IsaName(isas[1]);
      }
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
