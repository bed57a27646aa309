#include "pruning/prune.h"

#include <cmath>
#include <limits>
#include <string>

#include "gmock/gmock.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "tests/pruning/lowered_pass_op.h"
#include "tests/pruning/prune_helpers.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// One input x in [0, 1] and units x, x - 2, x - 0.5, 1.
Model FourUnits() {
  Model model = RandomModel(Parse(DenseChainText({1, 4, 1})));
  model.values.at("w1") = Matrix(1, {1, 1, 1, 0});
  model.values.at("b1") = Row({0, -2, -0.5f, 1});
  model.domains["x"] = {{0}, {1}};
  return model;
}

TEST(PruneTest, AUnitMadeOfItsBiasIsNotDead) {
  const PruneResult result = PruneIt(FourUnits());
  EXPECT_THAT(result.report.layers[0].removed_units, ElementsAre(1));
  EXPECT_THAT(result.report.layers[0].active_units, ElementsAre(0, 3));
  EXPECT_EQ(result.report.layers[0].alive, 3);
}

TEST(PruneTest, GradeDataRemovesWhatWasNotSeen) {
  PruneOptions options;
  options.grade = Grade::kData;
  options.samples = {Matrix(3, {0.125f, 0.25f, 0.5f})};
  const Model model = FourUnits();
  const PruneResult result = PruneIt(model, options);
  const LayerReport& layer = result.report.layers[0];
  EXPECT_THAT(layer.zero_units, ElementsAre(1));
  EXPECT_THAT(layer.observed_units, ElementsAre(2));
  EXPECT_THAT(layer.removed_units, ElementsAre(1, 2));
  EXPECT_EQ(layer.alive, 2);
  EXPECT_NEAR(layer.observed_limit, 1 - std::cbrt(0.05), 1e-15);
  EXPECT_EQ(result.report.samples, 3);
  EXPECT_EQ(result.model.history[0].grade, "data");
  EXPECT_EQ(result.model.history[0].reason,
            "the units removed were zero on all 3 samples");
  EXPECT_THAT(result.report.ToString(),
              HasSubstr("h1: 1 unit was zero on all 3 samples; with 95% "
                        "confidence it fires on at most 63% of such inputs"));
  // The same samples do not make grade domain remove it; a probe wakes it.
  options.grade = Grade::kDomain;
  const LayerReport domain = PruneIt(model, options).report.layers[0];
  EXPECT_THAT(domain.removed_units, ElementsAre(1));
  EXPECT_EQ(domain.alive, 3);
}

TEST(PruneTest, GradeDataNeedsNoDomain) {
  Model model = FourUnits();
  model.domains.clear();
  PruneOptions options;
  options.grade = Grade::kData;
  options.samples = {Matrix(2, {0.25f, 0.5f})};
  const LayerReport layer = PruneIt(model, options).report.layers[0];
  EXPECT_THAT(layer.zero_units, IsEmpty());
  EXPECT_THAT(layer.removed_units, ElementsAre(1, 2));
}

TEST(PruneTest, AUnitThatIsNaNOnASampleWasNotSeenZero) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  e = exp(x)
  z = sub(e, e)
  h = relu(z)
  output y = h
})"));
  PruneOptions options;
  options.grade = Grade::kData;
  options.samples = {Matrix(2, {1, 1, 1, 1000})};
  const LayerReport layer = PruneIt(model, options).report.layers[0];
  EXPECT_THAT(layer.observed_units, ElementsAre(0));
  EXPECT_EQ(layer.unknown, 1);
}

TEST(PruneTest, GradeAllInputsIgnoresTheDomain) {
  Model model = FourUnits();
  model.values.at("w1") = Matrix(1, {1, 1, 0, 0});
  model.values.at("b1") = Row({-3000, -2, -0.0f, 1});
  PruneOptions options;
  options.grade = Grade::kAllInputs;
  const PruneResult result = PruneIt(model, options);
  const LayerReport& layer = result.report.layers[0];
  EXPECT_THAT(layer.zero_units, ElementsAre(2));
  EXPECT_THAT(layer.removed_units, ElementsAre(2));
  EXPECT_THAT(layer.active_units, ElementsAre(2, 3));
  EXPECT_EQ(layer.alive, 3);
  EXPECT_EQ(result.model.history[0].grade, "all-inputs");
  // Grade domain takes what is dead in the domain too, and says the weaker.
  const PruneResult weaker = PruneIt(model);
  EXPECT_THAT(weaker.report.layers[0].removed_units, ElementsAre(0, 1, 2));
  EXPECT_EQ(weaker.model.history[0].grade, "domain");
  // What needs no domain is told as such.
  model.values.at("b1") = Row({0, 0, -1, 1});
  EXPECT_EQ(PruneIt(model).model.history[0].grade, "all-inputs");
}

