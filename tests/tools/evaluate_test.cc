#include "gmock/gmock.h"
#include "serialization/model_file.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

TEST(EvaluateTest, RegressionIsExact) {
  const ScratchFolder folder;
  ASSERT_TRUE(Save(SmallModel(), folder.File("m.pb")).ok());
  // y(1, 0) = 4 and y(0, 1) = 1, so the errors are 0 and 2.
  const std::string data = folder.Write("d.csv", "a,b,y\n1,0,4\n0,1,3\n");
  const CommandResult result =
      RunEspalier({"evaluate", folder.File("m.pb"), "--data", data, "--task",
                   "regression", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "samples"), 2);
  EXPECT_DOUBLE_EQ(NumberIn(report, "loss"), 2);
  EXPECT_EQ(report.fields().count("accuracy"), 0u);
}

TEST(EvaluateTest, Classification) {
  const ScratchFolder folder;
  const std::string model = folder.File("m.pb");
  ASSERT_EQ(RunEspalier({"train", "--data", "builtin:digits", "--epochs", "3",
                         "--hidden", "32", "--output", model})
                .exit_code,
            0);
  const auto evaluate = [&model](const std::string& part) {
    const CommandResult result =
        RunEspalier({"evaluate", model, "--data", "builtin:digits", "--split",
                     part, "--json"});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_THAT(result.err, IsEmpty());
    return ParseJson(result.out);
  };
  const auto test = evaluate("test");
  EXPECT_EQ(NumberIn(test, "samples"), 359);
  EXPECT_GT(NumberIn(test, "accuracy"), 0.8);
  EXPECT_GT(NumberIn(test, "loss"), 0);
  double correct = 0;
  const auto classes = ObjectsIn(test, "classes");
  EXPECT_EQ(classes.size(), 10u);
  for (const auto& row : classes) {
    correct += NumberIn(row, "samples") * NumberIn(row, "accuracy");
  }
  EXPECT_NEAR(correct / 359, NumberIn(test, "accuracy"), 1e-9);
  EXPECT_EQ(NumberIn(evaluate("train"), "samples"), 1438);
  EXPECT_EQ(NumberIn(evaluate("all"), "samples"), 1797);

  const CommandResult text =
      RunEspalier({"evaluate", model, "--data", "builtin:digits"});
  EXPECT_THAT(text.out, HasSubstr("part"));
  EXPECT_THAT(text.out, HasSubstr("test"));
}

TEST(EvaluateTest, SaysWhichLossItIs) {
  const ScratchFolder folder;
  ASSERT_TRUE(Save(SmallModel(), folder.File("m.pb")).ok());
  const std::string data = folder.Write("d.csv", "a,b,y\n1,0,4\n0,1,3\n");
  std::vector<std::string> line = {
      "evaluate", folder.File("m.pb"), "--data", data, "--task", "regression"};
  EXPECT_THAT(RunEspalier(line).out, HasSubstr("2 (mse)"));
  line.insert(line.end(), {"--loss", "mae"});
  EXPECT_THAT(RunEspalier(line).out, HasSubstr("1 (mae)"));
  line.push_back("--json");
  EXPECT_THAT(RunEspalier(line).out, HasSubstr("\"loss_name\":\"mae\""));
  line[7] = "hinge";
  const CommandResult refused = RunEspalier(line);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err,
              HasSubstr("--loss hinge: the data is for regression"));
}

TEST(EvaluateTest, DataThatDoesNotFit) {
  const ScratchFolder folder;
  const std::string model = folder.File("m.pb");
  ASSERT_TRUE(Save(SmallModel(), model).ok());
  EXPECT_EQ(
      RunEspalier({"evaluate", model, "--data", "builtin:digits"}).exit_code,
      3);
  EXPECT_EQ(
      RunEspalier({"evaluate", model, "--data", "builtin:nothing"}).exit_code,
      3);
  EXPECT_EQ(RunEspalier({"evaluate", model}).exit_code, 2);
  EXPECT_EQ(RunEspalier({"evaluate", model, "--data", "builtin:digits",
                         "--labels", "y.npy"})
                .exit_code,
            2);
}

}  // namespace
}  // namespace espalier
