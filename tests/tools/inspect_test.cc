#include "gmock/gmock.h"
#include "graph/text.h"
#include "serialization/model_file.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;
using Line = std::vector<std::string>;

class InspectTest : public ::testing::Test {
 protected:
  InspectTest() { EXPECT_TRUE(Save(SmallModel(), model_).ok()); }

  ScratchFolder folder_;
  const std::string model_ = folder_.File("m.pb");
};

TEST_F(InspectTest, JsonCountsEverything) {
  const CommandResult result = RunEspalier({"inspect", model_, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "parameters"), 17);
  // fc: 2 2 4 + 4, relu: 4, out: 2 4 1 + 1.
  EXPECT_EQ(NumberIn(report, "flops_per_sample"), 20 + 4 + 9);
  const auto inputs = ObjectsIn(report, "inputs");
  ASSERT_EQ(inputs.size(), 1u);
  EXPECT_EQ(inputs[0].fields().at("name").string_value(), "x");
  EXPECT_EQ(inputs[0].fields().at("shape").string_value(), "[N, 2]");
  const auto outputs = ObjectsIn(report, "outputs");
  ASSERT_EQ(outputs.size(), 1u);
  EXPECT_EQ(outputs[0].fields().at("name").string_value(), "y");
  const auto layers = ObjectsIn(report, "layers");
  ASSERT_EQ(layers.size(), 3u);
  EXPECT_EQ(layers[0].fields().at("name").string_value(), "fc");
  EXPECT_EQ(layers[0].fields().at("kind").string_value(), "dense");
  EXPECT_EQ(layers[0].fields().at("shape").string_value(), "[N, 4]");
  EXPECT_EQ(NumberIn(layers[0], "parameters"), 12);
  EXPECT_EQ(NumberIn(layers[1], "parameters"), 0);
  EXPECT_EQ(NumberIn(layers[2], "parameters"), 5);
}

TEST_F(InspectTest, TextForPeople) {
  const CommandResult result = RunEspalier({"inspect", model_});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("domain within [0, 1]"));
  EXPECT_THAT(result.out, HasSubstr("fc     dense  [N, 4]          12\n"));
}

TEST_F(InspectTest, GraphTextAndPlan) {
  const CommandResult text = RunEspalier({"inspect", model_, "--text"});
  ASSERT_EQ(text.exit_code, 0) << text.err;
  EXPECT_EQ(text.out, PrintGraph(SmallModel().graph));
  const CommandResult plan = RunEspalier({"inspect", model_, "--plan"});
  ASSERT_EQ(plan.exit_code, 0) << plan.err;
  EXPECT_THAT(plan.out, HasSubstr("[N, 4]"));
  EXPECT_EQ(RunEspalier({"inspect", model_, "--text", "--json"}).exit_code, 2);
}

TEST_F(InspectTest, DotFile) {
  const CommandResult result =
      RunEspalier({"inspect", model_, "--dot", folder_.File("m.dot")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(folder_.Read("m.dot"), StartsWith("digraph \"small\" {\n"));
  EXPECT_THAT(folder_.Read("m.dot"),
              HasSubstr("[label=\"x\\ninput f32[N, 2]\""));
  EXPECT_EQ(RunEspalier({"inspect", model_, "--dot", folder_.File("no/m.dot")})
                .exit_code,
            2);
}

TEST_F(InspectTest, DotFileTakesNoPlaceOfAModel) {
  const std::string other = folder_.Write("other.pb", "other");
  for (const std::string& path : {other, model_}) {
    for (const Line& more : {Line(), Line{"--force"}}) {
      Line line = {"inspect", model_, "--dot", path};
      line.insert(line.end(), more.begin(), more.end());
      const CommandResult result = RunEspalier(line);
      EXPECT_EQ(result.exit_code, 2);
      EXPECT_THAT(result.err,
                  HasSubstr("--dot '" + path +
                            "': expected the name of a text file, found that"));
      EXPECT_EQ(folder_.Read("other.pb"), "other");
    }
  }
}

TEST_F(InspectTest, UsageErrors) {
  EXPECT_EQ(RunEspalier({"inspect"}).exit_code, 2);
  EXPECT_EQ(RunEspalier({"inspect", model_, model_}).exit_code, 2);
  EXPECT_EQ(RunEspalier({"inspect", model_, "--dot", model_}).exit_code, 2);
}

}  // namespace
}  // namespace espalier
