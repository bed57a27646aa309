#include "runtime/placement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/reshape.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "runtime/fusion.h"
#include "tests/runtime/plan_helpers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::SizeIs;

class PlacementTest : public ::testing::Test {
 protected:
  Value Weight(absl::string_view name, const Shape& shape) {
    return g_.Parameter(name, shape, Initializer::Normal(1));
  }
  Plan Placed() {
    Plan plan = PlanOf(g_);
    Fuse(plan);
    PlaceUpdates(plan);
    ShareMemory(plan);
    return plan;
  }
  // The leaf in whose memory update number i is computed; "" if it is copied.
  static std::string PlaceOf(const Plan& plan, size_t i) {
    const BufferId value = plan.Root(plan.updates[i].value);
    const PlanBuffer& memory = plan.buffers[plan.buffers[value].memory];
    return memory.leaf == kNoNode ? "" : memory.name;
  }

  GraphBuilder g_{"net"};
};

TEST_F(PlacementTest, UpdatesAreComputedInPlace) {
  const Value x = g_.Input("x", {kBatch, 5});
  const Value w = Weight("w", {5, 5});
  g_.Update(w, Scale(w, 0.5f));
  g_.Output("y", MatMul(x, w));
  const Plan plan = Placed();
  EXPECT_THAT(Kinds(plan), ElementsAre("matmul", "elementwise"));
  EXPECT_EQ(PlaceOf(plan, 0), "w");
}

TEST_F(PlacementTest, ButNotWhileTheOldValueIsStillRead) {
  const Value w = Weight("w", {5, 5});
  const Value next = Scale(w, 0.5f);
  g_.Update(w, next);
  g_.Output("y", MatMul(next, w));  // needs both
  const Plan plan = Placed();
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise", "matmul", "copy"));
  EXPECT_EQ(PlaceOf(plan, 0), "");
}

TEST_F(PlacementTest, NorOverWhatTheStepReadsWhole) {
  const Value w = Weight("w", {5, 5});
  g_.Update(w, MatMul(w, w));
  const Plan plan = Placed();
  EXPECT_THAT(Kinds(plan), ElementsAre("matmul", "copy"));
  EXPECT_EQ(PlaceOf(plan, 0), "");
}

TEST_F(PlacementTest, SwappedLeavesTakeOneTemporary) {
  const Value a = Weight("a", {5});
  const Value b = Weight("b", {5});
  g_.Update(a, b);
  g_.Update(b, a);
  const Plan plan = Placed();
  // temporary <- b, b <- a, a <- temporary
  EXPECT_THAT(Kinds(plan), ElementsAre("copy", "copy", "copy"));
  EXPECT_EQ(PlaceOf(plan, 0), "");
  EXPECT_EQ(PlaceOf(plan, 1), "b");
}

TEST_F(PlacementTest, ALeafTakesTheValueOfOneThatStays) {
  const Value a = Weight("a", {5});
  const Value b = Weight("b", {5});
  g_.Update(a, b);
  EXPECT_THAT(Kinds(Placed()), ElementsAre("copy"));
}

TEST_F(PlacementTest, OneValueForTwoLeavesIsCopiedOnce) {
  const Value a = Weight("a", {5});
  const Value b = Weight("b", {5});
  const Value sum = Add(a, b);
  g_.Update(a, sum);
  g_.Update(b, sum);
  const Plan plan = Placed();
  EXPECT_THAT(Kinds(plan), ElementsAre("elementwise", "copy"));
  EXPECT_EQ(PlaceOf(plan, 0), "a");
}

TEST_F(PlacementTest, UpdatesThatReadEachOthersLeavesAreOneStepInPlace) {
  const Value a = Weight("a", {5});
  const Value b = Weight("b", {5});
  g_.Update(a, Sub(a, b));
  g_.Update(b, Sub(b, a));
  const Plan plan = Placed();
  ASSERT_THAT(Kinds(plan), ElementsAre("elementwise"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 0).segments, SizeIs(1));
  EXPECT_EQ(PlaceOf(plan, 0), "a");
  EXPECT_EQ(PlaceOf(plan, 1), "b");
}

