#include "gmock/gmock.h"
#include "serialization/model_file.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

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

// Numbers where classes are wanted, and the reverse.
TEST(EvaluateTest, TheWrongTaskSaysWhatWasExpectedAndWhatCame) {
  const ScratchFolder folder;
  const std::string numbers = folder.File("m.pb");
  const std::string classes = folder.File("c.pb");
  ASSERT_TRUE(Save(SmallModel(), numbers).ok());
  ASSERT_EQ(RunEspalier({"train", "--data", "builtin:moons", "--hidden", "3",
                         "--epochs", "1", "--output", classes})
                .exit_code,
            0);
  const std::string data = folder.Write("d.csv", "a,b,y\n1,0,4\n0,1,3\n");
  const auto error = [](std::vector<std::string> line) {
    const CommandResult result = RunEspalier(line);
    EXPECT_EQ(result.exit_code, 3);
    return result.err;
  };
  const std::string wants_classes =
      "the output is f32[N, 1], the data '" + data +
      "' is a classification, of classes 0 to 4: expected f32[N, C] with a C "
      "of 5 or more";
  const std::string hint = "; --task regression takes the targets as numbers\n";
  EXPECT_THAT(error({"evaluate", numbers, "--data", data}),
              HasSubstr(wants_classes + hint));
  EXPECT_THAT(
      error({"evaluate", numbers, "--data", data, "--task", "classification"}),
      HasSubstr(wants_classes + "\n"));
  // No option makes it a regression.
  EXPECT_THAT(
      error({"evaluate", numbers, "--data", "builtin:moons"}),
      HasSubstr("of classes 0 to 1: expected f32[N, C] with a C of 2 or "
                "more\n"));
  EXPECT_THAT(
      error({"evaluate", classes, "--data", data, "--task", "regression"}),
      HasSubstr("the output is f32[N, 2], the data '" + data +
                "' is a "
                "regression: expected f32[N, 1]"));
  EXPECT_THAT(error({"train", "--model", numbers, "--data", data, "--output",
                     folder.File("o.pb")}),
              HasSubstr(wants_classes + hint));
}

// A path is quoted wherever it stands, whatever is in it.
TEST(EvaluateTest, ErrorsQuoteTheData) {
  const ScratchFolder folder;
  const std::string model = folder.File("m.pb");
  ASSERT_TRUE(Save(SmallModel(), model).ok());
  const std::string data = folder.Write("d\x1B.csv", "a,b,y\n1,0,4\n");
  const CommandResult result = RunEspalier({"evaluate", model, "--data", data});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("/m.pb' on '" + folder.path() + "/d"));
  EXPECT_THAT(result.err, Not(HasSubstr("\x1B")));
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
