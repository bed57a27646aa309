#include "graph/initializer.h"

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"

namespace espalier {
namespace {

TEST(InitializerTest, DrawsHaveTheirSpread) {
  const TensorType type{DataType::kF32, {100, 200}};
  const Tensor normal = Initializer::He(50).Draw(type, 1, 0);
  double squares = 0;
  for (float value : normal.data<float>()) squares += value * value;
  EXPECT_NEAR(squares / 20000, 2.0 / 50, 0.002);
  EXPECT_FLOAT_EQ(Initializer::LeCun(16).value, 0.25f);
  const Tensor uniform = Initializer::Glorot(2, 4).Draw(type, 1, 0);
  const auto [least, largest] = std::minmax_element(
      uniform.data<float>().begin(), uniform.data<float>().end());
  EXPECT_GE(*least, -1.0f);
  EXPECT_LT(*least, -0.99f);
  EXPECT_LT(*largest, 1.0f);
  EXPECT_GT(*largest, 0.99f);
}

TEST(InitializerTest, DrawsRepeatAndDifferByStream) {
  const TensorType type{DataType::kF32, {10}};
  const Initializer normal = Initializer::Normal(1);
  EXPECT_EQ(normal.Draw(type, 3, 1), normal.Draw(type, 3, 1));
  EXPECT_NE(normal.Draw(type, 3, 1), normal.Draw(type, 3, 2));
  EXPECT_NE(normal.Draw(type, 3, 1), normal.Draw(type, 4, 1));
}

TEST(InitializerTest, ConstantsOfBothTypes) {
  EXPECT_EQ(Initializer::Constant(2)
                .Draw({DataType::kI32, {}}, 0, 0)
                .data<int32_t>()[0],
            2);
  EXPECT_EQ(
      Initializer::Zeros().Draw({DataType::kF32, {}}, 0, 0).data<float>()[0],
      0.0f);
}

TEST(InitializerTest, KindsHaveNames) {
  for (auto kind : {Initializer::Kind::kConstant, Initializer::Kind::kUniform,
                    Initializer::Kind::kNormal}) {
    EXPECT_EQ(*ParseInitializerKind(InitializerKindName(kind)), kind);
  }
  EXPECT_FALSE(ParseInitializerKind("he").ok());
}

}  // namespace
}  // namespace espalier
