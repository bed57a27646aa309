#include "ops/named_activations.h"

#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

TEST(NamedActivationsTest, EveryNameMakesTheKindOfThatName) {
  for (const std::string& name : ActivationNames()) {
    ASSERT_OK_AND_ASSIGN(const Activation activation, ParseActivation(name));
    GraphBuilder g("test");
    const Value y = Activate(g.Input("x", {2}), activation, "named");
    EXPECT_EQ(y.node().name, "named");
    std::string kind = name == "relu6"  ? "clip"
                       : name == "silu" ? "swish"
                                        : name;
    for (char& c : kind) c = c == '-' ? '_' : c;
    EXPECT_EQ(y.node().op->kind(), kind);
  }
}

TEST(NamedActivationsTest, NamesGoRound) {
  for (const std::string& name : ActivationNames()) {
    ASSERT_OK_AND_ASSIGN(const Activation activation, ParseActivation(name));
    if (name == "silu") {
      EXPECT_EQ(ActivationName(activation), "swish");
    } else {
      EXPECT_EQ(ActivationName(activation), name);
    }
  }
  EXPECT_THAT(
      ActivationNames(),
      testing::ElementsAre("identity", "relu", "leaky-relu", "relu6", "elu",
                           "selu", "celu", "sigmoid", "tanh", "softplus",
                           "softsign", "swish", "silu", "gelu", "gelu-tanh",
                           "mish", "hard-sigmoid", "hard-swish"));
}

TEST(NamedActivationsTest, AnUnknownNameListsTheKnown) {
  EXPECT_THAT(
      ParseActivation("maxout"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               testing::AllOf(
                   testing::StartsWith("unknown activation 'maxout': expected "
                                       "identity, relu, "),
                   testing::EndsWith("hard-sigmoid, hard-swish"))));
}

TEST(NamedActivationsTest, InitializersFitTheActivation) {
  for (Activation activation :
       {Activation::kRelu, Activation::kLeakyRelu, Activation::kRelu6,
        Activation::kElu, Activation::kCelu, Activation::kSwish,
        Activation::kGelu, Activation::kGeluTanh, Activation::kMish,
        Activation::kHardSwish}) {
    const Initializer he = WeightInitializer(activation, 8, 24);
    EXPECT_EQ(he.kind, Initializer::Kind::kNormal);
    EXPECT_FLOAT_EQ(he.value, 0.5f);  // sqrt(2 / 8)
  }
  const Initializer lecun = WeightInitializer(Activation::kSelu, 16, 8);
  EXPECT_EQ(lecun.kind, Initializer::Kind::kNormal);
  EXPECT_FLOAT_EQ(lecun.value, 0.25f);  // sqrt(1 / 16)
  for (Activation activation :
       {Activation::kIdentity, Activation::kSigmoid, Activation::kTanh,
        Activation::kSoftplus, Activation::kSoftsign,
        Activation::kHardSigmoid}) {
    const Initializer glorot = WeightInitializer(activation, 8, 16);
    EXPECT_EQ(glorot.kind, Initializer::Kind::kUniform);
    EXPECT_FLOAT_EQ(glorot.value, 0.5f);  // sqrt(6 / 24)
  }
}

TEST(NamedActivationsTest, EmptyValuesPassThrough) {
  for (const std::string& name : ActivationNames()) {
    EXPECT_FALSE(Activate(Value(), *ParseActivation(name)).valid());
  }
}

}  // namespace
}  // namespace espalier
