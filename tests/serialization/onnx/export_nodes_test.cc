#include <limits>

#include "gtest/gtest.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "tests/serialization/onnx/export_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

TEST(OnnxNodesTest, Elementwise) {
  EXPECT_EQ(Exported([](Value x) { return LeakyRelu(x, 0.25f); }),
            "y = LeakyRelu(x; alpha=0.25)\n");
  EXPECT_EQ(Exported([](Value x) { return Scale(x, 3); }), "y = Mul(x, 3)\n");
  EXPECT_EQ(Exported([](Value x) { return Square(x); }), "y = Mul(x, x)\n");
  EXPECT_EQ(Exported([](Value x) { return Clip(x, -1, 2.5f); }),
            "y = Clip(x, -1, 2.5)\n");
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(Exported([](Value x) { return Clip(x, -kInfinity, 1); }),
            "y = Clip(x, , 1)\n");
  EXPECT_EQ(Exported([](Value x) { return Clip(x, 1, kInfinity); }),
            "y = Clip(x, 1)\n");
  EXPECT_EQ(Exported([](Value x) { return Clip(x, -kInfinity, kInfinity); }),
            "y = Clip(x)\n");
  EXPECT_EQ(Exported([](Value x) { return SelectGreater(x, x, x, x, "s"); }),
            "s_lessorequal = LessOrEqual(x, x)\n"
            "s_where = Where(s_lessorequal, x, nan)\n"
            "s_greater = Greater(x, x)\n"
            "y = Where(s_greater, x, s_where)\n");
  EXPECT_EQ(Exported([](Value x) { return Expm1(x, "e"); }),
            "e_mul = Mul(x, 0.5)\n"
            "e_tanh = Tanh(e_mul)\n"
            "e_mul_1 = Mul(e_tanh, 2)\n"
            "e_sub = Sub(1, e_tanh)\n"
            "e_div = Div(e_mul_1, e_sub)\n"
            "e_exp = Exp(x)\n"
            "e_sub_1 = Sub(e_exp, 1)\n"
            "e_abs = Abs(x)\n"
            "e_less = Less(e_abs, 1)\n"
            "y = Where(e_less, e_div, e_sub_1)\n");
  EXPECT_EQ(Exported([](Value x) { return Log1p(x, "l"); }),
            "l_add = Add(x, 1)\n"
            "l_log = Log(l_add)\n"
            "l_sub = Sub(l_add, 1)\n"
            "l_sub_1 = Sub(l_sub, x)\n"
            "l_div = Div(l_sub_1, l_add)\n"
            "l_sub_2 = Sub(l_log, l_div)\n"
            "l_abs = Abs(x)\n"
            "l_less = Less(l_abs, 0.5)\n"
            "y = Where(l_less, l_sub_2, l_log)\n");
  EXPECT_EQ(Exported([](Value x) { return NormalCdf(x, "c"); }),
            "c_mul = Mul(x, 0.707107)\n"
            "c_erf = Erf(c_mul)\n"
            "c_add = Add(c_erf, 1)\n"
            "y = Mul(c_add, 0.5)\n");
  EXPECT_EQ(Exported([](Value x) { return Scale(x, 3, true, "s"); }),
            "batch_shape = Shape(x)\n"
            "batch_size = Gather(batch_shape, [0])\n"
            "s_cast = Cast(batch_size; to=1)\n"
            "s_mul = Mul(x, 3)\n"
            "y = Div(s_mul, s_cast)\n");
}

TEST(OnnxNodesTest, Activations) {
  EXPECT_EQ(Exported([](Value x) { return Elu(x, 0.5f); }),
            "y = Elu(x; alpha=0.5)\n");
  EXPECT_EQ(Exported([](Value x) { return Celu(x, 2); }),
            "y = Celu(x; alpha=2)\n");
  EXPECT_EQ(Exported([](Value x) { return HardSigmoid(x, 0.25f, 0.125f); }),
            "y = HardSigmoid(x; alpha=0.25, beta=0.125)\n");
  const auto hard_swish = [](Value x) { return HardSwish(x, "h"); };
  EXPECT_EQ(Exported(hard_swish, 14), "y = HardSwish(x)\n");
  EXPECT_EQ(Exported(hard_swish, 13),
            "h_hardsigmoid = HardSigmoid(x; alpha=0.166667, beta=0.5)\n"
            "y = Mul(x, h_hardsigmoid)\n");
  const auto mish = [](Value x) { return Mish(x, "m"); };
  EXPECT_EQ(Exported(mish, 18), "y = Mish(x)\n");
  EXPECT_EQ(Exported(mish, 17),
            "m_softplus = Softplus(x)\n"
            "m_tanh = Tanh(m_softplus)\n"
            "y = Mul(x, m_tanh)\n");
  const auto gelu = [](Value x) { return Gelu(x, "g"); };
  EXPECT_EQ(Exported(gelu, 20), "y = Gelu(x)\n");
  EXPECT_EQ(Exported(gelu, 19),
            "g_mul = Mul(x, 0.5)\n"
            "g_mul_1 = Mul(x, 0.707107)\n"
            "g_erf = Erf(g_mul_1)\n"
            "g_add = Add(g_erf, 1)\n"
            "y = Mul(g_mul, g_add)\n");
  const auto gelu_tanh = [](Value x) { return GeluTanh(x, "g"); };
  EXPECT_EQ(Exported(gelu_tanh, 20), "y = Gelu(x; approximate=tanh)\n");
  EXPECT_EQ(Exported(gelu_tanh, 19),
            "g_mul = Mul(x, x)\n"
            "g_mul_1 = Mul(g_mul, 0.0713548)\n"
            "g_add = Add(g_mul_1, 1.59577)\n"
            "g_mul_2 = Mul(x, g_add)\n"
            "g_sigmoid = Sigmoid(g_mul_2)\n"
            "y = Mul(x, g_sigmoid)\n");
  EXPECT_EQ(Exported([](Value x) { return Silu(x, "s"); }),
            "s_sigmoid = Sigmoid(x)\n"
            "y = Mul(x, s_sigmoid)\n");
  EXPECT_EQ(Exported([](Value x) { return Swish(x, 2, "s"); }),
            "s_mul = Mul(x, 2)\n"
            "s_sigmoid = Sigmoid(s_mul)\n"
            "y = Mul(x, s_sigmoid)\n");
}

