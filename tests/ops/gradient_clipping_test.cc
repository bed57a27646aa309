#include "ops/gradient_clipping.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/gates.h"
#include "tests/testing/execution.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kMax = std::numeric_limits<float>::max();

// Gradients of shapes [2] and []: clipped, and their norm, by the interpreter
struct Clipped {
  std::vector<double> values;
  double norm;
};

struct BothRuns {
  Clipped interpreted;
  Clipped executed;
};

BothRuns ClipInBoth(std::vector<Value> (*clip)(absl::Span<const Value>, float),
                    float limit, std::vector<double> first, double second) {
  GraphBuilder g("clip");
  const std::vector<Value> gradients = {g.Input("a", {2}), g.Input("b", {})};
  const std::vector<Value> clipped = clip(gradients, limit);
  g.Output("ca", clipped[0]);
  g.Output("cb", clipped[1]);
  g.Output("norm", GlobalNorm(gradients));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  const LeafValues leaves = {{"a", Vector(std::move(first))},
                             {"b", DoubleTensor(Shape(), second)}};
  const absl::StatusOr<InterpretedRun> run = Interpret(*graph, leaves);
  EXPECT_OK(run);
  absl::StatusOr<Execution> execution = Execution::Create(*graph, leaves);
  EXPECT_OK(execution);
  const absl::StatusOr<LeafValues> outputs = execution->Run(leaves);
  EXPECT_OK(outputs);
  const auto read = [](const LeafValues& from) -> Clipped {
    return {{from.at("ca")[0], from.at("ca")[1], from.at("cb")[0]},
            from.at("norm")[0]};
  };
  return {read(run->outputs), read(*outputs)};
}

void ExpectClipped(const Clipped& found, const std::vector<double>& expected,
                   double norm) {
  for (size_t i = 0; i < 3; ++i) {
    EXPECT_NEAR(found.values[i], expected[i], 1e-6 * std::fabs(expected[i]))
        << i;
  }
  if (std::isinf(norm)) {
    EXPECT_EQ(found.norm, norm);
  } else {
    EXPECT_NEAR(found.norm, norm, 1e-6 * norm);
  }
}

TEST(ClipByValueTest, BringsEachElementIntoTheRange) {
  const BothRuns runs = ClipInBoth(ClipByValue, 2.5f, {-3, 2}, kMax);
  EXPECT_THAT(runs.interpreted.values, ElementsAre(-2.5, 2, 2.5));
  EXPECT_THAT(runs.executed.values, ElementsAre(-2.5, 2, 2.5));
}

TEST(ClipByGlobalNormTest, ScalesAllGradientsTogether) {
  const BothRuns runs =
      ClipInBoth(ClipByGlobalNorm, 0.5f, {2, -3}, 6);  // norm 7
  ExpectClipped(runs.interpreted, {1.0 / 7, -1.5 / 7, 3.0 / 7}, 7);
  ExpectClipped(runs.executed, {1.0 / 7, -1.5 / 7, 3.0 / 7}, 7);
}

TEST(ClipByGlobalNormTest, LeavesWhatIsWithinTheLimitAsItIs) {
  const double third = 1.0f / 3;
  for (const Clipped& run :
       {ClipInBoth(ClipByGlobalNorm, 8, {2, -3}, 6).executed,
        ClipInBoth(ClipByGlobalNorm, 7, {2, -3}, 6).executed}) {
    EXPECT_THAT(run.values, ElementsAre(2, -3, 6));
  }
  EXPECT_THAT(
      ClipInBoth(ClipByGlobalNorm, 1, {third, 1e-30f}, -third).executed.values,
      ElementsAre(third, 1e-30f, -third));
}

TEST(ClipByGlobalNormTest, OfZerosIsZeros) {
  const BothRuns runs = ClipInBoth(ClipByGlobalNorm, 1, {0, 0}, 0);
  EXPECT_THAT(runs.interpreted.values, ElementsAre(0, 0, 0));
  EXPECT_THAT(runs.executed.values, ElementsAre(0, 0, 0));
  EXPECT_EQ(runs.executed.norm, 0);
}

