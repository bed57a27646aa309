#include "gmock/gmock.h"
#include "graph/builder.h"
#include "ops/gates.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class PruneTest : public ::testing::Test {
 protected:
  PruneTest() {
    EXPECT_TRUE(Save(SmallModel(), model_).ok());
    Model without = SmallModel();
    without.domains.clear();
    EXPECT_TRUE(Save(without, without_domain_).ok());
  }

  // Prunes with more arguments and gives the report; it must succeed.
  google::protobuf::Struct Prune(const std::string& model,
                                 std::vector<std::string> more) {
    more.insert(more.begin(), {"prune", model, "--output", small_, "--json"});
    const CommandResult result = RunEspalier(more);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    return ParseJson(result.out);
  }

  static std::vector<double> UnitsIn(const google::protobuf::Struct& layer,
                                     const std::string& field) {
    std::vector<double> units;
    for (const auto& unit : layer.fields().at(field).list_value().values()) {
      units.push_back(unit.number_value());
    }
    return units;
  }

  ScratchFolder folder_;
  const std::string model_ = folder_.File("m.pb");
  const std::string without_domain_ = folder_.File("n.pb");
  const std::string small_ = folder_.File("small.pb");
};

TEST_F(PruneTest, RemovesWhatIsZeroInTheDomain) {
  const auto report = Prune(model_, {});
  EXPECT_GT(NumberIn(report, "seconds"), 0);
  EXPECT_EQ(NumberIn(report, "parameters_before"), 17);
  EXPECT_EQ(NumberIn(report, "parameters_after"), 2 * 2 + 2 + 2 + 1);
  const auto layers = ObjectsIn(report, "layers");
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_EQ(layers[0].fields().at("name").string_value(), "relu");
  EXPECT_EQ(NumberIn(layers[0], "units"), 4);
  EXPECT_EQ(NumberIn(layers[0], "zero_proven"), 2);
  EXPECT_EQ(NumberIn(layers[0], "zero_observed"), 0);
  EXPECT_EQ(NumberIn(layers[0], "alive") + NumberIn(layers[0], "unknown"), 2);
  EXPECT_EQ(NumberIn(layers[0], "removed"), 2);
  EXPECT_EQ(NumberIn(layers[0], "folded"), 0);
  EXPECT_THAT(UnitsIn(layers[0], "zero_units"), ElementsAre(1, 3));

  const absl::StatusOr<Model> small = Load(small_);
  ASSERT_TRUE(small.ok());
  ASSERT_EQ(small->history.size(), 1u);
  EXPECT_EQ(small->history[0].grade, "domain");
  EXPECT_EQ(RunEspalier({"compare", model_, small_}).exit_code, 0);
}

TEST_F(PruneTest, GradesAndDomains) {
  const auto removed = [](const google::protobuf::Struct& report) {
    return NumberIn(ObjectsIn(report, "layers")[0], "removed");
  };
  EXPECT_EQ(removed(Prune(model_, {"--grade", "all-inputs"})), 1);
  EXPECT_EQ(removed(Prune(without_domain_, {"--grade", "all-inputs"})), 1);
  EXPECT_EQ(removed(Prune(model_, {"--domain", "declared"})), 2);
  // Beyond 3 in sum, unit 1 fires.
  EXPECT_EQ(removed(Prune(model_, {"--domain", "0:2"})), 1);
  EXPECT_EQ(removed(Prune(without_domain_, {"--domain", "0:1"})), 2);
  // Where x1 is above x0, unit 2 is zero.
  EXPECT_EQ(removed(Prune(model_, {"--domain", "0:0.25,0.5:1"})), 3);
  EXPECT_EQ(removed(Prune(model_, {"--domain", "-1:0"})), 3);
}

TEST_F(PruneTest, Samples) {
  const std::string x = folder_.File("x.npy");
  const std::vector<float> points = {0, 1, 0.25, 0.5};
  ASSERT_TRUE(WriteNpy(x, Tensor(Shape({2, 2}), points)).ok());
  const auto by_data = Prune(without_domain_, {"--grade", "data", "--data", x});
  EXPECT_EQ(NumberIn(by_data, "samples"), 2);
  const auto layer = ObjectsIn(by_data, "layers")[0];
  EXPECT_EQ(NumberIn(layer, "removed"), 3);
  EXPECT_EQ(NumberIn(layer, "zero_proven") + NumberIn(layer, "zero_observed") +
                NumberIn(layer, "alive") + NumberIn(layer, "unknown"),
            4);
  // The box that the samples span has x0 <= 0.25 and x1 >= 0.5.
  const auto by_box = Prune(without_domain_, {"--domain", "data:" + x});
  EXPECT_EQ(NumberIn(ObjectsIn(by_box, "layers")[0], "zero_proven"), 3);
  EXPECT_EQ(Load(small_)->domains.at("x").upper[0], 0.25f);
}

