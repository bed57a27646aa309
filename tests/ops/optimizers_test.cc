#include "ops/optimizers.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "ops/losses.h"
#include "runtime/executable.h"
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

std::vector<Optimizer> AllOptimizers(float rate) {
  return {optimizers::Sgd(rate),      optimizers::Momentum(rate),
          optimizers::Nesterov(rate), optimizers::RmsProp(rate),
          optimizers::Adagrad(rate),  optimizers::Adam(rate),
          optimizers::AdamW(rate)};
}

std::vector<std::string> StateNames(const Optimizer& optimizer) {
  const absl::StatusOr<Graph> graph = UpdateGraph(optimizer);
  EXPECT_OK(graph);
  std::vector<std::string> names;
  if (!graph.ok()) return names;
  for (NodeId id : graph->states()) names.push_back(graph->node(id).name);
  return names;
}

TEST(OptimizersTest, StatesAreNamedAfterTheirParameters) {
  using testing::ElementsAre;
  EXPECT_THAT(StateNames(optimizers::Sgd(kRate)), ElementsAre());
  EXPECT_THAT(StateNames(optimizers::Momentum(kRate)),
              ElementsAre("w/v", "b/v"));
  EXPECT_THAT(StateNames(optimizers::Nesterov(kRate)),
              ElementsAre("w/v", "b/v"));
  EXPECT_THAT(StateNames(optimizers::RmsProp(kRate)),
              ElementsAre("w/mean_square", "b/mean_square"));
  EXPECT_THAT(StateNames(optimizers::Adagrad(kRate)),
              ElementsAre("w/sum_of_squares", "b/sum_of_squares"));
  EXPECT_THAT(StateNames(optimizers::Adam(kRate)),
              ElementsAre("adam_beta1_power", "adam_beta2_power", "w/adam_m",
                          "w/adam_v", "b/adam_m", "b/adam_v"));
  EXPECT_THAT(StateNames(optimizers::AdamW(kRate)),
              ElementsAre("adamw_beta1_power", "adamw_beta2_power", "w/adamw_m",
                          "w/adamw_v", "b/adamw_m", "b/adamw_v"));
}

// The values of `w` after so many steps from 1, 2, 3 with drawn gradients.
std::vector<double> AfterSteps(const Optimizer& optimizer, int steps,
                               bool zero_gradients = false) {
  const absl::StatusOr<Graph> graph = UpdateGraph(optimizer);
  EXPECT_OK(graph);
  if (!graph.ok()) return {};
  LeafValues leaves = InitialValues(*graph);
  leaves["w"] = Vector({1, 2, 3});
  TestRandom random(2);
  for (int step = 0; step < steps; ++step) {
    leaves["dw"] =
        zero_gradients ? Vector({0, 0, 0}) : random.Tensor({3}, -1, 1);
    leaves["db"] = DoubleTensor(Shape());
    Step(*graph, leaves);
  }
  return leaves["w"].values();
}

TEST(OptimizersTest, WithoutMomentumOrDecayAreThePlainOnes) {
  const std::vector<double> sgd = AfterSteps(optimizers::Sgd(kRate), 5);
  EXPECT_EQ(AfterSteps(optimizers::Momentum(kRate, 0), 5), sgd);
  EXPECT_EQ(AfterSteps(optimizers::Nesterov(kRate, 0), 5), sgd);
  EXPECT_NE(AfterSteps(optimizers::Momentum(kRate), 5), sgd);
  EXPECT_NE(AfterSteps(optimizers::Nesterov(kRate), 5),
            AfterSteps(optimizers::Momentum(kRate), 5));
  const std::vector<double> adam = AfterSteps(optimizers::Adam(kRate), 5);
  AdamWOptions options;
  EXPECT_NE(AfterSteps(optimizers::AdamW(kRate, options), 5), adam);
  options.weight_decay = 0;
  EXPECT_EQ(AfterSteps(optimizers::AdamW(kRate, options), 5), adam);
}

TEST(OptimizersTest, GradientsOfZeroMoveNothingButWhatDecays) {
  for (const Optimizer& optimizer : AllOptimizers(kRate)) {
    const std::vector<double> w = AfterSteps(optimizer, 3, true);
    if (optimizer.name == "adamw") {
      const double kept = 1 - double{kRate} * double{0.01f};
      EXPECT_NEAR(w[2], 3 * kept * kept * kept, 1e-15);
    } else {
      EXPECT_THAT(w, testing::ElementsAre(1, 2, 3)) << optimizer.name;
    }
  }
}