TEST(ClipByGlobalNormTest, SquaresMayOverflow) {
  // The sum of squares is no float32, the norm is.
  const double large = 0x1p100;
  for (const float limit : {1.0f, 1e-12f, 1e12f}) {
    const BothRuns runs =
        ClipInBoth(ClipByGlobalNorm, limit, {2 * large, -3 * large}, 6 * large);
    const std::vector<double> expected = {limit * 2.0 / 7, limit * -3.0 / 7,
                                          limit * 6.0 / 7};
    ExpectClipped(runs.interpreted, expected, 7 * large);
    ExpectClipped(runs.executed, expected, 7 * large);
  }
  // The norm is no float32 either.
  const BothRuns runs = ClipInBoth(ClipByGlobalNorm, 1, {kMax, -kMax}, kMax);
  const double part = 1 / std::sqrt(3);
  ExpectClipped(runs.executed, {part, -part, part}, kInf);
  ExpectClipped(runs.interpreted, {part, -part, part},
                std::sqrt(3) * double{kMax});
  // Just below and above where the sum overflows.
  for (const double x : {1.8e19, 1.9e19, 4e19}) {
    ExpectClipped(ClipInBoth(ClipByGlobalNorm, 1, {x, 0}, 0).executed,
                  {1, 0, 0}, x);
  }
}

TEST(ClipByGlobalNormTest, SmallGradientsStay) {
  // Their squares are no float32 numbers.
  EXPECT_THAT(
      ClipInBoth(ClipByGlobalNorm, 1, {1e-30f, 0}, 1e-37f).executed.values,
      ElementsAre(1e-30f, 0, 1e-37f));
}

TEST(ClipByGlobalNormTest, NanAndInfinityAreNotHidden) {
  const auto clip = [](absl::Span<const Value> in) {
    return ClipByGlobalNorm(in, 1)[0];
  };
  for (const float bad : {kNan, kInf, -kInf}) {
    const DoubleTensor found = Evaluate(clip, {Vector({bad, 1})});
    EXPECT_TRUE(std::isnan(found[0])) << bad;
  }
  EXPECT_TRUE(std::isnan(Evaluate(clip, {Vector({kNan, 1})})[1]));
}

TEST(ClippingTest, OptimizersTakeClippedGradients) {
  const auto updated = [](const Optimizer& optimizer) {
    GraphBuilder g("update");
    const Value w = g.Parameter("w", {2}, Initializer::Zeros());
    g.Output("w", optimizer.apply({w}, {g.Input("dw", {2})},
                                  g.Constant(optimizer.learning_rate))[0]);
    const absl::StatusOr<Graph> graph = g.Build();
    EXPECT_OK(graph);
    const absl::StatusOr<InterpretedRun> run =
        Interpret(*graph, {{"w", Vector({10, 20})}, {"dw", Vector({3, -4})}});
    EXPECT_OK(run);
    return run->outputs.at("w").values();
  };
  const Optimizer sgd = optimizers::Sgd(1);
  EXPECT_THAT(updated(optimizers::ClipByValue(sgd, 3.5f)),
              ElementsAre(7, 23.5));
  EXPECT_THAT(updated(optimizers::ClipByGlobalNorm(sgd, 2.5f)),
              ElementsAre(8.5, 22));
  EXPECT_THAT(updated(optimizers::ClipByGlobalNorm(
                  optimizers::ClipByValue(sgd, 3), 100)),
              ElementsAre(7, 23));
  EXPECT_EQ(optimizers::ClipByValue(sgd, 1).name, "sgd");
  EXPECT_EQ(optimizers::ClipByGlobalNorm(sgd, 1).learning_rate, 1);
}

TEST(ClippingTest, Errors) {
  const auto message = [](auto clip, float limit) {
    return std::string(BuildStatus([&](GraphBuilder& g) {
                         return clip(std::vector<Value>{g.Input("dw", {3})},
                                     limit)[0];
                       }).message());
  };
  EXPECT_EQ(message(ClipByValue, 0),
            "clip by value: the limit is 0: expected more than 0, and finite");
  EXPECT_EQ(message(ClipByValue, kNan),
            "clip by value: the limit is nan: expected more than 0, and "
            "finite");
  EXPECT_EQ(message(ClipByGlobalNorm, -1),
            "clip by global norm: the limit is -1: expected 1e-12 to 1e12");
  EXPECT_EQ(message(ClipByGlobalNorm, kInf),
            "clip by global norm: the limit is inf: expected 1e-12 to 1e12");
  EXPECT_THAT(BuildStatus([](GraphBuilder& g) {
                return GlobalNorm({g.Input("n", {3}, DataType::kI32)});
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "global norm: node 'n' (input) is i32[3]: expected "
                       "f32"));
}

TEST(ClippingTest, EmptyValuesPassThrough) {
  EXPECT_TRUE(ClipByGlobalNorm({}, 1).empty());
  EXPECT_TRUE(ClipByValue({}, 1).empty());
  EXPECT_EQ(ClipByGlobalNorm({Value(), Value()}, 1).size(), 2u);
  EXPECT_FALSE(ClipByGlobalNorm({Value()}, -1)[0].valid());
  EXPECT_FALSE(ClipByValue({Value()}, 1)[0].valid());
  EXPECT_FALSE(GlobalNorm({Value()}).valid());
}

}  // namespace
}  // namespace espalier
