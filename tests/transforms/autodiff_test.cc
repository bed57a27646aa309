#include "transforms/autodiff.h"

#include <memory>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/named_activations.h"
#include "ops/reduce.h"
#include "tests/testing/pass_op.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The output `name` of the builder's graph, run on random leaves.
struct Built {
  explicit Built(GraphBuilder& g) {
    absl::StatusOr<Graph> graph = g.Build();
    EXPECT_TRUE(graph.ok()) << graph.status();
    if (graph.ok()) model = RandomModel(*graph);
  }
  Model model;
};

void OutputGradients(GraphBuilder& g, Value loss, const std::vector<Value>& wrt,
                     const std::string& prefix) {
  const std::vector<Value> gradients = Gradients(loss, wrt);
  ASSERT_EQ(gradients.size(), wrt.size());
  for (size_t i = 0; i < wrt.size(); ++i) {
    g.Output(prefix + std::to_string(i), gradients[i]);
  }
}

double InnerProduct(const DoubleTensor& a, const DoubleTensor& b) {
  double sum = 0;
  for (int64_t i = 0; i < a.num_elements(); ++i) sum += a[i] * b[i];
  return sum;
}

DoubleTensor Moved(const DoubleTensor& x, const DoubleTensor& d, double step) {
  DoubleTensor moved = x;
  for (int64_t i = 0; i < x.num_elements(); ++i) moved[i] += step * d[i];
  return moved;
}

// Holds the output "d0" against differences of the output "loss" as the leaf
// `name` moves along a random direction.
void CheckAgainstDifferences(const Model& model, const std::string& name,
                             const std::string& gradient = "d0") {
  LeafValues leaves = RandomLeaves(model);
  const DoubleTensor x = leaves.at(name);
  const DoubleTensor direction(RandomTensor(x.shape(), 99));
  const double slope =
      InnerProduct(Outputs(model, leaves).at(gradient), direction);
  const double step = 1e-5;
  leaves[name] = Moved(x, direction, step);
  const double above = Outputs(model, leaves).at("loss")[0];
  leaves[name] = Moved(x, direction, -step);
  const double below = Outputs(model, leaves).at("loss")[0];
  EXPECT_NEAR(slope, (above - below) / (2 * step),
              1e-6 * (1 + std::fabs(slope)))
      << name;
  EXPECT_NE(slope, 0) << name;
}

TEST(GradientsTest, OfANetworkFitDifferences) {
  for (int leaf = 0; leaf < 4; ++leaf) {
    GraphBuilder g("net");
    Value x = g.Input("x", {kBatch, 3});
    Value target = g.Input("target", {kBatch, 2});
    Value y = layers::Dense(layers::Dense(x, 5, Activation::kTanh), 2);
    Value loss = MeanSquaredError(y, target);
    g.Output("loss", loss);
    const Value wrt = g.Parameters()[static_cast<size_t>(leaf)];
    const std::string name = wrt.node().name;
    OutputGradients(g, loss, {wrt}, "d");
    CheckAgainstDifferences(Built(g).model, name);
  }
}

TEST(GradientsTest, OfAnInputFitDifferences) {
  GraphBuilder g("net");
  Value x = g.Input("x", {kBatch, 3});
  Value y = layers::Dense(x, 4, Activation::kSigmoid);
  Value loss = Mean(Square(y));
  g.Output("loss", loss);
  OutputGradients(g, loss, {x}, "d");
  CheckAgainstDifferences(Built(g).model, "x");
}

TEST(GradientsTest, AddUpOverAllReaders) {
  GraphBuilder g("fan");
  Value x = g.Parameter("x", {3}, Initializer::Zeros());
  // x x + 3 x + x: the gradient is 2 x + 4.
  Value loss = Sum(Add(Add(Mul(x, x), Scale(x, 3)), x));
  g.Output("loss", loss);
  OutputGradients(g, loss, {x}, "d");
  const Model model = Built(g).model;
  const LeafValues leaves = RandomLeaves(model);
  const DoubleTensor d = Outputs(model, leaves).at("d0");
  for (int64_t i = 0; i < 3; ++i) {
    EXPECT_DOUBLE_EQ(d[i], 2 * leaves.at("x")[i] + 4);
  }
}

TEST(GradientsTest, SecondApplicationFitsDifferencesOfTheFirst) {
  GraphBuilder g("twice");
  Value x = g.Parameter("x", {4}, Initializer::Zeros());
  Value first = Gradients(Sum(Tanh(Mul(x, x))), {x})[0];
  Value loss = Sum(Mul(first, first));
  g.Output("loss", loss);
  OutputGradients(g, loss, {x}, "d");
  CheckAgainstDifferences(Built(g).model, "x");
}

TEST(GradientsTest, OfWhatTheLossDoesNotReadAreZeros) {
  GraphBuilder g("apart");
  Value x = g.Input("x", {kBatch, 2});
  Value unread = g.Parameter("unread", {2, 3}, Initializer::Zeros());
  Value p = g.Parameter("p", {2}, Initializer::Zeros());
  Value loss = Mean(Mul(x, p));
  Value later = g.Parameter("later", {}, Initializer::Zeros());
  g.Output("loss", loss);
  OutputGradients(g, loss, {unread, p, later, x}, "d");
  const Model model = Built(g).model;
  const LeafValues outputs = Outputs(model, RandomLeaves(model));
  EXPECT_EQ(outputs.at("d0").values(), std::vector<double>(6, 0.0));
  EXPECT_EQ(outputs.at("d0").shape(), Shape({2, 3}));
  EXPECT_NE(outputs.at("d1")[0], 0);
  EXPECT_EQ(outputs.at("d2").shape(), Shape());
  EXPECT_EQ(outputs.at("d3").shape(), Shape({3, 2}));
}

