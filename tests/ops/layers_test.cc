#include "ops/layers.h"

#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "graph/leaves.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/schedule_values.h"
#include "tests/testing/execution.h"
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
  for (const std::string& name : ActivationNames()) {
    const Activation activation = *ParseActivation(name);
    GraphBuilder g("test");
    layers::Dense(g.Input("x", {kBatch, 8}), 16, activation);
    const Initializer& weight = InitializerOf(g.Parameters()[0]);
    const Initializer expected = WeightInitializer(activation, 8, 16);
    EXPECT_EQ(weight.kind, expected.kind) << name;
    EXPECT_EQ(weight.value, expected.value) << name;
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

TEST(LayerNormLayerTest, NormalizesRows) {
  GraphBuilder g("test");
  g.Output("y", layers::LayerNorm(g.Input("x", {kBatch, 3})));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_EQ(graph.parameters().size(), 2u);
  const LeafValues leaves = {{"x", Matrix(2, 3, {1, 2, 3, 10, 10, 40})},
                             {"layer_norm/scale", Vector({1, 1, 2})},
                             {"layer_norm/shift", Vector({0, 5, 0})}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  ASSERT_OK_AND_ASSIGN(const LeafValues run, execution.Run(leaves));
  const double a = std::sqrt(1.5);  // 1 / sqrt(2 / 3)
  const double b = std::sqrt(0.5);  // 10 / sqrt(200)
  const std::vector<double> expected = {-a, 5, 2 * a, -b, 5 - b, 4 * b};
  for (int64_t i = 0; i < 6; ++i) {
    EXPECT_NEAR(run.at("y")[i], expected[static_cast<size_t>(i)], 2e-5);
  }
  GraphBuilder h("test");
  layers::LayerNorm(h.Input("x", {kBatch}));
  EXPECT_THAT(h.status().message(), testing::HasSubstr("layer 'layer_norm': "));
}

TEST(DropoutLayerTest, LayersOfAGraphShareOneCounter) {
  GraphBuilder g("test");
  Value x = g.Input("x", {kBatch, 3});
  x = layers::Dropout(x, 0.5f);
  x = layers::Dropout(x, 0.5f);
  g.Output("y", x);
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_EQ(graph.states().size(), 1u);
  EXPECT_EQ(graph.node(graph.states()[0]).name, "dropout_step");
  ASSERT_EQ(graph.updates().size(), 1u);
  const NodeId first = graph.Find("dropout");
  const NodeId second = graph.Find("dropout_1");
  ASSERT_NE(first, kNoNode);
  ASSERT_NE(second, kNoNode);
  // Not the same elements in both.
  EXPECT_FALSE(graph.node(first).op->attributes()[1].value ==
               graph.node(second).op->attributes()[1].value);
}

// What the graph says with a node `dropout_step` made before the layer.
absl::Status StatusBeside(void (*make)(GraphBuilder& g)) {
  return BuildStatus([&](GraphBuilder& g) {
    make(g);
    return layers::Dropout(g.Input("x", {kBatch, 3}), 0.5f);
  });
}

TEST(DropoutLayerTest, OnlyACounterIsTakenForTheCounter) {
  EXPECT_OK(
      StatusBeside([](GraphBuilder& g) { StepCounter(g, "dropout_step"); }));
  // The other way round, from another start.
  EXPECT_OK(StatusBeside([](GraphBuilder& g) {
    const Value step = g.State("dropout_step", {}, 7, DataType::kI32);
    const Value one = g.Constant(Tensor(Shape(), std::vector<int32_t>{1}));
    g.Update(step, Add(one, step));
  }));
  const auto refused = [](absl::string_view what) {
    return StatusIs(
        absl::StatusCode::kInvalidArgument,
        absl::StrCat(
            "layer 'dropout': node 'dropout_step' ", what,
            ": expected a state i32[] whose update is itself plus 1, as "
            "StepCounter makes it, or none of that name"));
  };
  EXPECT_THAT(
      StatusBeside([](GraphBuilder& g) {
        const Value step = g.State("dropout_step", {}, 0, DataType::kI32);
        const Value two = g.Constant(Tensor(Shape(), std::vector<int32_t>{2}));
        g.Update(step, Add(step, two));
      }),
      refused("(state) is i32[]"));
  EXPECT_THAT(
      StatusBeside([](GraphBuilder& g) {
        const Value step = g.State("dropout_step", {}, 0, DataType::kI32);
        const Value other = StepCounter(g, "other");
        const Value one = g.Constant(Tensor(Shape(), std::vector<int32_t>{1}));
        g.Update(step, Add(other, one));
      }),
      refused("(state) is i32[]"));
  EXPECT_THAT(StatusBeside([](GraphBuilder& g) {
                g.State("dropout_step", {}, 0, DataType::kI32);
              }),
              refused("(state) is i32[]"));
  EXPECT_THAT(StatusBeside([](GraphBuilder& g) {
                g.Input("dropout_step", {}, DataType::kI32);
              }),
              refused("(input) is i32[]"));
  EXPECT_THAT(StatusBeside([](GraphBuilder& g) {
                const Value step = g.State("dropout_step", {2});
                g.Update(step, Add(step, g.Constant(1.0f)));
              }),
              refused("(state) is f32[2]"));
}

TEST(DropoutLayerTest, DrawsAnotherMaskAtEachStep) {
  GraphBuilder g("test");
  g.Output("y", layers::Dropout(g.Input("x", {kBatch, 64}), 0.5f));
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  LeafValues leaves = {
      {"x", DoubleTensor(Shape({4, 64}), std::vector<double>(256, 1))},
      {"dropout_step", DoubleTensor(Shape())}};
  ASSERT_OK_AND_ASSIGN(Execution execution, Execution::Create(graph, leaves));
  std::vector<std::vector<double>> masks;
  for (int step = 0; step < 3; ++step) {
    ASSERT_OK_AND_ASSIGN(const LeafValues found, execution.Run(leaves));
    ASSERT_OK_AND_ASSIGN(const InterpretedRun expected,
                         Interpret(graph, leaves));
    EXPECT_EQ(found.at("y").values(), expected.outputs.at("y").values());
    leaves["dropout_step"] = expected.updates.at("dropout_step");
    masks.push_back(found.at("y").values());
  }
  EXPECT_NE(masks[0], masks[1]);
  EXPECT_NE(masks[1], masks[2]);
}

TEST(DropoutLayerTest, RefusesARateThatLeavesNothing) {
  GraphBuilder g("test");
  layers::Dropout(g.Input("x", {kBatch, 3}), 1);
  EXPECT_THAT(g.status().message(),
              testing::HasSubstr("rate is 1: expected 0 or more, below 1"));
}

}  // namespace
}  // namespace espalier
