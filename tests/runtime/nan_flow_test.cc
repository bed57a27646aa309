#include "runtime/nan_flow.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/softmax.h"
#include "tests/runtime/plan_helpers.h"

namespace espalier {
namespace {

class NanFlowTest : public ::testing::Test {
 protected:
  // Whether y may be NaN.
  bool Flows(Value y) {
    g_.Output("y", y);
    const Plan plan = PlanOf(g_);
    const std::vector<bool> may_be_nan = MayBeNan(plan);
    return may_be_nan[plan.Root(plan.outputs[0])];
  }

  GraphBuilder g_{"net"};
  Value x_ = g_.Input("x", {kBatch, 4});
  Value w_ = g_.Parameter("w", {4, 4}, Initializer::Normal(1));
};

TEST_F(NanFlowTest, NotFromFiniteNumbers) {
  const Value h = Relu(MatMul(Div(x_, g_.Constant(255.0f)), w_));
  EXPECT_FALSE(Flows(Mul(Softmax(Tanh(Exp(h))), Mean(h, {1}, true))));
}

TEST_F(NanFlowTest, FromLogarithms) { EXPECT_TRUE(Flows(Log(x_))); }

TEST_F(NanFlowTest, FromRoots) { EXPECT_TRUE(Flows(Sqrt(x_))); }

TEST_F(NanFlowTest, FromQuotients) { EXPECT_TRUE(Flows(Div(x_, x_))); }

TEST_F(NanFlowTest, FromQuotientsByASubnormal) {
  EXPECT_TRUE(Flows(Div(x_, g_.Constant(1e-40f))));
}

TEST_F(NanFlowTest, FromMeansOverTheBatch) {
  EXPECT_TRUE(Flows(Mean(x_, {0})));
}

TEST_F(NanFlowTest, FromStates) {
  EXPECT_TRUE(Flows(Add(x_, g_.State("s", {4}))));
}

TEST_F(NanFlowTest, FromConstantsThatAreNotFinite) {
  const Tensor c(Shape({2}), {1.0f, std::numeric_limits<float>::infinity()});
  EXPECT_TRUE(Flows(Relu(g_.Constant(c))));
}

TEST_F(NanFlowTest, ThroughEverything) {
  const Value logits = Reshape(MatMul(Abs(Log(x_)), w_), {kBatch, 2, 2});
  EXPECT_TRUE(Flows(Sum(Softmax(logits), {1})));
}

}  // namespace
}  // namespace espalier
