#include "training/step_graph.h"

#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/losses.h"
#include "tests/testing/pass_op.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string Error(GraphBuilder& g, Value loss) {
  const auto step = BuildStepGraph(g, loss, optimizers::Sgd(0.1f));
  return std::string(step.status().message());
}

TEST(StepGraphTest, RunsOneStep) {
  GraphBuilder g("line");
  const Value x = g.Input("x", {kBatch, 1});
  const Value t = g.Input("t", {kBatch, 1});
  const Value w = g.Parameter("w", {}, Initializer::Zeros());
  const Value y = Mul(x, w);
  g.Output("y", y);
  const StepGraph step =
      BuildStepGraph(g, MeanSquaredError(y, t), optimizers::Sgd(0.1f)).value();
  EXPECT_EQ(step.features, "x");
  EXPECT_EQ(step.targets, "t");
  EXPECT_EQ(step.learning_rate, "learning_rate");
  EXPECT_EQ(step.loss, "loss");
  EXPECT_THAT(step.outputs, ElementsAre("y"));
  // One sample, x = 2, t = 3, w = 1: loss (2 - 3)^2, gradient 2 (-1) 2.
  LeafValues leaves;
  leaves["x"] = DoubleTensor({1, 1}, {2});
  leaves["t"] = DoubleTensor({1, 1}, {3});
  leaves["w"] = DoubleTensor({}, {1});
  leaves["learning_rate"] = DoubleTensor({}, {0.25});
  const InterpretedRun run = Interpret(step.graph, leaves).value();
  EXPECT_DOUBLE_EQ(run.outputs.at("loss")[0], 1);
  EXPECT_DOUBLE_EQ(run.updates.at("w")[0], 1 + 0.25 * 4);
}

TEST(StepGraphTest, AnOwnOpNeedsAKindOfItsOwn) {
  // Its gradient is not asked for.
  GraphBuilder g("own");
  const Value x = g.Input("x", {kBatch, 1});
  const Value own = g.AddNode(std::make_shared<PassOp>("relu"), {x}, "h");
  const Value y = Mul(own, g.Parameter("w", {}, Initializer::Zeros()));
  g.Output("y", y);
  EXPECT_THAT(Error(g, MeanSquaredError(y, x)),
              HasSubstr("node 'h' (relu): this op of the program's own has the "
                        "kind of a standard one"));
}

TEST(StepGraphTest, ColumnsAreThoseOfTheOneOutputInBatches) {
  const auto columns = [](const std::vector<TensorType>& types) {
    GraphBuilder g("outputs");
    const Value x = g.Input("x", {kBatch, 1});
    const Value w = g.Parameter("w", {}, Initializer::Zeros());
    for (const TensorType& type : types) {
      const std::string name = absl::StrCat("y_", type.shape.rank());
      g.Output(name, type.shape.has_symbolic_batch()
                         ? g.Input(name, type.shape, type.dtype)
                         : g.State(name, type.shape));
    }
    return ClassColumns(
        BuildStepGraph(g, MeanSquaredError(Mul(x, w), x), optimizers::Sgd(0.1f))
            .value());
  };
  EXPECT_EQ(columns({{DataType::kF32, {kBatch, 3}}}), 3);
  EXPECT_EQ(columns({{DataType::kI32, {kBatch, 3}}}), absl::nullopt);
  EXPECT_EQ(columns({{DataType::kF32, {kBatch}}}), absl::nullopt);
  EXPECT_EQ(columns({{DataType::kF32, {kBatch, 3, 2}}}), absl::nullopt);
  EXPECT_EQ(columns({{DataType::kF32, {2, 3}}}), absl::nullopt);
  EXPECT_EQ(columns({{DataType::kF32, {kBatch, 3}}, {DataType::kF32, {2}}}),
            absl::nullopt);
}

TEST(StepGraphTest, FindsFreeNames) {
  GraphBuilder g("names");
  const Value x = g.Input("learning_rate", {kBatch, 1});
  const Value y = Mul(x, g.Parameter("w", {}, Initializer::Zeros()));
  g.Output("loss", y);
  const StepGraph step =
      BuildStepGraph(g, MeanSquaredError(y, x), optimizers::Sgd(0.1f)).value();
  EXPECT_EQ(step.features, "learning_rate");
  EXPECT_EQ(step.targets, "");
  EXPECT_EQ(step.learning_rate, "learning_rate_1");
  EXPECT_EQ(step.loss, "loss_");
  EXPECT_EQ(step.graph.outputs()[1].name, "loss_");
}

TEST(StepGraphTest, RefusesGraphsThatCannotBeTrained) {
  {
    GraphBuilder g("no_output");
    const Value x = g.Input("x", {kBatch, 1});
    const Value w = g.Parameter("w", {}, Initializer::Zeros());
    EXPECT_THAT(Error(g, MeanSquaredError(Mul(x, w), x)),
                HasSubstr("the graph has no output"));
  }
  {
    GraphBuilder g("no_parameter");
    const Value x = g.Input("x", {kBatch, 1});
    g.Output("x", x);
    EXPECT_THAT(Error(g, MeanSquaredError(x, x)),
                HasSubstr("the graph has no parameter to train"));
  }
  {
    GraphBuilder g("three_inputs");
    const Value x = g.Input("x", {kBatch, 1});
    g.Input("y", {kBatch, 1});
    g.Input("z", {kBatch, 1});
    g.Output("x", x);
    EXPECT_THAT(Error(g, MeanSquaredError(x, x)),
                HasSubstr("the graph has 3 inputs"));
  }
  {
    GraphBuilder g("loss_of_a_shape");
    const Value x = g.Input("x", {kBatch, 1});
    const Value y = Mul(x, g.Parameter("w", {}, Initializer::Zeros()));
    g.Output("y", y);
    EXPECT_NE(Error(g, y), "");
  }
  {
    GraphBuilder g("updates");
    const Value x = g.Input("x", {kBatch, 1});
    const Value w = g.Parameter("w", {}, Initializer::Zeros());
    g.Output("y", Mul(x, w));
    g.Update(w, Scale(w, 2));
    EXPECT_THAT(Error(g, MeanSquaredError(Mul(x, w), x)),
                HasSubstr("'w' (parameter) has an update already"));
  }
}

TEST(StepGraphTest, TellsTheBuildersError) {
  GraphBuilder g("wrong");
  const Value x = g.Input("x", {kBatch, 2});
  const Value y = Add(x, g.Parameter("w", {3}, Initializer::Zeros()));
  g.Output("y", y);
  EXPECT_THAT(Error(g, MeanSquaredError(y, x)), HasSubstr("'add'"));
}

}  // namespace
}  // namespace espalier