// All parameters are passed over once, in one elementwise step.
TEST(OptimizersTest, UpdateAllParametersInOneStep) {
  for (const Optimizer& optimizer : AllOptimizers(kRate)) {
    GraphBuilder g("update");
    const std::vector<Value> parameters = {
        g.Parameter("w", {30, 20}, Initializer::Zeros()),
        g.Parameter("b", {20}, Initializer::Zeros())};
    const std::vector<Value> updated = optimizer.apply(
        parameters, {g.Input("dw", {30, 20}), g.Input("db", {20})},
        g.Input("rate", {}));
    g.Update(parameters[0], updated[0]);
    g.Update(parameters[1], updated[1]);
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    ASSERT_OK_AND_ASSIGN(const auto executable, Executable::Compile(graph));
    // Adam and AdamW first compute what is the same for all elements.
    const bool powers = graph.Find(optimizer.name + "_beta1_power") != kNoNode;
    EXPECT_EQ(executable->num_steps(), powers ? 2 : 1)
        << executable->PlanText();
  }
}

TEST(OptimizersTest, MinimiseASquare) {
  for (Optimizer optimizer : AllOptimizers(0.1f)) {
    // Its steps become short while the sum of squares grows.
    if (optimizer.name == "adagrad") optimizer.learning_rate = 2;
    GraphBuilder g("square");
    const Value w = g.Parameter("w", {2}, Initializer::Constant(3));
    const Value target = g.Constant(Tensor({2}, std::vector<float>{1, -2}));
    const Value loss = MeanSquaredError(w, target);
    g.Update(w, optimizer.apply({w}, Gradients(loss, {w}),
                                g.Constant(optimizer.learning_rate))[0]);
    ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
    LeafValues leaves = InitialValues(graph);
    for (int step = 0; step < 300; ++step) Step(graph, leaves);
    // RMSProp goes on with steps of about a rate's length; AdamW's decay
    // pulls towards 0.
    const double tolerance = optimizer.name == "rmsprop" ? 0.1
                             : optimizer.name == "adamw" ? 0.03
                                                         : 0.01;
    EXPECT_NEAR(leaves["w"][0], 1, tolerance) << optimizer.name;
    EXPECT_NEAR(leaves["w"][1], -2, tolerance) << optimizer.name;
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

TEST(OptimizersTest, OptionsOutOfRange) {
  const float nan = std::nanf("");
  const auto message = [](const Optimizer& optimizer) {
    return std::string(UpdateGraph(optimizer).status().message());
  };
  const std::string share = ": expected at least 0 and less than 1";
  EXPECT_EQ(message(optimizers::Momentum(kRate, 1)),
            "momentum: node 'w' (parameter): momentum is 1" + share);
  EXPECT_EQ(message(optimizers::Nesterov(kRate, -0.5f)),
            "nesterov: node 'w' (parameter): momentum is -0.5" + share);
  EXPECT_EQ(message(optimizers::RmsProp(kRate, {nan, 1e-8f})),
            "rmsprop: node 'w' (parameter): decay is nan" + share);
  EXPECT_EQ(message(optimizers::RmsProp(kRate, {0.9f, 0})),
            "rmsprop: node 'w' (parameter): epsilon is 0: expected more than "
            "0, and finite");
  EXPECT_EQ(message(optimizers::Adagrad(kRate, {-1, 1})),
            "adagrad: node 'w' (parameter): initial is -1: expected 0 or "
            "more, and finite");
  EXPECT_EQ(message(optimizers::Adagrad(kRate, {0, -1})),
            "adagrad: node 'w' (parameter): epsilon is -1: expected more than "
            "0, and finite");
  EXPECT_EQ(message(optimizers::Adam(kRate, {1, 0.9f, 1})),
            "adam: node 'w' (parameter): beta1 is 1" + share);
  EXPECT_EQ(message(optimizers::AdamW(kRate, {{0.9f, 2, 1}, 0})),
            "adamw: node 'w' (parameter): beta2 is 2" + share);
  EXPECT_EQ(message(optimizers::AdamW(kRate, {AdamOptions(), HUGE_VALF})),
            "adamw: node 'w' (parameter): weight decay is inf: expected 0 or "
            "more, and finite");
}

TEST(OptimizersTest, EmptyValuesPassThrough) {
  EXPECT_FALSE(Sgd(Value(), Value(), Value()).valid());
  EXPECT_FALSE(Momentum(Value(), Value(), Value()).valid());
  EXPECT_FALSE(Nesterov(Value(), Value(), Value()).valid());
  EXPECT_FALSE(RmsProp(Value(), Value(), Value()).valid());
  EXPECT_FALSE(Adagrad(Value(), Value(), Value()).valid());
  const std::vector<Value> results =
      Adam({Value(), Value()}, {Value(), Value()}, Value());
  EXPECT_EQ(results.size(), 2u);
  EXPECT_FALSE(results[0].valid());
  EXPECT_TRUE(Adam({}, {}, Value()).empty());
}

}  // namespace
}  // namespace espalier
