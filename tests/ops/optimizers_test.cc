#include "ops/optimizers.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "ops/losses.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

constexpr float kRate = 0.01f;

// A graph that updates the parameters `w` [3] and `b` [] from the gradients
// that are fed as `dw` and `db`.
absl::StatusOr<Graph> UpdateGraph(const Optimizer& optimizer) {
  GraphBuilder g("update");
  const std::vector<Value> parameters = {
      g.Parameter("w", {3}, Initializer::Zeros()),
      g.Parameter("b", {}, Initializer::Zeros())};
  const std::vector<Value> gradients = {g.Input("dw", {3}), g.Input("db", {})};
  const std::vector<Value> updated = optimizer.apply(
      parameters, gradients, g.Constant(optimizer.learning_rate));
  for (size_t i = 0; i < updated.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  return g.Build();
}

LeafValues InitialValues(const Graph& graph) {
  LeafValues leaves;
  for (const auto& ids : {graph.parameters(), graph.states()}) {
    for (NodeId id : ids) {
      const Node& node = graph.node(id);
      leaves[node.name] =
          DoubleTensor(LeafInitializer(*node.op)->Draw(node.type, 0, 0));
    }
  }
  return leaves;
}

// Runs one step and takes over what it updates.
void Step(const Graph& graph, LeafValues& leaves) {
  const absl::StatusOr<InterpretedRun> run = Interpret(graph, leaves);
  ASSERT_OK(run);
  for (const auto& [name, value] : run->updates) leaves[name] = value;
}

// Adam on one number, as in algorithm 1 of the paper.
class ScalarAdam {
 public:
  explicit ScalarAdam(const AdamOptions& options)
      : beta1_(options.beta1),
        beta2_(options.beta2),
        epsilon_(options.epsilon) {}

  double Next(double parameter, double gradient, double rate) {
    ++step_;
    m_ = beta1_ * m_ + (1.0f - beta1_) * gradient;
    v_ = beta2_ * v_ + (1.0f - beta2_) * gradient * gradient;
    const double m_hat = m_ / (1 - std::pow(beta1_, step_));
    const double v_hat = v_ / (1 - std::pow(beta2_, step_));
    return parameter - rate * m_hat / (std::sqrt(v_hat) + epsilon_);
  }

 private:
  float beta1_;
  float beta2_;
  float epsilon_;
  int step_ = 0;
  double m_ = 0;
  double v_ = 0;
};

TEST(AdamTest, FollowsThePaperForAThousandSteps) {
  AdamOptions options;
  options.beta1 = 0.8f;
  options.beta2 = 0.95f;
  options.epsilon = 1e-3f;
  for (const AdamOptions& o : {AdamOptions(), options}) {
    ASSERT_OK_AND_ASSIGN(const Graph graph,
                         UpdateGraph(optimizers::Adam(kRate, o)));
    LeafValues leaves = InitialValues(graph);
    std::vector<ScalarAdam> scalars(4, ScalarAdam(o));
    std::vector<double> expected(4, 0.0);
    TestRandom random(1);
    for (int step = 0; step < 1000; ++step) {
      leaves["dw"] = random.Tensor({3}, -2, 3);
      leaves["db"] = random.Tensor({}, -1e-4, 1e-4);
      for (size_t i = 0; i < 4; ++i) {
        const double gradient =
            i < 3 ? leaves["dw"][static_cast<int64_t>(i)] : leaves["db"][0];
        expected[i] = scalars[i].Next(expected[i], gradient, kRate);
      }
      Step(graph, leaves);
      for (size_t i = 0; i < 4; ++i) {
        const double found =
            i < 3 ? leaves["w"][static_cast<int64_t>(i)] : leaves["b"][0];
        ASSERT_NEAR(found, expected[i], 1e-9) << "step " << step;
      }
    }
    EXPECT_GT(std::fabs(expected[0]), 0.1);
  }
}

TEST(AdamTest, TheFirstStepIsOneRateLong) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, UpdateGraph(optimizers::Adam(kRate)));
  LeafValues leaves = InitialValues(graph);
  leaves["dw"] = Vector({1e-3, -100, 0});
  leaves["db"] = DoubleTensor(Shape(), 5);
  Step(graph, leaves);
  EXPECT_NEAR(leaves["w"][0], -kRate, 1e-6);
  EXPECT_NEAR(leaves["w"][1], kRate, 1e-6);
  EXPECT_EQ(leaves["w"][2], 0);
  EXPECT_NEAR(leaves["b"][0], -kRate, 1e-6);
}

