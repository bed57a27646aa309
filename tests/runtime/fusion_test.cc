#include "runtime/fusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>

#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/layer_norm.h"
#include "ops/optimizers.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "tests/runtime/plan_helpers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::Not;
using ::testing::SizeIs;

class FusionTest : public ::testing::Test {
 protected:
  Value Weight(absl::string_view name, const Shape& shape) {
    return g_.Parameter(name, shape, Initializer::Normal(1));
  }
  Plan Fused() {
    Plan plan = PlanOf(g_);
    Fuse(plan);
    return plan;
  }

  GraphBuilder g_{"net"};
};

TEST_F(FusionTest, ProductsApplyTheirRelu) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value h = Relu(Dense(x, Weight("w", {4, 5}), Weight("b", {5})));
  g_.Output("y", LeakyRelu(MatMul(h, Weight("v", {5, 3})), 0.25f));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("matmul", "matmul"));
  EXPECT_EQ(StepAs<MatMulStep>(plan, 0).activation, MatMulActivation::kRelu);
  EXPECT_EQ(StepAs<MatMulStep>(plan, 1).activation,
            MatMulActivation::kLeakyRelu);
  EXPECT_EQ(StepAs<MatMulStep>(plan, 1).slope, 0.25f);
}

TEST_F(FusionTest, ButNotWhereTheProductItselfIsRead) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value z = MatMul(x, Weight("w", {4, 5}));
  g_.Output("y", Relu(z));
  g_.Output("z", z);
  EXPECT_THAT(Kinds(Fused()), ElementsAre("matmul", "elementwise"));
}

TEST_F(FusionTest, NorWhereTwoStepsReadIt) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value z = MatMul(x, Weight("w", {4, 5}));
  g_.Output("y", Relu(z));
  g_.Output("s", Sum(z, {1}));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("matmul", "elementwise", "sum"));
}

TEST_F(FusionTest, NorWhereItMayBeNan) {
  const Value x = g_.Input("x", {kBatch, 4});
  g_.Output("y", Relu(MatMul(Log(x), Weight("w", {4, 5}))));
  EXPECT_THAT(Kinds(Fused()),
              ElementsAre("elementwise", "matmul", "elementwise"));
}

TEST_F(FusionTest, NorOtherFunctions) {
  const Value x = g_.Input("x", {kBatch, 4});
  g_.Output("y", Tanh(MatMul(x, Weight("w", {4, 5}))));
  g_.Output("z", Abs(MatMul(x, Weight("v", {4, 5}))));
  EXPECT_THAT(Kinds(Fused()),
              ElementsAre("matmul", "elementwise", "matmul", "elementwise"));
}

TEST_F(FusionTest, ChainsBecomeOneStep) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value y = Exp(Mul(Sub(x, Weight("w", {4})), x));
  g_.Output("y", Add(y, Tanh(y)));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  // What only the step reads never touches memory.
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.arrays, SizeIs(3));
}

TEST_F(FusionTest, AlsoThroughAReshape) {
  const Value x = g_.Input("x", {kBatch, 4});
  g_.Output("y", Exp(Reshape(Tanh(x), {kBatch, 2, 2})));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise"));
}

TEST_F(FusionTest, ButNotOverOtherElements) {
  const Value x = g_.Input("x", {kBatch, 1});
  const Value column = Exp(x);
  g_.Output("y", Mul(column, Weight("w", {1, 6})));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "elementwise"));
}

TEST_F(FusionTest, MeansJoinWhatTheySum) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value square = Square(x);
  g_.Output("mean", Mean(square));
  g_.Output("square", square);
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise"));
}

TEST_F(FusionTest, ButAreCompleteBeforeTheyAreRead) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value square = Square(x);
  g_.Output("y", Sub(square, Mean(square)));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise", "elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.sums, SizeIs(1));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 1).code.sums, SizeIs(0));
}

