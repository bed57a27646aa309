#include "ops/layers.h"

#include <cmath>

#include "gmock/gmock.h"
#include "graph/leaves.h"
#include "gtest/gtest.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

const Initializer& InitializerOf(const Value& value) {
  return *LeafInitializer(*value.node().op);
}

TEST(DenseLayerTest, MakesNamedParametersAndNodes) {
  GraphBuilder g("test");
  layers::DenseOptions options;
  options.name = "fc";
  const Value y = layers::Dense(g.Input("x", {kBatch, 3}), 4,
                                Activation::kLeakyRelu, options);
  ASSERT_OK(g.status());
  EXPECT_EQ(y.shape(), Shape({kBatch, 4}));
  EXPECT_EQ(y.node().name, "fc/leaky_relu");
  EXPECT_EQ(g.node(y.node().inputs[0]).name, "fc");
  ASSERT_EQ(g.Parameters().size(), 2u);
  EXPECT_EQ(g.Parameters()[0].node().name, "fc/weight");
  EXPECT_EQ(g.Parameters()[0].shape(), Shape({3, 4}));
  EXPECT_EQ(g.Parameters()[1].node().name, "fc/bias");
  EXPECT_EQ(g.Parameters()[1].shape(), Shape({4}));
}

TEST(DenseLayerTest, NamesAreMadeUnique) {
  GraphBuilder g("test");
  Value x = g.Input("x", {kBatch, 3});
  x = layers::Dense(x, 3);
  EXPECT_EQ(x.node().name, "dense");
  x = layers::Dense(x, 3);
  EXPECT_EQ(x.node().name, "dense_1");
  EXPECT_EQ(g.Parameters()[2].node().name, "dense_1/weight");
}

TEST(DenseLayerTest, InitializersFitTheActivation) {
  for (Activation activation :
       {Activation::kIdentity, Activation::kRelu, Activation::kLeakyRelu,
        Activation::kSigmoid, Activation::kTanh}) {
    GraphBuilder g("test");
    layers::Dense(g.Input("x", {kBatch, 8}), 16, activation);
    const Initializer& weight = InitializerOf(g.Parameters()[0]);
    const bool he =
        activation == Activation::kRelu || activation == Activation::kLeakyRelu;
    EXPECT_EQ(weight.kind,
              he ? Initializer::Kind::kNormal : Initializer::Kind::kUniform);
    EXPECT_FLOAT_EQ(weight.value, 0.5f);  // sqrt(2 / 8), sqrt(6 / 24)
    const Initializer& bias = InitializerOf(g.Parameters()[1]);
    EXPECT_EQ(bias.kind, Initializer::Kind::kUniform);
    EXPECT_FLOAT_EQ(bias.value, std::sqrt(1.0f / 8));
  }
}

TEST(DenseLayerTest, AGivenInitializerIsTaken) {
  GraphBuilder g("test");
  layers::DenseOptions options;
  options.weight_initializer = Initializer::Constant(0.25f);
  layers::Dense(g.Input("x", {kBatch, 8}), 1, Activation::kRelu, options);
  EXPECT_EQ(InitializerOf(g.Parameters()[0]).value, 0.25f);
}

TEST(DenseLayerTest, Errors) {
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return layers::Dense(g.Input("x", {kBatch, 8, 8}), 4);
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "layer 'dense': node 'x' (input) is f32[N, 8, 8]: "
                       "expected f32 of rank 2"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return layers::Dense(g.Input("x", {kBatch, 8}), 0);
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "layer 'dense': expected at least 1 unit, found 0"));
}

TEST(DenseLayerTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(layers::Dense(Value(), 3).valid());
  GraphBuilder g("test");
  g.Fail(absl::InvalidArgumentError("first"));
  const Value x = layers::Dense(g.Input("x", {kBatch, 1}), 3);
  g.Output("y", x);
  EXPECT_THAT(g.Build(), StatusIs(absl::StatusCode::kInvalidArgument, "first"));
}

}  // namespace
}  // namespace espalier