TEST(AdamTest, StatesAreNamedAfterTheirParameters) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, UpdateGraph(optimizers::Adam(kRate)));
  std::vector<std::string> names;
  for (NodeId id : graph.states()) names.push_back(graph.node(id).name);
  EXPECT_THAT(names, testing::UnorderedElementsAre(
                         "adam_beta1_power", "adam_beta2_power", "w/adam_m",
                         "w/adam_v", "b/adam_m", "b/adam_v"));
}

TEST(AdamTest, TwoCallsKeepTheirOwnPowers) {
  GraphBuilder g("test");
  const Value rate = g.Constant(kRate);
  for (const char* name : {"u", "v"}) {
    const Value parameter = g.Parameter(name, {2}, Initializer::Zeros());
    g.Update(parameter, Adam({parameter}, {parameter}, rate)[0]);
  }
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  EXPECT_EQ(graph.states().size(), 8u);
  EXPECT_NE(graph.Find("adam_beta1_power_1"), kNoNode);
}

TEST(SgdTest, StepsAgainstTheGradient) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, UpdateGraph(optimizers::Sgd(0.5f)));
  LeafValues leaves = InitialValues(graph);
  leaves["w"] = Vector({1, 2, 3});
  leaves["dw"] = Vector({2, 0, -4});
  leaves["db"] = DoubleTensor(Shape(), 1);
  Step(graph, leaves);
  EXPECT_THAT(leaves["w"].values(), testing::ElementsAre(0, 2, 5));
  EXPECT_EQ(leaves["b"][0], -0.5);
}

TEST(SgdTest, ARateOfZeroChangesNothing) {
  ASSERT_OK_AND_ASSIGN(const Graph graph, UpdateGraph(optimizers::Sgd(0)));
  LeafValues leaves = InitialValues(graph);
  leaves["w"] = Vector({0.1, -7, 3});
  leaves["dw"] = Vector({2, 0, -4});
  leaves["db"] = DoubleTensor(Shape(), 1);
  Step(graph, leaves);
  EXPECT_THAT(leaves["w"].values(), testing::ElementsAre(0.1, -7, 3));
}

TEST(OptimizersTest, MinimiseASquare) {
  for (const Optimizer& optimizer :
       {optimizers::Sgd(0.1f), optimizers::Adam(0.1f)}) {
    GraphBuilder g("square");
    const Value w = g.Parameter("w", {2}, Initializer::Constant(3));
    const Value target = g.Constant(Tensor({2}, std::vector<float>{1, -2}));
    const Value loss = MeanSquaredError(w, target);
    g.Update(w, optimizer.apply({w}, Gradients(loss, {w}),
                                g.Constant(optimizer.learning_rate))[0]);
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    LeafValues leaves = InitialValues(graph);
    for (int step = 0; step < 300; ++step) Step(graph, leaves);
    EXPECT_NEAR(leaves["w"][0], 1, 0.01) << optimizer.name;
    EXPECT_NEAR(leaves["w"][1], -2, 0.01) << optimizer.name;
  }
}

absl::Status SgdStatus(const Shape& gradient, const TensorType& rate) {
  return BuildStatus([&](GraphBuilder& g) {
    return Sgd(g.Parameter("w", {3}, Initializer::Zeros()),
               g.Input("dw", gradient),
               g.Input("rate", rate.shape, rate.dtype));
  });
}

TEST(OptimizersTest, Errors) {
  EXPECT_THAT(SgdStatus({2}, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "sgd: node 'w' (parameter): the parameter has shape "
                       "[3], its gradient has [2]: expected equal shapes"));
  EXPECT_THAT(SgdStatus({3}, {DataType::kF32, {3}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "sgd: node 'w' (parameter): the rate is f32[3]: "
                       "expected a scalar, f32[]"));
  EXPECT_THAT(SgdStatus({3}, {DataType::kI32, {}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "sgd: node 'w' (parameter): the rate is i32[]: "
                       "expected a scalar, f32[]"));
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return Adam({g.Parameter("w", {3}, Initializer::Zeros())},
                            {g.Input("dw", {2})}, g.Constant(0.1f))[0];
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "adam: node 'w' (parameter): the parameter has shape "
                       "[3], its gradient has [2]: expected equal shapes"));
}

TEST(OptimizersTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Sgd(Value(), Value(), Value()).valid());
  const std::vector<Value> results =
      Adam({Value(), Value()}, {Value(), Value()}, Value());
  EXPECT_EQ(results.size(), 2u);
  EXPECT_FALSE(results[0].valid());
  EXPECT_TRUE(Adam({}, {}, Value()).empty());
}

}  // namespace
}  // namespace espalier