TEST(GradientsTest, OfTheLossItselfIsOne) {
  GraphBuilder g("self");
  Value loss = Sum(g.Parameter("p", {2}, Initializer::Zeros()));
  g.Output("loss", loss);
  OutputGradients(g, loss, {loss}, "d");
  const Model model = Built(g).model;
  EXPECT_THAT(Outputs(model, RandomLeaves(model)).at("d0").values(),
              ElementsAre(1.0));
}

TEST(GradientsTest, MakeNoNodesForWhatNobodyAskedFor) {
  GraphBuilder g("lean");
  Value x = g.Input("x", {kBatch, 3});
  Value y = layers::Dense(layers::Dense(x, 5, Activation::kTanh), 2);
  Value loss = Mean(Square(y));
  g.Output("loss", loss);
  // The last bias alone: nothing of the layer before is walked through.
  OutputGradients(g, loss, {g.Parameters()[3]}, "d");
  const Graph graph = *g.Build();
  for (NodeId id = loss.id() + 1; id < graph.num_nodes(); ++id) {
    EXPECT_NE(graph.node(id).op->kind(), "matmul");
  }
}

TEST(GradientsTest, AnOpWithoutAGradientIsNamed) {
  GraphBuilder g("stuck");
  Value x = g.Parameter("x", {2}, Initializer::Zeros());
  Value loss = Sum(Apply(std::make_shared<PassOp>("step"), {x}, "climb"));
  EXPECT_FALSE(Gradients(loss, {x})[0].valid());
  EXPECT_EQ(g.status().code(), absl::StatusCode::kUnimplemented);
  EXPECT_EQ(g.status().message(),
            "gradients: node 'climb' (step): op 'step' has no gradient");
}

TEST(GradientsTest, AnOpWithoutAGradientMayStandAside) {
  GraphBuilder g("aside");
  Value x = g.Parameter("x", {2}, Initializer::Zeros());
  Value target = Apply(std::make_shared<PassOp>("step"), {g.Input("t", {2})});
  Gradients(Sum(Mul(x, target)), {x});
  EXPECT_TRUE(g.status().ok()) << g.status();
}

// f32 to i32; without a gradient, as integers have none.
class ToIntegerOp : public PassOp {
 public:
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> inputs) const override {
    return TensorType{DataType::kI32, inputs[0].shape};
  }
};

TEST(GradientsTest, DoNotPassThroughIntegers) {
  GraphBuilder g("labels");
  Value x = g.Input("x", {kBatch});
  Value logits = g.Input("logits", {kBatch, 3});
  Value labels = Apply(std::make_shared<ToIntegerOp>(), {x});
  Value loss = MeanSoftmaxCrossEntropy(logits, labels);
  const std::vector<Value> gradients = Gradients(loss, {x, logits});
  EXPECT_TRUE(g.status().ok()) << g.status();
  EXPECT_EQ(gradients[0].node().op->kind(), "broadcast");  // zeros
}

TEST(GradientsTest, RefuseALossThatIsNoScalar) {
  GraphBuilder g("vector");
  Value x = g.Parameter("x", {2}, Initializer::Zeros());
  EXPECT_EQ(Gradients(Neg(x), {x}).size(), 1u);
  EXPECT_THAT(std::string(g.status().message()),
              AllOf(HasSubstr("gradients: the loss, node 'neg' (neg), is "
                              "f32[2], expected a scalar")));
}

TEST(GradientsTest, RefuseIntegersAndStrangers) {
  {
    GraphBuilder g("integer");
    Value count = g.State("count", {}, 0, DataType::kI32);
    Value loss = Sum(g.Parameter("x", {2}, Initializer::Zeros()));
    Gradients(loss, {count});
    EXPECT_THAT(std::string(g.status().message()),
                HasSubstr("node 'count' (state) among wrt is i32[]"));
  }
  GraphBuilder g("one");
  GraphBuilder other("other");
  Value loss = Sum(g.Parameter("x", {2}, Initializer::Zeros()));
  Gradients(loss, {other.Constant(1.0f)});
  EXPECT_THAT(std::string(g.status().message()), HasSubstr("another builder"));
  EXPECT_TRUE(other.status().ok());
}

TEST(GradientsTest, DoNothingAfterAnError) {
  GraphBuilder g("failed");
  Value x = g.Parameter("x", {2}, Initializer::Zeros());
  Value loss = Sum(Add(x, g.Parameter("y", {3}, Initializer::Zeros())));
  const std::string first(g.status().message());
  EXPECT_EQ(Gradients(loss, {x}).size(), 1u);
  EXPECT_EQ(g.status().message(), first);
  EXPECT_EQ(Gradients(Value(), {Value(), Value()}).size(), 2u);
}

}  // namespace
}  // namespace espalier