TEST_F(FusionTest, LayerNormGradientsMultiplyByTheirScale) {
  const Value x = g_.Input("x", {kBatch, 6}), dy = g_.Input("dy", {kBatch, 6});
  const Value scale = Weight("scale", {6});
  const Value y = LayerNorm(x, scale, Weight("shift", {6}));
  g_.Output("dx", Gradients(Sum(Mul(y, dy)), {x})[0]);
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("layer norm gradient"));
  const auto& step = StepAs<LayerNormGradientStep>(plan, 0);
  EXPECT_EQ(plan.buffers[step.g].name, "dy");
  EXPECT_EQ(plan.buffers[step.scale].name, "scale");
}

TEST_F(FusionTest, SumsOfRowsAndColumnsJoinWhatTheySum) {
  const Value x = g_.Input("x", {kBatch, 128});
  const Value square = Square(x);
  g_.Output("rows", Sum(square, {0}));
  g_.Output("columns", Mean(square, {1}));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  const auto& step = StepAs<ElementwiseStep>(plan, 0);
  EXPECT_EQ(step.segments[0].columns, 128);
  EXPECT_THAT(step.code.sums, SizeIs(2));
  EXPECT_THAT(step.code.stores, SizeIs(0));  // the squares are in no memory
}

TEST_F(FusionTest, ButNotOfShortRows) {
  const Value square = Square(g_.Input("x", {kBatch, 127}));
  g_.Output("rows", Sum(square, {0}));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "sum"));
}

// Few chunks would be left for the threads.
TEST_F(FusionTest, ButNotOfVeryLongRows) {
  struct Case {
    Shape shape;
    int axis;
    bool joins;
  };
  const std::vector<Case> cases = {{{kBatch, 8192}, 0, true},
                                   {{kBatch, 8193}, 0, false},
                                   {{16, 1 << 20}, 0, false},
                                   {{kBatch, 1 << 17}, 1, true},
                                   {{4, (1 << 17) + 1}, 1, false}};
  for (const Case& c : cases) {
    GraphBuilder g("sums");
    g.Output("sum", Sum(Square(g.Input("x", c.shape)), {c.axis}));
    Plan plan = PlanOf(g);
    Fuse(plan);
    EXPECT_THAT(plan.steps, SizeIs(c.joins ? 1 : 2))
        << c.shape.ToString() << ", axis " << c.axis;
  }
}

TEST_F(FusionTest, ButNotOfRowsOfAnotherLength) {
  const Value x = g_.Input("x", {kBatch, 2, 128});
  const Value y = Mul(x, Weight("row", {2, 128}));  // rows of 256
  g_.Output("rows", Sum(y, {2}));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "sum"));
}

TEST_F(FusionTest, AndAreCompleteBeforeTheyAreRead) {
  const Value square = Square(g_.Input("x", {kBatch, 128}));
  g_.Output("y", Sub(square, Sum(square, {0})));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise", "elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.sums, SizeIs(1));
}

TEST_F(FusionTest, StepsWithSumsOfRowsStayOnesOfTheirOwn) {
  for (const char* name : {"a", "b"}) {
    const Value square = Square(Weight(name, {64, 128}));
    g_.Output(name, Sum(square, {0}));
  }
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "elementwise"));
}

TEST_F(FusionTest, StepsMoveDownWhereNothingBetweenNeedsThem) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value w = Weight("w", {4, 4});
  const Value early = Exp(x);
  const Value product = MatMul(x, w);
  g_.Output("y", Add(early, product));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("matmul", "elementwise"));
}

TEST_F(FusionTest, StepsMoveUpWhereAllTheyReadIsThere) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value w = Weight("w", {4, 4});
  const Value early = Exp(x);
  g_.Output("product", MatMul(early, w));
  g_.Output("y", Add(early, x));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "matmul"));
}

TEST_F(FusionTest, ButNotWhereAnArrayWouldWaitForProducts) {
  // What the gradient needs of the tanh joins its reader behind the product.
  const Value x = g_.Input("x", {kBatch, 4});
  const Value t = Tanh(x);
  const Value product = MatMul(t, Weight("w", {4, 4}));
  const Value slope = Sub(g_.Constant(1.0f), Square(t));
  g_.Output("y", Mul(product, slope));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise", "matmul", "elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.stores, SizeIs(1));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 2).code.values, SizeIs(3));
}

