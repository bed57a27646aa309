// Runs as it is, and with ONEDNN_MAX_CPU_ISA set to each name below.
#include "runtime/onednn/isa.h"

#include <cstdlib>
#include <map>
#include <string>

#include "graph/builder.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "runtime/onednn/matmul.h"
#include "tests/testing/execution.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace onednn {
namespace {

Isa Cap() {
  const char* const name = std::getenv("ONEDNN_MAX_CPU_ISA");
  if (name == nullptr) return Isa::kAvx512;
  const std::map<std::string, Isa> caps = {{"SSE41", Isa::kBaseline},
                                           {"AVX2", Isa::kAvx2},
                                           {"AVX512_CORE", Isa::kAvx512}};
  EXPECT_EQ(caps.count(name), 1) << name;
  return caps.at(name);
}

TEST(IsaTest, TheEnvironmentIsHeeded) { EXPECT_EQ(MaxIsa(), DetectIsa(Cap())); }

TEST(IsaTest, ProductsOfOnednnHeedItToo) {
  MatMulOptions options;
  options.m = options.n = options.k = 128;
  ASSERT_OK_AND_ASSIGN(const auto matmul, MatMul::Create(options));
  const bool avx512 =
      matmul->implementation().find("avx512") != std::string::npos;
  EXPECT_EQ(avx512, MaxIsa() == Isa::kAvx512) << matmul->implementation();
}

// (1 + 2^-12)^2 - 1 tells whether the product was rounded on its own.
TEST(IsaTest, OurOwnKernelsHeedIt) {
  GraphBuilder g("test");
  const Value x = g.Input("x", {kBatch});
  g.Output("y", Sub(Mul(x, x), g.Constant(1.0f)));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  const LeafValues leaves = {{"x", DoubleTensor(Shape({1}), 1 + 0x1p-12)}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues outputs, execution.Run(leaves));
  EXPECT_EQ(outputs.at("y")[0],
            MaxIsa() == Isa::kBaseline ? 0x1p-11 : 0x1p-11 + 0x1p-24);
}

}  // namespace
}  // namespace onednn
}  // namespace espalier
