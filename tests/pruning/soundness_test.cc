// Models that a careless proof would get wrong.
#include <cmath>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/text.h"
#include "ops/registry.h"
#include "pruning/prune.h"
#include "transforms/remove_units.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A model of the graph text; parameters by name, the domain of input x.
Model ModelOf(const std::string& lines,
              const std::map<std::string, std::vector<float>>& values,
              const std::vector<float>& domain) {
  const absl::StatusOr<Graph> graph =
      ParseGraph("graph g {\n" + lines + "}\n", StandardOps());
  EXPECT_TRUE(graph.ok()) << graph.status();
  Model model;
  if (!graph.ok()) return model;
  model.graph = *graph;
  for (NodeId id : graph->parameters()) {
    const Node& node = graph->node(id);
    model.values[node.name] =
        Tensor(node.type.shape, absl::MakeConstSpan(values.at(node.name)));
  }
  if (!domain.empty()) model.domains["x"] = {{domain[0]}, {domain[1]}};
  EXPECT_TRUE(Validate(model).ok()) << Validate(model);
  return model;
}

std::string Parameter(const std::string& name, const std::string& shape) {
  return name + " = parameter(dtype=\"f32\", shape=" + shape +
         ", initializer=\"constant\", initializer_value=0.0)\n";
}

PruneReport Report(const Model& model, Grade grade,
                   const std::vector<Tensor>& samples = {}) {
  PruneOptions options;
  options.grade = grade;
  options.samples = samples;
  const absl::StatusOr<PruneResult> result = Prune(model, options);
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? result->report : PruneReport();
}

// Finite at x = 0, infinite at x = 1e10, where the second ReLU fires.
TEST(SoundnessTest, WhatOverflowsInsideTheDomainIsNotProven) {
  const Model model =
      ModelOf("x = input(dtype=\"f32\", shape=[N, 1])\n" +
                  Parameter("w1", "[1, 1]") + Parameter("b1", "[1]") +
                  Parameter("w2", "[1, 2]") + Parameter("b2", "[2]") +
                  Parameter("w3", "[2, 1]") + Parameter("b3", "[1]") +
                  "h = dense(x, w1, b1)\nr1 = relu(h)\nz = dense(r1, w2, b2)\n"
                  "r2 = relu(z)\ny = dense(r2, w3, b3)\noutput y = y\n",
              {{"w1", {1e30f}},
               {"b1", {0}},
               {"w2", {1e-30f, 1}},
               {"b2", {-1e9f, 1}},
               {"w3", {1, 0}},
               {"b3", {0}}},
              {0, 1e10f});
  const PruneReport report = Report(model, Grade::kDomain);
  EXPECT_THAT(report.layers[1].zero_units, IsEmpty());
  EXPECT_EQ(report.removed(), 0);
}

// NaN at x = -1 without any overflow.
TEST(SoundnessTest, WhatMayBeNanIsNotProvenForAllInputs) {
  for (const char* nan : {"log(x)", "sqrt(x)", "div(x, x)"}) {
    const Model model = ModelOf(
        "x = input(dtype=\"f32\", shape=[N, 1])\n" + Parameter("w", "[1, 2]") +
            Parameter("b", "[2]") + Parameter("w3", "[2, 1]") +
            Parameter("b3", "[1]") + "l = " + nan +
            "\nt = tanh(l)\nz = dense(t, w, b)\nr = relu(z)\n"
            "y = dense(r, w3, b3)\noutput y = y\n",
        {{"w", {1, 1}}, {"b", {-2, 1}}, {"w3", {1, 0}}, {"b3", {0}}}, {});
    EXPECT_THAT(Report(model, Grade::kAllInputs).layers[0].zero_units,
                IsEmpty())
        << nan;
  }
}

constexpr char kTwoLayers[] =
    "h = dense(x, w1, b1)\nr1 = relu(h)\nz = dense(r1, w2, b2)\n"
    "r2 = relu(z)\ny = dense(r2, w3, b3)\noutput y = y\n";

// On samples x >= 0 only the first unit of r1 fires. Without the second, r2's
// first unit would be bounded below and its own claims would differ; nothing of
// that is true of the model given.
TEST(SoundnessTest, NothingIsProvenByRemovingWhatWasOnlyObserved) {
  const Model model = ModelOf(
      "x = input(dtype=\"f32\", shape=[N, 1])\n" + Parameter("w1", "[1, 2]") +
          Parameter("b1", "[2]") + Parameter("w2", "[2, 2]") +
          Parameter("b2", "[2]") + Parameter("w3", "[2, 1]") +
          Parameter("b3", "[1]") + kTwoLayers,
      {{"w1", {1, -1}},
       {"b1", {0, 0}},
       {"w2", {-5, 5, 5, -5}},
       {"b2", {0, 0}},
       {"w3", {1, 1}},
       {"b3", {0}}},
      {-1, 1});
  const Tensor samples({3, 1}, {0.0f, 0.5f, 1.0f});
  const PruneReport observed = Report(model, Grade::kData, {samples});
  const PruneReport proven = Report(model, Grade::kDomain);
  EXPECT_GT(observed.removed(), 0);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(observed.layers[i].zero_units, proven.layers[i].zero_units) << i;
    EXPECT_EQ(observed.layers[i].active_units, proven.layers[i].active_units)
        << i;
  }
}

// Both products read one weight, one of them transposed.
TEST(SoundnessTest, AWeightReadBothWaysIsNotCut) {
  const Model model = ModelOf(
      "x = input(dtype=\"f32\", shape=[N, 1])\n" + Parameter("w1", "[1, 3]") +
          Parameter("b1", "[3]") + Parameter("w", "[3, 3]") +
          "h = dense(x, w1, b1)\nr = relu(h)\n"
          "y1 = matmul(r, w; transpose_a=false, transpose_b=false)\n"
          "y2 = matmul(r, w; transpose_a=false, transpose_b=true)\n"
          "output y1 = y1\noutput y2 = y2\n",
      {{"w1", {1, -1, 2}},
       {"b1", {0, -1, 0}},
       {"w", {1, 2, 3, 4, 5, 6, 7, 8, 9}}},
      {0, 1});
  const PruneReport report = Report(model, Grade::kDomain);
  EXPECT_EQ(report.layers[0].zero_units, std::vector<int64_t>{1});
  EXPECT_EQ(report.removed(), 0);
  EXPECT_THAT(report.layers[0].refusal, HasSubstr("transposed"));
}

TEST(SoundnessTest, AWeightMultipliedByItselfIsNotCut) {
  const Model model =
      ModelOf("x = input(dtype=\"f32\", shape=[N, 3])\n" +
                  Parameter("w", "[3, 3]") + Parameter("v", "[3, 3]") +
                  "p = matmul(w, w; transpose_a=false, transpose_b=false)\n"
                  "r = relu(p)\n"
                  "c = matmul(r, v; transpose_a=false, transpose_b=false)\n"
                  "y = matmul(x, c; transpose_a=false, transpose_b=false)\n"
                  "output y = y\n",
              {{"w", {0, -1, 0, 0, 0, 0, 0, -1, 0}},
               {"v", {1, 1, 1, 1, 1, 1, 1, 1, 1}}},
              {});
  const NodeId relu = model.graph.Find("r");
  const absl::StatusOr<RemovalResult> result =
      RemoveUnits(model, {{relu, {1, 4, 7}}});
  ASSERT_TRUE(result.ok()) << result.status();
  EXPECT_THAT(result->layers[0].units, IsEmpty());
  EXPECT_THAT(result->layers[0].refusal, HasSubstr("'w'"));
}

}  // namespace
}  // namespace espalier