TEST_F(FusionTest, StepsStayApartAroundWhatTheyNeed) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value early = Exp(x);
  const Value product = MatMul(early, Weight("w", {4, 4}));
  g_.Output("y", Add(early, product));
  EXPECT_THAT(Kinds(Fused()),
              ElementsAre("elementwise", "matmul", "elementwise"));
}

TEST_F(FusionTest, StepsThatReadTheSameArrayBecomeOne) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value dy = g_.Input("dy", {kBatch, 4});
  g_.Output("y", Mul(dy, Exp(x)));
  g_.Output("z", Mul(dy, Weight("w", {4})));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.stores, SizeIs(2));
  // x, dy once, w, y, z.
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.arrays, SizeIs(5));
}

TEST_F(FusionTest, ButNotStepsThatOnlyReadTheSameRow) {
  const Value w = Weight("w", {4});
  g_.Output("y", Mul(g_.Input("x", {kBatch, 4}), w));
  g_.Output("z", Mul(g_.Input("t", {kBatch, 4}), w));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).segments, SizeIs(2));
}

TEST_F(FusionTest, AlsoOverOneReduction) {
  const Value x = g_.Input("x", {kBatch, 4});
  g_.Output("sum", Sum(Exp(x), {1}));
  g_.Output("max", ReduceMax(Square(x), {1}));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "sum", "sum"));
}

TEST_F(FusionTest, ButNotOverMore) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value e = Exp(x);
  g_.Output("sum", Sum(e, {1}));
  g_.Output("max", ReduceMax(e, {1}));
  g_.Output("y", Square(x));
  EXPECT_THAT(Kinds(Fused()),
              ElementsAre("elementwise", "sum", "sum", "elementwise"));
}

TEST_F(FusionTest, NorOverProducts) {
  const Value x = g_.Input("x", {kBatch, 4});
  g_.Output("e", Exp(x));
  g_.Output("product", MatMul(x, Weight("w", {4, 4})));
  g_.Output("y", Square(x));
  EXPECT_THAT(Kinds(Fused()),
              ElementsAre("elementwise", "matmul", "elementwise"));
}

TEST_F(FusionTest, ReadersJoinBeforeSiblings) {
  // The quotient needs the sum whole and the exponential element by element:
  // it joins that, which would be stored had it joined the sum.
  const Value x = g_.Input("x", {kBatch, 4});
  const Value sum = Sum(x);
  g_.Output("y", Div(Exp(x), sum));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise", "elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.stores, SizeIs(0));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 1).code.stores, SizeIs(1));
}

TEST_F(FusionTest, UpdatesJoinNoSiblingsThatAreNone) {
  const Value x = g_.Input("x", {5});
  const Value w = Weight("w", {5});
  g_.Update(w, Sub(w, x));
  g_.Output("y", Mul(x, w));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise", "elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.stores, SizeIs(1));
  EXPECT_EQ(plan.Root(plan.updates[0].value), WritesOf(plan, plan.steps[1])[0]);
}

TEST_F(FusionTest, ManyReadersOfOneArrayBecomeFewSteps) {
  constexpr int kMany = 1000;
  const Value x = g_.Input("x", {kBatch, 4});
  for (int i = 0; i < kMany; ++i) {
    g_.Output("y" + std::to_string(i), Scale(x, 2.0f + static_cast<float>(i)));
  }
  EXPECT_LT(Fused().steps.size(), kMany / 20u);
}

TEST_F(FusionTest, GradientsOfSoftmaxAreOneStep) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value dy = g_.Input("dy", {kBatch, 4});
  const Value y = Softmax(x);
  g_.Output("dx", Mul(y, Sub(dy, Sum(Mul(dy, y), {-1}, /*keep_axes=*/true))));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("softmax", "softmax gradient"));
  EXPECT_FALSE(StepAs<SoftmaxGradientStep>(plan, 1).log);
}

