#include "pruning/bounds.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "graph/builder.h"
#include "graph/text.h"
#include "ops/activations.h"
#include "ops/registry.h"
#include "pruning/prune.h"
#include "tests/pruning/mnist_network.h"
#include "tests/testing/pass_op.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

std::map<NodeId, IntervalTensor> BoundsOf(
    const Model& model, const std::map<std::string, InputDomain>& domains,
    BoundsScope scope) {
  return ReluBounds(model, domains, scope).value();
}

struct Counts {
  int zero = 0;
  int active = 0;
};

Counts Count(const IntervalTensor& bounds) {
  Counts counts;
  for (size_t i = 0; i < bounds.lower.size(); ++i) {
    if (bounds.upper[i] <= 0) ++counts.zero;
    if (bounds.lower[i] >= 0) ++counts.active;
  }
  return counts;
}

std::vector<bool> Zero(const IntervalTensor& bounds) {
  std::vector<bool> zero;
  for (double upper : bounds.upper) zero.push_back(upper <= 0);
  return zero;
}

TEST(ReluBoundsTest, FindsWhatIsKnownOfARealNetwork) {
  const Model model = MnistNetwork();
  const std::map<NodeId, IntervalTensor> bounds =
      BoundsOf(model, model.domains, BoundsScope::kDomain);
  ASSERT_EQ(bounds.size(), 2u);
  const Counts first = Count(bounds.at(model.graph.Find("h0")));
  EXPECT_EQ(first.zero, 29);
  EXPECT_EQ(first.active, 31);
  const Counts second = Count(bounds.at(model.graph.Find("h1")));
  EXPECT_EQ(second.zero, 13);
  EXPECT_EQ(second.active, 34);
  // Training leaves no weight exactly zero: nothing holds for all inputs.
  for (const auto& [relu, everywhere] :
       BoundsOf(model, model.domains, BoundsScope::kAllInputs)) {
    EXPECT_EQ(Count(everywhere).zero, 0);
  }
}

TEST(ReluBoundsTest, ContainWhatTheInterpreterGives) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Model model = RandomModel(Parse(DenseChainText({3, 6, 4, 1})), seed);
    const std::map<std::string, InputDomain> domains = {
        {"x", {{-1, 0, 0.5f}, {1, 0.25f, 0.5f}}}};
    const auto bounds = BoundsOf(model, domains, BoundsScope::kDomain);
    constexpr int64_t kPoints = 200;
    LeafValues leaves = RandomLeaves(model, kPoints, seed);
    const RandomStream random(seed, RandomPurpose::kData, 1);
    DoubleTensor& x = leaves.at("x");
    for (int64_t i = 0; i < x.num_elements(); ++i) {
      const auto j = static_cast<size_t>(i % 3);
      const InputDomain& box = domains.at("x");
      // Every other point is a corner.
      double share = random.Uniform(static_cast<uint64_t>(i));
      if (i / 3 % 2 == 0) share = std::round(share);
      x[i] = box.lower[j] + share * (box.upper[j] - box.lower[j]);
    }
    const InterpretedRun run = *Interpret(model.graph, leaves);
    for (const char* name : {"1", "2"}) {
      const IntervalTensor& own =
          bounds.at(model.graph.Find(std::string("h") + name));
      const DoubleTensor& z = run.nodes[static_cast<size_t>(
          model.graph.Find(std::string("z") + name))];
      const auto units = static_cast<int64_t>(own.lower.size());
      for (int64_t i = 0; i < z.num_elements(); ++i) {
        EXPECT_LE(own.lower[static_cast<size_t>(i % units)], z[i]);
        EXPECT_GE(own.upper[static_cast<size_t>(i % units)], z[i]);
      }
    }
  }
}

