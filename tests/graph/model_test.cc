#include "graph/model.h"

#include <limits>
#include <map>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/graph/test_ops.h"

namespace espalier {
namespace {

Model SmallModel() {
  GraphBuilder g("small");
  Value x = g.Input("x", {kBatch, 2});
  Value w = g.Parameter("w", {1, 2}, Initializer::Zeros());
  g.Output("x", x);
  g.Output("w", w);
  Model model;
  model.graph = *g.Build();
  model.values["w"] = Tensor(DataType::kF32, {1, 2});
  model.domains["x"] = {{0, 0}, {1, 16}};
  return model;
}

std::string Error(const Model& model) {
  return std::string(Validate(model).message());
}

TEST(ModelTest, AGoodModelIsValid) { EXPECT_EQ(Error(SmallModel()), ""); }

TEST(ModelTest, ValuesMustFitTheLeaves) {
  Model model = SmallModel();
  model.values["w"] = Tensor(DataType::kF32, {2});
  EXPECT_EQ(Error(model),
            "node 'w' (parameter) has type f32[1, 2], its value has f32[2]");
  model.values.erase("w");
  EXPECT_EQ(Error(model), "node 'w' (parameter) has no value");
  model = SmallModel();
  model.values["v"] = Tensor();
  EXPECT_EQ(Error(model),
            "value 'v' belongs to no parameter or state of the graph");
}

TEST(ModelTest, DomainsMustFitTheInputs) {
  Model model = SmallModel();
  model.domains["x"].upper.pop_back();
  EXPECT_NE(Error(model), "");
  model = SmallModel();
  model.domains["x"].lower[1] = 17;
  EXPECT_EQ(Error(model),
            "domain of 'x': pair 1 is 17:16, expected finite lower <= upper");
  model.domains["x"].lower[1] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_NE(Error(model), "");
  model = SmallModel();
  model.domains["w"] = {{0}, {1}};
  EXPECT_EQ(Error(model),
            "domain of 'w': the graph has no f32 input of this name");
}

TEST(ModelTest, WhatWasRemovedInADomainNeedsTheDomain) {
  Model model = SmallModel();
  EXPECT_FALSE(RestsOnDomains(model));
  for (const char* grade : {"data", "all-inputs"}) {
    model.history = {{"prune", grade, "", {}}};
    EXPECT_FALSE(RestsOnDomains(model));
  }
  model.history.push_back({"prune", "domain", "", {}});
  EXPECT_TRUE(RestsOnDomains(model));
  EXPECT_EQ(Error(model), "");
  model.domains.clear();
  EXPECT_EQ(Error(model),
            "input 'x' has no domain, and the history says that units were "
            "removed which are zero in the domain alone");
}

TEST(ModelTest, ADomainInWhichUnitsWereRemovedIsOnlyNarrowed) {
  const std::map<std::string, InputDomain> wide = {{"x", {{0, -1}, {1, 16}}}};
  Model model = SmallModel();
  EXPECT_TRUE(CheckNewDomains(model, wide).ok());
  model.history = {{"prune", "domain", "", {}}};
  EXPECT_TRUE(CheckNewDomains(model, model.domains).ok());
  EXPECT_TRUE(CheckNewDomains(model, {{"x", {{0.5f, 1}, {1, 1}}}}).ok());
  EXPECT_EQ(CheckNewDomains(model, wide).message(),
            "input 'x', element 1: the new domain -1:16 is not inside 0:16, "
            "for which units were removed");
  EXPECT_EQ(CheckNewDomains(model, {{"x", {{0, 0}, {1, 17}}}}).message(),
            "input 'x', element 1: the new domain 0:17 is not inside 0:16, "
            "for which units were removed");
  EXPECT_EQ(CheckNewDomains(model, {}).message(),
            "input 'x' is to lose the domain in which units were removed");
}

}  // namespace
}  // namespace espalier