TEST_F(FusionTest, AlsoOfLogSoftmax) {
  const Value x = g_.Input("x", {kBatch, 3, 4});
  const Value dy = g_.Input("dy", {kBatch, 3, 4});
  const Value y = LogSoftmax(x);
  g_.Output("dx", Sub(dy, Mul(Exp(y), Sum(dy, {-1}, /*keep_axes=*/true))));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan), ElementsAre("softmax", "softmax gradient"));
  EXPECT_TRUE(StepAs<SoftmaxGradientStep>(plan, 1).log);
}

TEST_F(FusionTest, ButNotWhereASumIsReadElsewhere) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value dy = g_.Input("dy", {kBatch, 4});
  const Value sum = Sum(Mul(dy, x), {-1}, /*keep_axes=*/true);
  g_.Output("dx", Mul(x, Sub(dy, sum)));
  g_.Output("sum", sum);
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "sum", "elementwise"));
}

TEST_F(FusionTest, NorWhereItIsOfSomethingElse) {
  const Value x = g_.Input("x", {kBatch, 4});
  const Value dy = g_.Input("dy", {kBatch, 4});
  const Value t = g_.Input("t", {kBatch, 4});
  const auto sum = [](Value of, int64_t axis) {
    return Sum(of, {axis}, /*keep_axes=*/true);
  };
  g_.Output("product", Mul(x, Sub(dy, sum(Mul(t, x), -1))));
  g_.Output("other", Sub(dy, Mul(Exp(x), sum(t, -1))));
  g_.Output("mean", Sub(dy, Mul(Exp(x), Mean(dy, {-1}, true))));
  g_.Output("sign", Mul(x, Sub(sum(Mul(dy, x), -1), dy)));
  const Plan plan = Fused();
  EXPECT_THAT(Kinds(plan), Not(Contains("softmax gradient")));
}

TEST_F(FusionTest, NorOverOtherAxes) {
  const Value x = g_.Input("x", {3, 4, 4});
  const Value dy = g_.Input("dy", {3, 4, 4});
  g_.Output("dx", Mul(x, Sub(dy, Sum(Mul(dy, x), {1}, /*keep_axes=*/true))));
  EXPECT_THAT(Kinds(Fused()), Not(Contains("softmax gradient")));
}

TEST_F(FusionTest, AnOptimiserIsOneStepOverAllParameters) {
  std::vector<Value> parameters, gradients;
  for (int64_t size : {3, 1000, 20}) {
    const std::string name = "w" + std::to_string(size);
    parameters.push_back(Weight(name, {size}));
    gradients.push_back(g_.Input("d" + name, {size}));
  }
  const std::vector<Value> updated =
      Adam(parameters, gradients, g_.Constant(0.01f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g_.Update(parameters[i], updated[i]);
  }
  const Plan plan = Fused();
  // The powers of beta, then the parameters.
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise", "elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 1).segments, SizeIs(3));
}

TEST_F(FusionTest, SegmentsReadTheSameScalars) {
  for (const char* name : {"a", "b"}) {
    const Value w = Weight(name, {5});
    const Value rate = g_.Input(std::string("rate_") + name, {});
    g_.Update(w, Mul(w, rate));
  }
  EXPECT_THAT(Kinds(Fused()), ElementsAre("elementwise", "elementwise"));
}

TEST_F(FusionTest, SegmentsDoNotDependOnEachOther) {
  const Value w = Weight("w", {5});
  const Value v = Weight("v", {5});
  const Value x = g_.Input("x", {5, 5});
  // The second reads a product of the first.
  const Value first = Exp(w);
  g_.Update(w, first);
  g_.Update(v, Exp(Reshape(MatMul(Reshape(first, {1, 5}), x), {5})));
  EXPECT_THAT(Kinds(Fused()),
              ElementsAre("elementwise", "matmul", "elementwise"));
}