// The exact rules that hold for every input come out of the bounds.
TEST(ReluBoundsTest, ForAllInputsFollowSigns) {
  Model model = RandomModel(Parse(DenseChainText({3, 6, 4, 1})));
  // Units of layer 1: a row of zeros with bias 0, -1 and 1; the rest live.
  for (float& w : model.values.at("w1").data<float>()) w = 1;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t unit = 0; unit < 3; ++unit) {
      model.values.at("w1").data<float>()[6 * row + unit] = 0;
    }
  }
  model.values.at("b1") = Row({0, -1, 1, -5, 5, 0});
  // Units of layer 2: no weight above 0 and bias 0; the same with one weight of
  // the smallest positive number on a unit that is zero; on one that lives; no
  // weight below 0 and bias 0.
  const float tiny = std::numeric_limits<float>::denorm_min();
  model.values.at("w2") = Matrix(6, {-1, tiny, -1,   1,  //
                                     -1, -1,   -1,   0,  //
                                     0,  0,    0,    0,  //
                                     -1, -1,   tiny, 1,  //
                                     -1, -1,   -1,   1,  //
                                     -1, -1,   -1,   1});
  model.values.at("b2") = Row({0, 0, 0, 0});
  const auto bounds = BoundsOf(model, {}, BoundsScope::kAllInputs);
  EXPECT_THAT(Zero(bounds.at(model.graph.Find("h1"))),
              ElementsAre(true, true, false, false, false, false));
  const IntervalTensor& second = bounds.at(model.graph.Find("h2"));
  EXPECT_THAT(Zero(second), ElementsAre(true, true, false, false));
  EXPECT_GE(second.lower[3], 0);
  // Without the assumption that nothing overflows, infinities and NaN may come
  // out of layer 1, and nothing is known of layer 2.
  const auto strict = BoundsOf(model, {}, BoundsScope::kDomain);
  EXPECT_THAT(Zero(strict.at(model.graph.Find("h2"))),
              ElementsAre(false, false, false, false));
}

// log(0) is an infinity of finite inputs, which no overflow makes.
TEST(ReluBoundsTest, ForAllInputsKnowNothingBehindLogOfZero) {
  for (const char* log : {"  l = log(r)\n",
                          "  c = clip(x; lower=-1.0, upper=1.0)\n"
                          "  l = log1p(c)\n"}) {
    Model model;
    model.graph =
        Parse(std::string("graph g {\n"
                          "  x = input(dtype=\"f32\", shape=[-1, 1])\n"
                          "  r = relu(x)\n") +
              log +
              "  s = scale(l; factor=-2e-38, over_batch=false)\n"
              "  b = constant(value=f32[]{-20.0})\n"
              "  a = add(s, b)\n"
              "  h = relu(a)\n"
              "  output y = h\n"
              "  output z = r\n"
              "}\n");
    const auto bounds = BoundsOf(model, {}, BoundsScope::kAllInputs);
    EXPECT_THAT(Zero(bounds.at(model.graph.Find("h"))), ElementsAre(false))
        << log;
  }
}

// min(v, -5) is not above 0, unless v is NaN.
bool IsProvenBehind(const std::string& v, const OpTable& ops = StandardOps()) {
  Model model;
  model.graph = ParseGraph(
                    "graph g {\n"
                    "  x = input(dtype=\"f32\", shape=[-1, 2])\n" +
                        v +
                        "  five = constant(value=f32[]{-5.0})\n"
                        "  least = min(v, five)\n"
                        "  h = relu(least)\n"
                        "  output y = h\n"
                        "}\n",
                    ops)
                    .value();
  const auto bounds = BoundsOf(model, {}, BoundsScope::kAllInputs);
  const std::vector<bool> zero = Zero(bounds.at(model.graph.Find("h")));
  return std::all_of(zero.begin(), zero.end(), [](bool z) { return z; });
}

TEST(ReluBoundsTest, ForAllInputsKnowNothingBehindWhatMayBeNan) {
  EXPECT_TRUE(IsProvenBehind("  v = square(x)\n"));
  EXPECT_TRUE(IsProvenBehind("  v = mean(x; axes=[1], keep_axes=false)\n"));
  EXPECT_FALSE(IsProvenBehind("  v = log(x)\n"));
  // 0 times infinity.
  EXPECT_FALSE(
      IsProvenBehind("  c = constant(value=f32[]{inf})\n  v = mul(x, c)\n"));
  EXPECT_FALSE(IsProvenBehind(
      "  c = constant(value=f32[]{nan(0x7fc00000)})\n  v = mul(x, c)\n"));
  // The mean of nothing.
  EXPECT_FALSE(IsProvenBehind(
      "  e = slice(x; axes=[1], starts=[0], ends=[0], steps=[1])\n"
      "  v = mean(e; axes=[1], keep_axes=false)\n"));
}

// relu(NaN) is NaN: not zero, whatever the domain.
TEST(ReluBoundsTest, AConstantThatIsNoNumberIsNotZero) {
  Model model;
  model.graph = ParseGraph(
                    "graph g {\n"
                    "  x = input(dtype=\"f32\", shape=[-1, 2])\n"
                    "  c = constant(value=f32[2]{nan(0x7fc00000), -1.0})\n"
                    "  h = relu(c)\n"
                    "  y = add(x, h)\n"
                    "  output y = y\n"
                    "}\n",
                    StandardOps())
                    .value();
  model.domains["x"] = InputDomain{{0, 0}, {1, 1}};
  for (const Grade grade : {Grade::kDomain, Grade::kAllInputs}) {
    const absl::StatusOr<PruneResult> result = Prune(model, grade);
    ASSERT_TRUE(result.ok()) << result.status();
    const std::vector<int64_t>& zero = result->report.layers[0].zero_units;
    EXPECT_EQ(std::count(zero.begin(), zero.end(), 0), 0) << GradeName(grade);
  }
}

