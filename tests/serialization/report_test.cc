#include "serialization/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(TrainReportTest, PrintsZerosAndLeavesOutWhatDoesNotApply) {
  TrainReport report;
  report.epochs = 3;
  report.parameters = int64_t{3} << 32;
  report.seconds = 1.5;
  report.loss = 0.0;
  report.accuracy = NAN;
  report.validation_loss = std::numeric_limits<double>::infinity();
  EXPECT_EQ(
      ToJson(report),
      "{\"epochs\":3,\"steps\":0,\"samples\":0,\"parameters\":12884901888,"
      "\"seconds\":1.5,\"samples_per_second\":0,\"loss\":0}\n");
}

TEST(EvaluateReportTest, ListsClasses) {
  EvaluateReport report;
  report.split = "test";
  report.samples = 4;
  report.loss = 0.25;
  report.accuracy = 0.5;
  report.classes = {{"cat \"1\"", 4, 0.5}, {"d\xC3\xA4\xFF", 0, absl::nullopt}};
  EXPECT_EQ(ToJson(report),
            "{\"split\":\"test\",\"samples\":4,\"classes\":[{\"name\":"
            "\"cat \\\"1\\\"\",\"samples\":4,\"accuracy\":0.5},{\"name\":"
            "\"d\xC3\xA4?\",\"samples\":0}],\"loss\":0.25,"
            "\"accuracy\":0.5}\n");
}

TEST(EvaluateReportTest, NamesTheLoss) {
  EvaluateReport evaluated;
  evaluated.loss_name = "hinge";
  EXPECT_THAT(ToJson(evaluated), HasSubstr("\"loss_name\":\"hinge\""));
  TrainReport trained;
  trained.loss_name = "mae";
  EXPECT_THAT(ToJson(trained), HasSubstr("\"loss_name\":\"mae\""));
}

TEST(RunReportTest, NamesOutputs) {
  RunReport report;
  report.samples = 2;
  report.outside = 1;
  report.outputs = {{"y", {DataType::kF32, {kBatch, 10}}}};
  EXPECT_EQ(ToJson(report),
            "{\"samples\":2,\"outside\":1,\"seconds\":0,\"outputs\":[{\"name\":"
            "\"y\",\"dtype\":\"f32\",\"shape\":\"[N, 10]\"}]}\n");
}

TEST(InspectReportTest, PrintsOnePairForADomainThatIsTheSameEverywhere) {
  InspectReport report;
  report.name = "net";
  report.flops_per_sample = 1e9;
  const TensorType type{DataType::kF32, {kBatch, 2}};
  report.inputs = {{"a", type, InputDomain{{0, 0}, {0.1f, 0.1f}}},
                   {"b", type, InputDomain{{0, 0}, {1, 2}}},
                   {"c", type, absl::nullopt}};
  report.layers = {{"fc1", "dense", {kBatch, 3}, 9}};
  report.class_names = {"no", "yes"};
  report.history = {{"prune", "domain", "bounds", {{"relu", 8, {1, 5}}}}};
  const std::string json = ToJson(report);
  EXPECT_THAT(json, HasSubstr("\"flops_per_sample\":1000000000,"));
  EXPECT_THAT(json,
              HasSubstr("\"name\":\"a\",\"dtype\":\"f32\",\"shape\":\"[N, "
                        "2]\",\"lower\":[0],\"upper\":[0.1]}"));
  EXPECT_THAT(json, HasSubstr("\"lower\":[0,0],\"upper\":[1,2]}"));
  EXPECT_THAT(json, HasSubstr("\"lower\":[],\"upper\":[]}"));
  EXPECT_THAT(json,
              HasSubstr("\"layers\":[{\"name\":\"fc1\",\"kind\":\"dense\","
                        "\"shape\":\"[N, 3]\",\"parameters\":9}]"));
  EXPECT_THAT(json, HasSubstr("\"class_names\":[\"no\",\"yes\"]"));
  EXPECT_THAT(json,
              HasSubstr("\"layers\":[{\"node\":\"relu\",\"units_before\":8,"
                        "\"removed\":[1,5]}]"));
}

TEST(PruneReportTest, CountsUnits) {
  PruneReport report;
  report.parameters_before = 100;
  report.parameters_after = 80;
  LayerReport layer;
  layer.name = "relu";
  layer.units = 7;
  layer.zero_units = {0, 3};
  layer.observed_units = {4};
  layer.active_units = {6};
  layer.removed_units = {0, 3};
  layer.alive = 3;
  layer.unknown = 1;
  report.layers = {layer};
  const std::string json = ToJson(report, 0.5);
  EXPECT_THAT(json, HasSubstr("{\"seconds\":0.5,\"parameters_before\":100,"
                              "\"parameters_after\":80,\"layers\":[{"));
  EXPECT_THAT(
      json,
      HasSubstr("\"units\":7,\"zero_proven\":2,\"zero_observed\":1,"
                "\"active_proven\":1,\"alive\":3,\"unknown\":1,\"removed\":2,"
                "\"folded\":0,\"zero_units\":[0,3],\"active_units\":[6],"));
  EXPECT_THAT(json, Not(HasSubstr("observed_limit")));
  report.samples = 10;
  EXPECT_THAT(ToJson(report, 0), HasSubstr("\"observed_limit\":1"));
}

TEST(CompareReportTest, LeavesOutADifferenceThatIsNotFinite) {
  CompareReport report;
  report.samples = 1000;
  report.max_abs_difference = NAN;
  report.tolerance = 1e-5;
  report.outputs = {{"y", NAN, 2}};
  report.differences = {"node 'a' is missing"};
  EXPECT_EQ(
      ToJson(report),
      "{\"samples\":1000,\"tolerance\":1e-05,\"agree\":false,"
      "\"parameters_a\":0,\"parameters_b\":0,\"outputs\":[{\"name\":\"y\","
      "\"max_abs\":2}],\"differences\":[\"node 'a' is missing\"]}\n");
}

}  // namespace
}  // namespace espalier