TEST_F(PruneTest, TextForPeople) {
  const CommandResult result =
      RunEspalier({"prune", model_, "--output", small_});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("relu"));
  EXPECT_THAT(result.out, HasSubstr("2 units removed"));
  EXPECT_THAT(result.out, HasSubstr("17 before, 9 after"));
}

TEST_F(PruneTest, NothingToRemoveIsSaidAndTheModelWritten) {
  ASSERT_EQ(RunEspalier({"prune", model_, "--output", small_}).exit_code, 0);
  const std::string again = folder_.File("again.pb");
  const CommandResult result =
      RunEspalier({"prune", small_, "--output", again});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("no unit could be removed"));
  EXPECT_EQ(folder_.Read("again.pb"), folder_.Read("small.pb"));
}

TEST_F(PruneTest, ADomainInWhichUnitsWereRemovedIsNotWidened) {
  Prune(model_, {});
  const std::string smaller = folder_.File("smaller.pb");
  const std::vector<std::string> line = {"prune", small_, "--output", smaller};
  for (const char* grade : {"domain", "all-inputs"}) {
    std::vector<std::string> wider = line;
    for (const char* word : {"--domain", "-30:30", "--grade", grade}) {
      wider.push_back(word);
    }
    const CommandResult refused = RunEspalier(wider);
    EXPECT_EQ(refused.exit_code, 3) << refused.err;
    EXPECT_THAT(refused.err,
                HasSubstr("input 'x', element 0: the new domain -30:30 is not "
                          "inside 0:1, for which units were removed"));
    EXPECT_EQ(folder_.Read("smaller.pb"), "");
  }
  std::vector<std::string> narrower = line;
  narrower.insert(narrower.end(), {"--domain", "0:0.5"});
  EXPECT_EQ(RunEspalier(narrower).exit_code, 0);
}

TEST_F(PruneTest, ALargeInputInASmallFileIsRefused) {
  for (const Shape& shape :
       {Shape({kBatch, 2147483647}), Shape({kBatch, 65536, 32767})}) {
    GraphBuilder g("large");
    g.Output("y", Relu(g.Input("x", shape)));
    Model large;
    large.graph = *g.Build();
    ASSERT_TRUE(Save(large, model_).ok());
    const CommandResult by_domain =
        RunEspalier({"prune", model_, "--output", small_, "--domain", "0:1"});
    EXPECT_EQ(by_domain.exit_code, 4) << by_domain.err;
    EXPECT_THAT(by_domain.err, HasSubstr("--domain: expected inputs of at"));
    const CommandResult for_all = RunEspalier(
        {"prune", model_, "--output", small_, "--grade", "all-inputs"});
    EXPECT_EQ(for_all.exit_code, 4) << for_all.err;
    EXPECT_THAT(for_all.err, HasSubstr("bytes; the limit is"));
  }
}

TEST_F(PruneTest, UsageErrors) {
  const CommandResult undeclared =
      RunEspalier({"prune", without_domain_, "--output", small_});
  EXPECT_EQ(undeclared.exit_code, 2);
  EXPECT_THAT(undeclared.err, HasSubstr("--domain 0:1"));
  EXPECT_THAT(undeclared.out, IsEmpty());
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{"--output", model_},
        {"--output", small_, "--grade", "data"},
        {"--output", small_, "--grade", "sure"},
        {"--output", small_, "--domain", "1:0"},
        {"--output", small_, "--domain", "0:1,0:1,0:1"},
        {"--output", small_, "--domain", "0:nan"},
        {"--output", small_, "--domain", "0:1e39"},
        {"--output", small_, "--domain", "box.vnnlib"},
        {"--output", small_, "--domain", "0"},
        {"--output", small_, "--target", "last"},
        {"--output", folder_.File("small.txt")},
        {}}) {
    std::vector<std::string> line = {"prune", model_};
    line.insert(line.end(), more.begin(), more.end());
    const CommandResult result = RunEspalier(line);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr("hint: see 'espalier prune --help'"));
  }
  EXPECT_EQ(folder_.Read("small.pb"), "");
}

}  // namespace
}  // namespace espalier