// A user's op, with the bounds that it gives itself.
template <int kUpper, bool kPromises>
class UserOp : public PassOp {
 public:
  UserOp() : PassOp("user") {}
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> /*inputs*/,
                        const Shape& output) const override {
    IntervalTensor y = IntervalTensor::Everything(output);
    std::fill(y.lower.begin(), y.lower.end(), 0);
    if (kUpper > 0) std::fill(y.upper.begin(), y.upper.end(), kUpper);
    return y;
  }
  bool FiniteUnlessOverflow(
      absl::Span<const IntervalTensor* const> inputs) const override {
    return kPromises || PassOp::FiniteUnlessOverflow(inputs);
  }
};

template <typename T>
OpTable With() {
  return StandardOps().Extended(
      {{"user", [](AttributeReader&) -> absl::StatusOr<OpPtr> {
          return std::make_shared<T>();
        }}});
}

class PassUserOp : public PassOp {
 public:
  PassUserOp() : PassOp("user") {}
};

TEST(ReluBoundsTest, OfAnOpWithoutRulesAreEverything) {
  const std::string v = "  v = user(x)\n";
  EXPECT_FALSE(IsProvenBehind(v, With<PassUserOp>()));
  // Bounded on one side it may be infinite without an overflow, unless it says
  // that it is not; on both sides it cannot be.
  EXPECT_FALSE(IsProvenBehind(v, With<UserOp<0, false>>()));
  EXPECT_TRUE(IsProvenBehind(v, With<UserOp<0, true>>()));
  EXPECT_TRUE(IsProvenBehind(v, With<UserOp<1, false>>()));
}

TEST(ReluBoundsTest, WhatIsNoBoundsOfANodeIsAnError) {
  class Bounded : public PassOp {
   public:
    explicit Bounded(IntervalTensor bounds)
        : PassOp("own"), bounds_(std::move(bounds)) {}
    IntervalTensor Bounds(absl::Span<const IntervalTensor* const> /*inputs*/,
                          const Shape& /*output*/) const override {
      return bounds_;
    }

   private:
    const IntervalTensor bounds_;
  };
  const auto status = [](std::vector<double> lower, std::vector<double> upper,
                         const Shape& shape = {1, 2}) {
    GraphBuilder g("g");
    const IntervalTensor bounds = {shape, std::move(lower), std::move(upper)};
    const Value v = g.AddNode(std::make_shared<Bounded>(bounds),
                              {g.Input("x", {kBatch, 2})}, "v");
    g.Output("y", Relu(v));
    Model model;
    model.graph = g.Build().value();
    PruneOptions options;
    options.grade = Grade::kAllInputs;
    return Prune(model, options).status();
  };
  EXPECT_EQ(status({-2, -2, -2}, {-1, -1}),
            absl::InternalError(
                "node 'v' (own): Bounds gives 3 lower and 2 upper ends, "
                "expected one for each element of [1, 2]"));
  // Nothing is above a NaN: it would pass for always zero.
  EXPECT_EQ(status({-2, -1}, {std::nan(""), 0}).message(),
            "node 'v' (own): Bounds gives -2 to nan for element 0, expected "
            "numbers in order");
  // So would what is below 0 only because its ends are swapped.
  EXPECT_EQ(status({-2, 1}, {-1, -1}).message(),
            "node 'v' (own): Bounds gives 1 to -1 for element 1, expected "
            "numbers in order");
  // Readers stretch a scalar, whatever it has.
  EXPECT_EQ(status({-2, -2}, {-1, 1}, Shape()).message(),
            "node 'v' (own): Bounds gives an array of [], expected [1, 2]");
}

// No input is without an overflow then: any bounds are right, in order.
TEST(ReluBoundsTest, OfWhatAlwaysOverflowsAreInOrder) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  w = parameter(dtype="f32", shape=[1], initializer="constant", initializer_value=0.0)
  above = add(w, w)
  below = neg(above)
  ha = relu(above)
  hb = relu(below)
  ya = add(x, ha)
  yb = add(x, hb)
  output a = ya
  output b = yb
})"));
  model.values.at("w") = Row({3e38f});
  const auto bounds = BoundsOf(model, {}, BoundsScope::kAllInputs);
  for (const char* relu : {"ha", "hb"}) {
    const IntervalTensor& own = bounds.at(model.graph.Find(relu));
    EXPECT_LE(own.lower[0], own.upper[0]) << relu;
  }
}