TEST(PruneTest, DomainsGivenReplaceTheDeclaredAndTravel) {
  const Model model = FourUnits();
  PruneOptions options;
  options.domains = {{"x", {{0}, {0.5f}}}};
  const PruneResult result = PruneIt(model, options);
  EXPECT_THAT(result.report.layers[0].zero_units, ElementsAre(1));
  EXPECT_EQ(result.report.layers[0].unknown, 1);  // x - 0.5 at its edge
  EXPECT_EQ(result.model.domains.at("x").upper[0], 0.5f);
}

TEST(PruneTest, ADomainInWhichUnitsWereRemovedIsNotWidened) {
  const Model pruned = PruneIt(FourUnits()).model;
  ASSERT_EQ(pruned.history[0].grade, "domain");
  PruneOptions options;
  for (const Grade grade : {Grade::kAllInputs, Grade::kDomain, Grade::kData}) {
    options.grade = grade;
    options.samples = {Matrix(1, {0.25f})};
    options.domains = {{"x", {{0}, {30}}}};
    const absl::Status refused = Prune(pruned, options).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_EQ(refused.message(),
              "input 'x', element 0: the new domain 0:30 is not inside 0:1, "
              "for which units were removed");
    options.domains = std::map<std::string, InputDomain>();
    EXPECT_FALSE(Prune(pruned, options).ok());
  }
  options.grade = Grade::kDomain;
  options.domains = {{"x", {{0.25f}, {0.375f}}}};
  EXPECT_THAT(PruneIt(pruned, options).report.layers[0].removed_units,
              ElementsAre(1));
}

TEST(PruneTest, InputsThatReachNoReluAreFreeInThePrunedModel) {
  Model model = FourUnits();
  GraphBuilder g("two");
  const Value x = g.Input("x", {kBatch, 1});
  const Value side = g.Input("side", {kBatch, 1});
  const Value h = Relu(Dense(x, g.Parameter("w1", {1, 4}, Initializer::Zeros()),
                             g.Parameter("b1", {4}, Initializer::Zeros())));
  g.Output("y", Add(Dense(h, g.Parameter("w2", {4, 1}, Initializer::Zeros()),
                          g.Parameter("b2", {1}, Initializer::Zeros())),
                    side));
  model.graph = *g.Build();
  const PruneResult result = PruneIt(model);
  EXPECT_EQ(result.report.removed(), 1);
  const InputDomain& free = result.model.domains.at("side");
  EXPECT_THAT(free.lower, ElementsAre(-std::numeric_limits<float>::max()));
  EXPECT_THAT(free.upper, ElementsAre(std::numeric_limits<float>::max()));
  ExpectSameModels(PruneIt(result.model).model, result.model);
}

TEST(PruneTest, AModelThatTakesTooMuchMemoryIsRefused) {
  for (const Shape& shape :
       {Shape({kBatch, 2147483647}), Shape({kBatch, 65536, 32767}),
        // Few bytes of bounds, but a sample for each of as many units.
        Shape({kBatch, 65536})}) {
    GraphBuilder g("g");
    g.Output("y", Relu(g.Input("x", shape)));
    Model model;
    model.graph = *g.Build();
    const absl::Status refused = Prune(model, Grade::kAllInputs).status();
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr("bytes; the limit is 4294967296"));
  }
  // Once z is known, x, w1, b1, w2, b2 and z; and a sample per unit.
  const Model small = FourUnits();
  PruneOptions options;
  options.max_bytes = (1 + 4 + 4 + 4 + 1 + 4) * 16 + 4 * 4;
  EXPECT_TRUE(Prune(small, options).ok()) << Prune(small, options).status();
  --options.max_bytes;
  EXPECT_TRUE(absl::IsResourceExhausted(Prune(small, options).status()));
}

TEST(PruneTest, NothingToRemoveGivesTheModelBack) {
  Model model = FourUnits();
  model.values.at("b1") = Row({0, 0, 0, 1});
  model.history.push_back({"prune", "data", "before", {}});
  PruneOptions options;
  options.domains = {{"x", {{0}, {2}}}};
  const PruneResult result = PruneIt(model, options);
  ExpectSameModels(result.model, model);
  EXPECT_EQ(result.report.parameters_after, result.report.parameters_before);
}

TEST(PruneTest, SaysWhyProvenUnitsStay) {
  Model model = FourUnits();
  const std::string text = PrintGraph(model.graph);
  std::string shown = text;
  shown.replace(shown.find("output y"), 8, "output h = h1\n  output y");
  model.graph = Parse(shown);
  const PruneResult result = PruneIt(model);
  const LayerReport& layer = result.report.layers[0];
  EXPECT_THAT(layer.zero_units, ElementsAre(1));
  EXPECT_THAT(layer.removed_units, IsEmpty());
  EXPECT_EQ(layer.refusal, "node 'h1' (relu) is the output 'h'");
  EXPECT_THAT(result.report.ToString(),
              HasSubstr("h1: units stay: node 'h1' (relu) is the output 'h'"));
  ExpectSameModels(result.model, model);
}