TEST(OnnxNodesTest, Products) {
  const auto square = [](Value x) {
    return x.builder()->Parameter("w", {3, 3}, Initializer::Zeros());
  };
  EXPECT_EQ(Exported([&](Value x) { return MatMul(x, square(x)); }),
            "y = MatMul(x, w)\n");
  EXPECT_EQ(
      Exported([&](Value x) { return MatMul(x, square(x), false, true); }),
      "y = Gemm(x, w; transA=0, transB=1)\n");
  EXPECT_EQ(Exported([&](Value x) { return MatMul(x, x, true, false); }),
            "y = Gemm(x, x; transA=1, transB=0)\n");
  EXPECT_EQ(Exported([&](Value x) {
              return Dense(x, square(x), x.builder()->State("b", Shape({3})));
            }),
            "y = Gemm(x, w, b)\n");
}

TEST(OnnxNodesTest, AxesAreAnAttributeBeforeOpset18) {
  const auto mean = [](Value x) { return Mean(x, {0, -1}); };
  EXPECT_EQ(Exported(mean, 17),
            "y = ReduceMean(x; keepdims=0, axes=[0, -1])\n");
  EXPECT_EQ(Exported(mean, 18), "y = ReduceMean(x, [0, -1]; keepdims=0)\n");
  const auto sum = [](Value x) { return Sum(x, {1}, true); };
  EXPECT_EQ(Exported(sum, 13), "y = ReduceSum(x, [1]; keepdims=1)\n");
  EXPECT_EQ(Exported(sum, 21), "y = ReduceSum(x, [1]; keepdims=1)\n");
  EXPECT_EQ(Exported([](Value x) { return Sum(x); }),
            "y = ReduceSum(x; keepdims=0)\n");
}

TEST(OnnxNodesTest, OverRows) {
  EXPECT_EQ(Exported([](Value x) { return Softmax(x); }),
            "y = Softmax(x; axis=-1)\n");
  EXPECT_EQ(Exported([](Value x) { return LogSoftmax(x); }),
            "y = LogSoftmax(x; axis=-1)\n");
}

TEST(OnnxNodesTest, Shapes) {
  EXPECT_EQ(Exported([](Value x) {
              return Reshape(x, {kBatch, 1, 3});
            }),
            "y = Reshape(x, [0, 1, 3])\n");
  EXPECT_EQ(Exported([](Value x) {
              return BroadcastTo(Sum(x, {1}, true, "s"), {kBatch, 4});
            }),
            "s = ReduceSum(x, [1]; keepdims=1)\n"
            "y = Expand(s, [1, 4])\n");
  EXPECT_EQ(Exported([](Value x) {
              return BroadcastTo(Sum(x, {0}, false, "s"), {kBatch, 3}, "b");
            }),
            "s = ReduceSum(x, [0]; keepdims=0)\n"
            "batch_shape = Shape(x)\n"
            "batch_size = Gather(batch_shape, [0])\n"
            "b_concat = Concat(batch_size, [3]; axis=0)\n"
            "y = Expand(s, b_concat)\n");
}

TEST(OnnxNodesTest, Movements) {
  EXPECT_EQ(Exported([](Value x) {
              return Transpose(Reshape(x, {kBatch, 3, 1}, "r"), {0, -1, 1});
            }),
            "r = Reshape(x, [0, 3, 1])\n"
            "y = Transpose(r; perm=[0, 2, 1])\n");
  EXPECT_EQ(Exported([](Value x) {
              return Concat({x, x}, -1);
            }),
            "y = Concat(x, x; axis=1)\n");
  EXPECT_EQ(Exported([](Value x) { return Slice(x, {1}, {0}, {2}); }),
            "y = Slice(x, [0], [2], [1], [1])\n");
  EXPECT_EQ(Exported([](Value x) { return Slice(x, {1}, {0}, {3}, {2}); }),
            "y = Slice(x, [0], [3], [1], [2])\n");
  EXPECT_EQ(Exported([](Value x) {
              return Pad(x, {0, 1}, {0, 2});
            }),
            "y = Pad(x, [0, 1, 0, 2])\n");
  // Zeros in between: each element becomes a row of one and two zeros.
  EXPECT_EQ(Exported([](Value x) {
              return Pad(x, {0, 1}, {0, 0}, {0, 2}, "p");
            }),
            "p_reshape = Reshape(x, [0, 3, 1])\n"
            "p_pad = Pad(p_reshape, [0, 0, 0, 0, 0, 2])\n"
            "p_reshape_1 = Reshape(p_pad, [0, 9])\n"
            "y = Pad(p_reshape_1, [0, 1, 0, -2])\n");
}

}  // namespace
}  // namespace espalier