TEST(ReluBoundsTest, KnowNothingOfWhatMixesSamples) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  mean = mean(x; axes=[0], keep_axes=false)
  off = constant(value=f32[]{-5.0})
  a = add(mean, off)
  b = add(x, off)
  c = add(a, x)
  ha = relu(a)
  hb = relu(b)
  hc = relu(c)
  output ya = ha
  output yb = hb
  output yc = hc
})"));
  const auto bounds =
      BoundsOf(model, {{"x", {{0, 0}, {1, 1}}}}, BoundsScope::kDomain);
  EXPECT_THAT(Zero(bounds.at(model.graph.Find("ha"))),
              ElementsAre(false, false));
  EXPECT_THAT(Zero(bounds.at(model.graph.Find("hb"))), ElementsAre(true, true));
  EXPECT_THAT(Zero(bounds.at(model.graph.Find("hc"))),
              ElementsAre(false, false));
}

// A unit whose exact bound is 0 or just below stays open: float32 rounding may
// lift it.
TEST(ReluBoundsTest, LeaveRoomForRounding) {
  Model model = RandomModel(Parse(DenseChainText({3, 6, 4, 1})));
  for (float& w : model.values.at("w1").data<float>()) w = 0;
  for (size_t row = 0; row < 3; ++row) {
    for (size_t unit = 0; unit < 6; ++unit) {
      model.values.at("w1").data<float>()[6 * row + unit] = 0.1f;
    }
  }
  const float sum = 3 * 0.1f;
  model.values.at("b1") =
      Row({-sum, -sum * (1 + 0x1p-23f), -sum * (1 + 0x1p-19f), -0.2f, 0, 1});
  const auto bounds =
      BoundsOf(model, {{"x", {{0, 0, 0}, {1, 1, 1}}}}, BoundsScope::kDomain);
  EXPECT_THAT(Zero(bounds.at(model.graph.Find("h1"))),
              ElementsAre(false, false, true, false, false, false));
}

// Each element keeps its own interval, and what pads them is zero.
TEST(ReluBoundsTest, MoveWithTheElements) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2, 2])
  turned = transpose(x; permutation=[0, 2, 1])
  column = slice(turned; axes=[2], starts=[1], ends=[2], steps=[1])
  both = concat(column, turned; count=2, axis=2)
  padded = pad(both; before=[0, 0, 1], after=[0, 0, 0], interior=[0, 0, 0])
  h = relu(padded)
  output y = h
})"));
  // x[0, :] is below zero, x[1, :] above.
  const InputDomain domain = {{-2, -3, 1, 2}, {-1, -1, 5, 6}};
  const auto bounds = BoundsOf(model, {{"x", domain}}, BoundsScope::kDomain);
  const IntervalTensor& z = bounds.at(model.graph.Find("h"));
  EXPECT_THAT(z.lower, ElementsAre(0, 1, -2, 1, 0, 2, -3, 2));
  EXPECT_THAT(z.upper, ElementsAre(0, 5, -1, 5, 0, 6, -1, 6));
  // That nothing overflows is enough for them to be no NaN.
  const auto everywhere = BoundsOf(model, {}, BoundsScope::kAllInputs);
  EXPECT_EQ(Zero(everywhere.at(model.graph.Find("h")))[0], true);
  EXPECT_EQ(Zero(everywhere.at(model.graph.Find("h")))[1], false);
}

// Whichever rows the indices pick, all of the table's first column is negative.
TEST(ReluBoundsTest, AGatherMayPickAnyRow) {
  Model model = RandomModel(Parse(R"(graph g {
  i = input(dtype="i32", shape=[-1])
  table = parameter(dtype="f32", shape=[3, 2], initializer="normal", initializer_value=1.0)
  rows = gather(table, i; axis=0)
  h = relu(rows)
  output y = h
})"));
  model.values.at("table") = Tensor({3, 2}, {-1, 5, -2, -6, -3, 7});
  const auto bounds = BoundsOf(model, {}, BoundsScope::kAllInputs);
  const IntervalTensor& z = bounds.at(model.graph.Find("h"));
  EXPECT_THAT(z.lower, ElementsAre(-3, -6));
  EXPECT_THAT(z.upper, ElementsAre(-1, 7));
}

}  // namespace
}  // namespace espalier