// Zero units of layer 1 make layer 2 exact: its unit with bias 0 is then zero
// without any rounding, which the first pass cannot know.
TEST(PruneTest, ProvesAgainOnWhatIsLeft) {
  Model model = RandomModel(Parse(DenseChainText({1, 2, 3, 1})));
  model.values.at("b1") = Row({-9, -9});
  model.values.at("b2") = Row({0, 1, -1});
  model.domains["x"] = {{0}, {1}};
  const PruneResult result = PruneIt(model);
  EXPECT_THAT(result.report.layers[0].removed_units, ElementsAre(0, 1));
  EXPECT_THAT(result.report.layers[1].removed_units, ElementsAre(0, 2));
  ExpectSameOutputs(model, result.model);
  ExpectSameModels(PruneIt(result.model).model, result.model);
}

TEST(PruneTest, TwoRelusInARowShareTheirUnits) {
  Model model = FourUnits();
  std::string text = PrintGraph(model.graph);
  text.replace(text.find("y: f32[N, 1] = dense(h1"), 23,
               "again = relu(h1)\n  y: f32[N, 1] = dense(again");
  model.graph = Parse(text);
  const PruneResult result = PruneIt(model);
  EXPECT_THAT(result.report.layers[0].removed_units, ElementsAre(1));
  EXPECT_THAT(result.report.layers[1].removed_units, ElementsAre(1));
  EXPECT_EQ(result.report.layers[1].refusal, "");
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.node(graph.Find("again")).type.shape, Shape({kBatch, 3}));
  ExpectSameModels(PruneIt(result.model).model, result.model);
}

TEST(PruneTest, WithoutRelusThereIsNothingToDo) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  y = neg(x)
  output y = y
})"));
  const PruneResult result = PruneIt(model);
  EXPECT_THAT(result.report.layers, IsEmpty());
  ExpectSameModels(result.model, model);
}

TEST(PruneTest, ErrorsSayWhatIsMissing) {
  const Model good = FourUnits();
  const auto message = [](const Model& model, const PruneOptions& options) {
    return std::string(Prune(model, options).status().message());
  };
  Model model = good;
  model.domains.clear();
  EXPECT_EQ(message(model, {}),
            "grade domain needs a domain for input 'x', which has none");
  EXPECT_EQ(std::string(Prune(good, Grade::kData).status().message()),
            "grade data needs samples");
  PruneOptions options;
  options.samples = {Matrix(2, {0.5f, 1.5f})};
  EXPECT_EQ(message(good, options),
            "node 'x' (input): sample 1, element 0 is 1.5: outside the domain "
            "[0, 1]");
  options.samples = {Matrix(1, {0.5f, 0.5f})};
  EXPECT_THAT(message(good, options), HasSubstr("expected f32[1, 1]"));
  options.samples.clear();
  options.domains = {{"z", {{0}, {1}}}};
  EXPECT_THAT(message(good, options), HasSubstr("domain of 'z'"));
  model = good;
  model.values.at("w1").data<float>()[0] = std::nanf("");
  EXPECT_THAT(message(model, {}),
              HasSubstr("'w1': element 0 is nan: expected"));
}

// Bounds that lie: the unit is called zero and fires.
class LyingOp : public LoweredPassOp {
 public:
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& /*output*/) const override {
    IntervalTensor bounds = *inputs[0];
    for (double& upper : bounds.upper) upper = -1;
    for (double& lower : bounds.lower) lower = -1;
    return bounds;
  }
};

TEST(PruneTest, AProofThatASampleRefutesIsAnInternalError) {
  GraphBuilder g("g");
  const Value x = g.Input("x", {kBatch, 1});
  g.Output("y", Relu(Apply(std::make_shared<LyingOp>(), {x}), "h"));
  Model model;
  model.graph = *g.Build();
  model.domains["x"] = {{0}, {1}};
  PruneOptions options;
  options.samples = {Matrix(1, {0.5f})};
  const absl::Status status = Prune(model, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(),
            "unit 0 of 'h' was proven zero and fires on sample 0");
}

TEST(GradeTest, NamesGoRound) {
  for (Grade grade : {Grade::kAllInputs, Grade::kDomain, Grade::kData}) {
    EXPECT_EQ(*ParseGrade(GradeName(grade)), grade);
  }
  EXPECT_EQ(ParseGrade("proof").status().message(),
            "grade 'proof' is none of all-inputs, domain and data");
}

}  // namespace
}  // namespace espalier
