#include "runtime/elementwise_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace espalier {
namespace {

using ::testing::ElementsAre;

Term N(float value, int batch_power = 0) {
  return Term::Number({value, batch_power});
}

TEST(BatchNumberTest, IsKnownWithTheBatch) {
  EXPECT_EQ((BatchNumber{3, 0}).At(7), 3.0f);
  EXPECT_EQ((BatchNumber{3, 1}).At(7), 21.0f);
  EXPECT_EQ((BatchNumber{2, -1}).At(8), 0.25f);
  EXPECT_EQ((BatchNumber{2, -2}).At(8), 0.03125f);
  EXPECT_TRUE(std::isinf((BatchNumber{2, -1}).At(0)));
  EXPECT_EQ((BatchNumber{2, -1}).ToString(), "2/N");
  EXPECT_EQ((BatchNumber{2, 2}).ToString(), "2*N^2");
}

TEST(ElementwiseCodeTest, FoldsNumbers) {
  ElementwiseCode code;
  EXPECT_EQ(code.Emit(Opcode::kMul, {N(3, 1), N(2, -1)}), N(6, 0));
  EXPECT_EQ(code.Emit(Opcode::kDiv, {N(3), N(2, 1)}), N(1.5f, -1));
  EXPECT_EQ(code.Emit(Opcode::kAdd, {N(3, 1), N(2, 1)}), N(5, 1));
  EXPECT_EQ(code.Emit(Opcode::kSub, {N(3), N(2)}), N(1));
  EXPECT_EQ(code.Emit(Opcode::kNeg, {N(3, -1)}), N(-3, -1));
  EXPECT_EQ(code.Emit(Opcode::kSqrt, {N(16)}), N(4));
  EXPECT_EQ(code.Emit(Opcode::kMax, {N(3), N(-4)}), N(3));
  EXPECT_EQ(code.Emit(Opcode::kSelectGreater, {N(-1), N(0), N(5, 1), N(6)}),
            N(6));
  EXPECT_TRUE(code.values.empty());
}

TEST(ElementwiseCodeTest, LeavesToKernelsWhatIsNoNumberOrNeedsTheBatch) {
  ElementwiseCode code;
  code.Emit(Opcode::kAdd, {N(3, 1), N(2)});
  code.Emit(Opcode::kSqrt, {N(-1)});
  code.Emit(Opcode::kDiv, {N(1), N(0)});
  code.Emit(Opcode::kMul, {N(1e30f), N(1e30f)});
  code.Emit(Opcode::kMul, {N(1e-30f), N(1e-30f)});
  code.Emit(Opcode::kMax, {N(NAN), N(0)});
  code.Emit(Opcode::kSqrt, {N(4, 1)});
  EXPECT_EQ(code.values.size(), 7u);
}

TEST(ElementwiseCodeTest, ComputesNothingTwice) {
  ElementwiseCode code;
  const Term x = Term::Array(code.AddArray(Access::kFull));
  const Term y = Term::Array(code.AddArray(Access::kFull));
  const Term sum = code.Emit(Opcode::kAdd, {x, y});
  EXPECT_EQ(code.Emit(Opcode::kAdd, {y, x}), sum);
  EXPECT_NE(code.Emit(Opcode::kSub, {x, y}).index, sum.index);
  EXPECT_FALSE(code.Emit(Opcode::kSub, {y, x}) == Term::Value(1));
  EXPECT_EQ(code.values.size(), 3u);
}

TEST(ElementwiseCodeTest, DropsWhatChangesNothing) {
  ElementwiseCode code;
  const Term x = Term::Array(code.AddArray(Access::kFull));
  EXPECT_EQ(code.Emit(Opcode::kMul, {N(1), x}), x);
  EXPECT_EQ(code.Emit(Opcode::kAdd, {N(0), x}), x);
  EXPECT_EQ(code.Emit(Opcode::kSub, {x, N(0)}), x);
  EXPECT_EQ(code.Emit(Opcode::kDiv, {x, N(1)}), x);
  EXPECT_EQ(code.Emit(Opcode::kCopy, {x}), x);
  EXPECT_TRUE(code.values.empty());
  const Term minus = code.Emit(Opcode::kNeg, {x});
  EXPECT_EQ(code.Emit(Opcode::kNeg, {minus}), x);
  // What does change something stays.
  EXPECT_EQ(code.Emit(Opcode::kSub, {N(0), x}).kind, Term::Kind::kValue);
  EXPECT_EQ(code.Emit(Opcode::kDiv, {N(1), x}).kind, Term::Kind::kValue);
  EXPECT_EQ(code.Emit(Opcode::kMul, {N(0), x}).kind, Term::Kind::kValue);
}

TEST(ElementwiseCodeTest, JoinsFactors) {
  ElementwiseCode code;
  const Term x = Term::Array(code.AddArray(Access::kFull));
  const Term twice = code.Emit(Opcode::kMul, {N(2), x});
  const Term scaled = code.Emit(Opcode::kMul, {twice, N(3, -1)});
  EXPECT_EQ(scaled, code.Emit(Opcode::kMul, {x, N(6, -1)}));
  // Not where the product of the factors would overflow.
  const Term large = code.Emit(Opcode::kMul, {N(1e30f), x});
  const Term larger = code.Emit(Opcode::kMul, {large, N(1e30f)});
  EXPECT_EQ(code.values[larger.index].sources[0], large);
  // Nor where it would be rounded.
  const Term third = code.Emit(Opcode::kMul, {N(0.3f), x});
  const Term ninth = code.Emit(Opcode::kMul, {third, N(0.3f)});
  EXPECT_EQ(code.values[ninth.index].sources[0], third);
  // Nor where the batch size would cancel.
  const Term mean = code.Emit(Opcode::kMul, {N(2, -1), x});
  const Term total = code.Emit(Opcode::kMul, {mean, N(2, 1)});
  EXPECT_EQ(code.values[total.index].sources[0], mean);
}

TEST(ElementwiseCodeTest, RemovesWhatIsNotUsed) {
  ElementwiseCode code;
  const Term unread = Term::Array(code.AddArray(Access::kRow));
  const Term x = Term::Array(code.AddArray(Access::kFull));
  const int y = code.AddArray(Access::kFull);
  const int total = code.AddArray(Access::kScalar);
  code.Emit(Opcode::kExp, {unread});
  const Term root = code.Emit(Opcode::kSqrt, {x});
  code.Emit(Opcode::kAbs, {root});
  code.stores.push_back({y, root});
  code.sums.push_back({total, root, {}, {1, -1}});
  EXPECT_TRUE(code.Reads(1));
  EXPECT_FALSE(code.Reads(y));
  EXPECT_THAT(code.RemoveUnused(), ElementsAre(1, 2, 3));
  EXPECT_EQ(code.ToString(),
            "%0 = sqrt(@0)\n"
            "@1 = %0\n"
            "@2 = 1/N * sum(%0)\n");
}

TEST(ElementwiseCodeTest, CountsValuesAliveAtOnce) {
  ElementwiseCode code;
  const Term x = Term::Array(code.AddArray(Access::kFull));
  EXPECT_EQ(MaxLiveValues(code), 0);
  Term chain = code.Emit(Opcode::kExp, {x});
  chain = code.Emit(Opcode::kNeg, {chain});
  chain = code.Emit(Opcode::kAbs, {chain});
  EXPECT_EQ(MaxLiveValues(code), 2);
  code.stores.push_back({code.AddArray(Access::kFull), Term::Value(0)});
  EXPECT_EQ(MaxLiveValues(code), 3);
}

}  // namespace
}  // namespace espalier
