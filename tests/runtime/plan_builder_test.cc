#include "runtime/plan_builder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <utility>

#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "runtime/fusion.h"
#include "tests/runtime/plan_helpers.h"
#include "tests/testing/pass_op.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(PlanBuilderTest, HasAStepPerVerb) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 4});
  const Value w = g.Parameter("w", {4, 3}, Initializer::Normal(1));
  const Value b = g.Parameter("b", {3}, Initializer::Zeros());
  g.Output("y", Softmax(Tanh(Dense(x, w, b, "fc"))));
  const Plan plan = PlanOf(g);
  EXPECT_EQ(plan.ToString(),
            "plan net: 3 steps\n"
            "0 fc: matmul #3 f32[N, 3] = x f32[N, 4] x w f32[4, 3] + b f32[3]\n"
            "1 tanh: elementwise, 1 operations, 1 segment\n"
            "    over 3*N: @0 full #3 f32[N, 3], @1 full #4 f32[N, 3]\n"
            "    %0 = tanh(@0)\n"
            "    @1 = %0\n"
            "2 softmax: softmax #5 f32[N, 3] of #4 f32[N, 3]\n"
            "inputs: x f32[N, 4]\n"
            "outputs: #5 f32[N, 3]\n");
}

TEST(PlanBuilderTest, LeavesOutWhatNobodyNeeds) {
  GraphBuilder g("dead");
  const Value x = g.Input("x", {kBatch, 4});
  g.Input("unread", {kBatch});
  const Value w = g.Parameter("w", {4, 3}, Initializer::Normal(1));
  MatMul(x, w);
  g.Output("y", Exp(x));
  const Plan plan = PlanOf(g);
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise"));
  EXPECT_EQ(plan.inputs.size(), 2u);
}

TEST(PlanBuilderTest, IdentitiesAndReshapesAreAliases) {
  GraphBuilder g("alias");
  const Value x = g.Input("x", {kBatch, 4});
  const Value y = Identity(Reshape(Exp(x), {kBatch, 2, 2}));
  g.Output("y", Scale(y, 1.0f));
  const Plan plan = PlanOf(g);
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise"));
  const BufferId output = plan.outputs[0];
  EXPECT_EQ(plan.shape(output), Shape({kBatch, 2, 2}));
  EXPECT_EQ(plan.shape(plan.Root(output)), Shape({kBatch, 4}));
}

TEST(PlanBuilderTest, NumbersAndStretchedOperandsMoveIntoFormulas) {
  GraphBuilder g("numbers");
  const Value x = g.Input("x", {kBatch, 4});
  const Value row = g.Parameter("row", {4}, Initializer::Normal(1));
  const Value two = BroadcastTo(g.Constant(2.0f), {kBatch, 4});
  const Value over_n = Scale(two, 3.0f, /*over_batch=*/true);
  g.Output("y", Mul(Mul(x, over_n), BroadcastTo(row, {kBatch, 4})));
  Plan plan = PlanOf(g);
  Fuse(plan);
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  const auto& step = StepAs<ElementwiseStep>(plan, 0);
  EXPECT_THAT(step.code.arrays,
              ElementsAre(Access::kFull, Access::kRow, Access::kFull));
  EXPECT_EQ(step.code.ToString(),
            "%0 = mul(@0, 6/N)\n"
            "%1 = mul(%0, @1)\n"
            "@2 = %1\n");
}

TEST(PlanBuilderTest, CopiesOutWhatCannotBeAddressed) {
  GraphBuilder g("copy");
  const Value x = g.Input("x", {4, 3, 5});
  const Value z = g.Parameter("z", {4, 1, 5}, Initializer::Normal(1));
  g.Output("y", Add(x, z));
  const Plan plan = PlanOf(g);
  EXPECT_THAT(Kinds(plan), ElementsAre("copy", "elementwise"));
}

TEST(PlanBuilderTest, CopiesOutOneOfTwoRowLengths) {
  GraphBuilder g("copy");
  const Value x = g.Input("x", {4, 3, 5});
  const Value row = g.Parameter("row", {5}, Initializer::Normal(1));
  const Value plane = g.Parameter("plane", {3, 5}, Initializer::Normal(1));
  g.Output("y", Mul(Add(x, row), plane));
  Plan plan = PlanOf(g);
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise", "elementwise"));
  // They do not become one step: it would have two lengths of a row.
  Fuse(plan);
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise", "elementwise"));
}