TEST_F(PlacementTest, SegmentsThatReadEachOthersLeavesAreNotInPlace) {
  const Value a = Weight("a", {5});
  const Value b = Weight("b", {5});
  const Value w = Weight("w", {5, 5});
  g_.Update(a, Sub(a, b));
  g_.Output("y", MatMul(w, w));  // keeps them from becoming one segment
  g_.Update(b, Sub(b, a));
  const Plan plan = Placed();
  // One step of two segments: neither may overwrite what the other reads.
  ASSERT_THAT(Kinds(plan),
              ElementsAre("matmul", "elementwise", "copy", "copy"));
  EXPECT_THAT(StepAs<ElementwiseStep>(plan, 1).segments, SizeIs(2));
}

TEST_F(PlacementTest, OutputsThatAreLeavesKeepTheOldValue) {
  const Value x = g_.Input("x", {kBatch, 5});
  const Value w = Weight("w", {5});
  const Value still = Weight("still", {5});
  g_.Update(w, Scale(w, 0.5f));
  g_.Output("w", w);
  g_.Output("x", x);
  g_.Output("still", still);
  const Plan plan = Placed();
  EXPECT_THAT(Kinds(plan), ElementsAre("copy", "copy", "elementwise"));
  EXPECT_EQ(PlaceOf(plan, 0), "w");
  EXPECT_FALSE(plan.IsLeaf(plan.outputs[0]));
  EXPECT_FALSE(plan.IsLeaf(plan.outputs[1]));
  EXPECT_TRUE(plan.IsLeaf(plan.outputs[2]));
}

TEST_F(PlacementTest, StepsWriteOverOperandsThatAreOver) {
  const Value x = g_.Input("x", {kBatch, 5});
  const Value z = MatMul(x, Weight("w", {5, 5}));
  const Value y = Softmax(Exp(z));
  g_.Output("y", MatMul(y, Weight("v", {5, 5})));
  const Plan plan = Placed();
  ASSERT_THAT(Kinds(plan),
              ElementsAre("matmul", "elementwise", "softmax", "matmul"));
  const BufferId z_memory = plan.buffers[StepAs<MatMulStep>(plan, 0).y].memory;
  EXPECT_EQ(plan.buffers[StepAs<SoftmaxStep>(plan, 2).x].memory, z_memory);
  EXPECT_EQ(plan.buffers[StepAs<SoftmaxStep>(plan, 2).y].memory, z_memory);
  EXPECT_NE(plan.buffers[StepAs<MatMulStep>(plan, 3).y].memory, z_memory);
}

TEST_F(PlacementTest, ButNotOverInputsOutputsOrWhatIsReadLater) {
  const Value x = g_.Input("x", {kBatch, 5});
  const Value z = MatMul(x, Weight("w", {5, 5}));
  const Value y = Exp(z);
  const Value later = MatMul(z, Weight("v", {5, 5}));
  g_.Output("y", y);
  g_.Output("later", later);
  g_.Output("x", Abs(x));
  g_.Output("softmax", Softmax(y));
  const Plan plan = Placed();
  for (const PlanBuffer& buffer : plan.buffers) {
    if (buffer.root != kNoBuffer && &plan.buffers[buffer.root] == &buffer) {
      EXPECT_EQ(&plan.buffers[buffer.memory], &buffer) << buffer.name;
    }
  }
}

TEST_F(PlacementTest, MovesAreNotMadeInWhatTheyRead) {
  const Value w = Weight("w", {5, 5});
  const Value u = Weight("u", {5, 5});
  const Value i = g_.Input("i", {5}, DataType::kI32);
  g_.Update(w, Transpose(w, {1, 0}));
  g_.Update(u, Gather(u, i));
  const Plan plan = Placed();
  EXPECT_THAT(Kinds(plan), ElementsAre("rearrange", "gather", "copy", "copy"));
  EXPECT_EQ(PlaceOf(plan, 0), "");
  EXPECT_EQ(PlaceOf(plan, 1), "");
}

TEST_F(PlacementTest, MovesOfOtherThingsAreMadeInTheLeaf) {
  const Value x = g_.Input("x", {5, 4});
  const Value w = Weight("w", {4, 5});
  g_.Output("y", Scale(w, 2.0f));
  g_.Update(w, Transpose(x, {1, 0}));
  const Plan plan = Placed();
  EXPECT_EQ(PlaceOf(plan, 0), "w");
}

}  // namespace
}  // namespace espalier