TEST_F(FusionTest, UpdatesComeLast) {
  const Value x = g_.Input("x", {kBatch, 5});
  const Value w = Weight("w", {5, 5});
  g_.Update(w, Scale(w, 0.5f));
  g_.Output("y", MatMul(x, w));
  EXPECT_THAT(Kinds(Fused()), ElementsAre("matmul", "elementwise"));
}

TEST_F(FusionTest, PartsOfOneArrayAreTakenTogether) {
  const Value x = g_.Input("x", {kBatch, 6});
  const Value y = g_.Input("y", {kBatch, 6});
  const Value a = Slice(x, {1}, {0}, {2});
  g_.Output("a", a);
  g_.Output("b", Slice(x, {1}, {2}, {6}));
  g_.Output("c", Slice(Reshape(x, {kBatch, 2, 3}), {2}, {0}, {2}));
  // Of another array, a part of a part, more than a part.
  g_.Output("d", Slice(y, {1}, {0}, {2}));
  g_.Output("e", Slice(a, {1}, {0}, {1}));
  g_.Output("f", Pad(a, {0, 1}, {0, 0}));
  const Plan plan = Fused();
  ASSERT_THAT(Kinds(plan),
              ElementsAre("rearrange", "rearrange", "rearrange", "rearrange"));
  EXPECT_EQ(plan.ToString().substr(0, plan.ToString().find("\n1 ")),
            "plan net: 4 steps\n"
            "0 slice: rearrange #2 f32[N, 2]\n"
            "    [0:N, 0:2] = x f32[N, 6] from 0 by [6, 1]\n"
            "  and #3 f32[N, 4]\n"
            "    [0:N, 0:4] = x f32[N, 6] from 2 by [6, 1]\n"
            "  and #5 f32[N, 2, 2]\n"
            "    [0:N, 0:2, 0:2] = #4 f32[N, 2, 3] = x from 0 by [6, 3, 1]");
  EXPECT_THAT(StepAs<RearrangeStep>(plan, 1).results, SizeIs(1));
  EXPECT_THAT(StepAs<RearrangeStep>(plan, 2).results, SizeIs(1));
  EXPECT_THAT(StepAs<RearrangeStep>(plan, 3).results, SizeIs(1));
}

TEST_F(FusionTest, LongChainsAreCutBelowTheEnginesLimits) {
  Value total = g_.Input("x", {kBatch, 4});
  std::vector<Value> values;
  for (int i = 0; i < 300; ++i) {
    values.push_back(Exp(Scale(total, 1.0f + 0.01f * static_cast<float>(i))));
    total = Tanh(values.back());
  }
  for (const Value& value : values) total = Add(total, value);
  g_.Output("y", total);
  const Plan plan = Fused();
  EXPECT_GT(plan.steps.size(), 1u);
  EXPECT_LT(plan.steps.size(), 100u);
}

TEST_F(FusionTest, ManyEqualStepsBecomeTheSegmentsOfOneInOrder) {
  constexpr int kMany = 30000;
  for (int i = 0; i < kMany; ++i) {
    const Value w = g_.State("w" + std::to_string(i), {3});
    g_.Update(w, Exp(w));
  }
  const std::clock_t start = std::clock();
  const Plan plan = Fused();
  // Takes 0.3 s, and 20 s if each step looks at each.
  EXPECT_LT(std::clock() - start, 10 * CLOCKS_PER_SEC);
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  const auto& segments = StepAs<ElementwiseStep>(plan, 0).segments;
  ASSERT_THAT(segments, SizeIs(kMany));
  for (int i = 0; i < kMany; ++i) {
    ASSERT_EQ(plan.buffers[segments[i].arrays[0]].name,
              "w" + std::to_string(i));
  }
}

TEST_F(FusionTest, ManyStepsOnSingleNumbersBecomeFew) {
  constexpr int kMany = 5000;
  for (int i = 0; i < kMany; ++i) {
    const std::string name = "y" + std::to_string(i);
    g_.Output(name, Exp(g_.Input("x" + name, {})));
  }
  const Plan plan = Fused();
  EXPECT_LT(plan.steps.size(), 2u * kMany / 24);
}

}  // namespace
}  // namespace espalier