TEST(PlanBuilderTest, OuterProductsAreElementwise) {
  GraphBuilder g("outer");
  const Value x = g.Input("x", {kBatch, 1});
  const Value w = g.Parameter("w", {7, 1}, Initializer::Normal(1));
  g.Output("y", MatMul(x, w, false, /*transpose_b=*/true));
  const Plan plan = PlanOf(g);
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.arrays,
              ElementsAre(Access::kColumn, Access::kRow, Access::kFull));
}

TEST(PlanBuilderTest, SumsOverRunsOfAxes) {
  GraphBuilder g("sums");
  const Value x = g.Input("x", {kBatch, 3, 4, 5});
  g.Output("inner", Sum(x, {2, 3}));
  g.Output("outer", Mean(x, {0, 2}));
  const Plan plan = PlanOf(g);
  ASSERT_THAT(Kinds(plan), ElementsAre("sum", "sum", "sum"));
  const auto& inner = StepAs<ReduceStep>(plan, 0);
  EXPECT_EQ(inner.outer, (Extent{3, true}));
  EXPECT_EQ(inner.reduced, (Extent{20, false}));
  EXPECT_EQ(inner.inner, 1);
  const auto& second = StepAs<ReduceStep>(plan, 1);
  EXPECT_EQ(second.outer, (Extent{3, true}));
  EXPECT_EQ(second.reduced, (Extent{4, false}));
  EXPECT_EQ(second.inner, 5);
  EXPECT_EQ(second.scale, (BatchNumber{1, 0}));
  const auto& first = StepAs<ReduceStep>(plan, 2);
  EXPECT_EQ(first.reduced, (Extent{1, true}));
  EXPECT_EQ(first.inner, 15);
  EXPECT_EQ(first.scale, (BatchNumber{0.25f, -1}));
}

TEST(PlanBuilderTest, GradientOfAMeanLossNeedsNoArray) {
  GraphBuilder g("loss");
  const Value x = g.Input("x", {kBatch, 10});
  const Value labels = g.Input("labels", {kBatch}, DataType::kI32);
  const Value loss = Mean(SoftmaxCrossEntropy(x, labels));
  g.Output("loss", loss);
  const Plan plan = PlanOf(g);
  EXPECT_THAT(Kinds(plan), ElementsAre("cross-entropy", "elementwise"));
}

// Lowers to a formula that a function of its operand makes.
class FormulaOp : public PassOp {
 public:
  explicit FormulaOp(std::function<Expr(Expr)> formula)
      : formula_(std::move(formula)) {}
  absl::Status Lower(Lowering& lowering) const override {
    lowering.SetResult(lowering.Elementwise(formula_(Expr::Operand(0)),
                                            {lowering.input(0)},
                                            lowering.output_type().shape));
    return absl::OkStatus();
  }

 private:
  const std::function<Expr(Expr)> formula_;
};

Plan PlanOfFormula(std::function<Expr(Expr)> formula) {
  GraphBuilder g("formula");
  const Value x = g.Input("x", {kBatch});
  g.Output("y", Apply(std::make_shared<FormulaOp>(std::move(formula)), {x}));
  return PlanOf(g);
}

TEST(PlanBuilderTest, TranslatesWhatPathsShareOnce) {
  // 2^40 paths lead to the operand.
  const Plan plan = PlanOfFormula([](Expr e) {
    for (int i = 0; i < 40; ++i) e = Tanh(e) * Exp(e);
    return e;
  });
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).code.values, SizeIs(120));
}

TEST(PlanBuilderTest, TranslatesDeepFormulas) {
  const Plan plan = PlanOfFormula([](Expr e) {
    for (int i = 0; i < 300000; ++i) e = e + Expr::Number(0);
    return Tanh(e);
  });
  EXPECT_EQ(StepAs<ElementwiseStep>(plan, 0).code.ToString(),
            "%0 = tanh(@0)\n@1 = %0\n");
}

TEST(PlanBuilderTest, MovesAreBoxes) {
  GraphBuilder g("moves");
  const Value x = g.Input("x", {kBatch, 2, 3});
  const Value t = Transpose(x, {0, 2, 1}, "t");
  const Value s = Slice(x, {2}, {1}, {3}, {}, "s");
  const Value c = Concat({s, Reshape(t, {kBatch, 2, 3})}, 2, "c");
  g.Output("y", Pad(c, {0, 1, 0}, {0, 0, 2}, {0, 0, 1}, "p"));
  EXPECT_EQ(PlanOf(g).ToString(),
            "plan moves: 4 steps\n"
            "0 t: rearrange #1 f32[N, 3, 2]\n"
            "    [0:N, 0:3, 0:2] = x f32[N, 2, 3] from 0 by [6, 1, 3]\n"
            "1 s: rearrange #2 f32[N, 2, 2]\n"
            "    [0:N, 0:2, 0:2] = x f32[N, 2, 3] from 1 by [6, 3, 1]\n"
            "2 c: rearrange #4 f32[N, 2, 5]\n"
            "    [0:N, 0:2, 0:2] = #2 f32[N, 2, 2] from 0 by [4, 2, 1]\n"
            "    [0:N, 0:2, 2:5] = #3 f32[N, 2, 3] = #1 from 0 by [6, 3, 1]\n"
            "3 p: rearrange #5 f32[N, 3, 11]\n"
            "    [0:N, 1:3, 0:9:2] = #4 f32[N, 2, 5] from 0 by [10, 5, 1]\n"
            "    else 0\n"
            "inputs: x f32[N, 2, 3]\n"
            "outputs: #5 f32[N, 3, 11]\n");
}

TEST(PlanBuilderTest, MovesThatKeepTheOrderAreAliases) {
  GraphBuilder g("alias");
  const Value x = Exp(g.Input("x", {kBatch, 1, 4, 1}));
  const Value t = Transpose(x, {0, 2, 3, 1});
  const Value s = Slice(t, {1}, {0}, {kToEnd});
  const Value p = Pad(s, {0, 0, 0, 0}, {0, 0, 0, 0});
  g.Output("y", Concat({p}, 1));
  const Plan plan = PlanOf(g);
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise"));
  EXPECT_EQ(plan.shape(plan.outputs[0]), Shape({kBatch, 4, 1, 1}));
}

TEST(PlanBuilderTest, MovesThatChangeTheOrderOrTheSizeAreNoAliases) {
  GraphBuilder g("twin");
  const Value x = Exp(g.Input("x", {kBatch, 2, 4}));
  g.Output("t", Transpose(x, {0, 2, 1}));
  const Value y = Exp(g.Input("y", {4, 4}));
  g.Output("u", Transpose(y, {1, 0}));
  g.Output("s", Slice(y, {0}, {1}, {4}));
  g.Output("p", Pad(y, {0, 0}, {1, 0}));
  g.Output("c", Concat({y, y}, 0));
  EXPECT_THAT(Kinds(PlanOf(g)),
              ElementsAre("elementwise", "rearrange", "elementwise",
                          "rearrange", "rearrange", "rearrange", "rearrange"));
}

TEST(PlanBuilderTest, ANumberThatMovesStaysOne) {
  GraphBuilder g("number");
  const Value x = g.Input("x", {3, 2});
  const Value two = BroadcastTo(g.Constant(2.0f), {2, 3});
  g.Output("y", Mul(x, Transpose(two, {1, 0})));
  Plan plan = PlanOf(g);
  Fuse(plan);
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise"));
}

TEST(PlanBuilderTest, GathersSeeTheirTableAroundTheAxis) {
  GraphBuilder g("gather");
  const Value x = g.Input("x", {kBatch, 5, 3});
  const Value i = g.Input("i", {2}, DataType::kI32);
  const Value y = Gather(x, i, 1, "y");
  g.Output("y", ScatterAdd(y, i, 5, 1, "s"));
  EXPECT_EQ(PlanOf(g).ToString(),
            "plan gather: 2 steps\n"
            "0 y: gather #2 f32[N, 2, 3] of x f32[N, 5, 3] as [N, 5, 3], "
            "indices i i32[2]\n"
            "1 s: scatter-add #3 f32[N, 5, 3] as [N, 5, 3] of #2 f32[N, 2, 3], "
            "indices i i32[2]\n"
            "inputs: x f32[N, 5, 3], i i32[2]\n"
            "outputs: #3 f32[N, 5, 3]\n");
}

TEST(PlanBuilderTest, NamesTheNodeThatCannotBeLowered) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 4});
  g.Output("y", g.AddNode(std::make_shared<PassOp>("opaque"), {x}, "odd"));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  EXPECT_THAT(BuildPlan(graph), StatusIs(absl::StatusCode::kUnimplemented,
                                         HasSubstr("node 'odd' (opaque)")));
}

}  // namespace
}  // namespace espalier
