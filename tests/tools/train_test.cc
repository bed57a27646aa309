#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "tests/tools/train_command.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

TEST_F(TrainTest, ReportsAndWritesAModel) {
  const CommandResult result = Train(digits_, {"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "epochs"), 3);
  EXPECT_EQ(NumberIn(report, "steps"), 3 * 45);
  EXPECT_EQ(NumberIn(report, "parameters"), 64 * 32 + 32 + 32 * 10 + 10);
  EXPECT_GT(NumberIn(report, "seconds"), 0);
  EXPECT_GT(NumberIn(report, "samples_per_second"), 0);
  EXPECT_GT(NumberIn(report, "loss"), 0);
  EXPECT_GT(NumberIn(report, "accuracy"), 0.8);
  EXPECT_GT(NumberIn(report, "test_accuracy"), 0.8);
  EXPECT_THAT(result.err, HasSubstr("epoch 3/3"));
  EXPECT_THAT(folder_.Names(), ElementsAre("m.pb"));

  const absl::StatusOr<Model> model = Load(model_);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_EQ(model->domains.size(), 1u);
  EXPECT_EQ(model->class_names.size(), 10u);
  EXPECT_TRUE(model->graph.updates().empty());
}

TEST_F(TrainTest, TextForPeople) {
  const CommandResult result = Train(digits_);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("test accuracy"));
  EXPECT_THAT(result.out, HasSubstr(model_));
}

TEST_F(TrainTest, OneSeedGivesOneFile) {
  const std::string other = folder_.File("other.pb");
  Line line = {"train",    "--data",    "builtin:digits",
               "--hidden", "16",        "--epochs",
               "1",        "--threads", "2",
               "--seed",   "7",         "--output",
               model_};
  ASSERT_EQ(RunEspalier(line).exit_code, 0);
  line.back() = other;
  ASSERT_EQ(RunEspalier(line).exit_code, 0);
  EXPECT_EQ(folder_.Read("m.pb"), folder_.Read("other.pb"));
  line[10] = "8";
  ASSERT_EQ(RunEspalier(line).exit_code, 0);
  EXPECT_NE(folder_.Read("m.pb"), folder_.Read("other.pb"));
}

TEST_F(TrainTest, EarlyStopWithALogLinePerEpoch) {
  const CommandResult result = Train(
      {"--data", "builtin:digits", "--hidden", "64", "--epochs", "200",
       "--learning-rate", "0.01", "--validation", "0.2", "--early-stop", "1",
       "--log", folder_.File("log.jsonl"), "--output", model_, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto report = ParseJson(result.out);
  EXPECT_LT(NumberIn(report, "epochs"), 200);
  EXPECT_GT(NumberIn(report, "validation_accuracy"), 0.8);
  const std::vector<std::string> lines =
      absl::StrSplit(folder_.Read("log.jsonl"), '\n', absl::SkipEmpty());
  EXPECT_EQ(static_cast<double>(lines.size()), NumberIn(report, "epochs"));
  for (const std::string& line : lines) {
    EXPECT_GT(NumberIn(ParseJson(line), "validation_loss"), 0);
  }
}

TEST_F(TrainTest, TheLogTellsTheScheduledRate) {
  const CommandResult result = Train(
      {"--data", "builtin:moons", "--hidden", "4", "--epochs", "3", "--output",
       model_, "--optimizer", "sgd", "--learning-rate", "0.25", "--schedule",
       "warmup:1:step:1:0.5", "--log", folder_.File("log.jsonl")});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::vector<std::string> lines =
      absl::StrSplit(folder_.Read("log.jsonl"), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(NumberIn(ParseJson(lines[0]), "learning_rate"), 0.25);
  EXPECT_EQ(NumberIn(ParseJson(lines[1]), "learning_rate"), 0.25);
  EXPECT_EQ(NumberIn(ParseJson(lines[2]), "learning_rate"), 0.125);
}

TEST_F(TrainTest, RegressionHasNoAccuracy) {
  const CommandResult result =
      Train({"--data", "builtin:cosine", "--hidden", "30", "--batch", "0",
             "--epochs", "300", "--learning-rate", "0.01", "--threads", "1",
             "--output", model_, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "steps"), 300);
  EXPECT_LT(NumberIn(report, "loss"), 0.1);
  EXPECT_EQ(report.fields().count("accuracy"), 0u);
  EXPECT_EQ(report.fields().count("test_accuracy"), 0u);
}

TEST_F(TrainTest, TablesAndArrays) {
  std::string csv = "a,b,class\n";
  std::vector<float> features;
  std::vector<int32_t> labels;
  for (int i = 0; i < 40; ++i) {
    const int label = i % 2;
    csv += std::to_string(i) + "," + std::to_string(label - 0.5) + "," +
           std::to_string(label) + "\n";
    features.push_back(static_cast<float>(label));
    labels.push_back(label);
  }
  const std::string table = folder_.Write("d.csv", csv);
  CommandResult result = Train({"--data", table, "--domain", "0:40,-1:1",
                                "--target", "class", "--output", model_});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(Load(model_)->domains.at("x").upper, ElementsAre(40.0f, 1.0f));
  result = Train({"--data", table, "--output", model_});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(Load(model_)->domains, IsEmpty());
  result = Train({"--data", table, "--domain", "0:1", "--output", model_});
  EXPECT_EQ(result.exit_code, 3) << result.err;

  const std::string x = folder_.File("x.npy");
  const std::string y = folder_.File("y.npy");
  ASSERT_TRUE(WriteNpy(x, Tensor(Shape({40, 1}), features)).ok());
  ASSERT_TRUE(WriteNpy(y, Tensor(Shape({40}), labels)).ok());
  result = Train({"--data", x, "--labels", y, "--output", model_, "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(NumberIn(ParseJson(result.out), "samples"), 40);
  EXPECT_EQ(Train({"--data", x, "--output", model_}).exit_code, 2);
}

TEST_F(TrainTest, ATrainingThatFailsLeavesTheOldModel) {
  folder_.Write("m.pb", "old");
  const CommandResult result =
      Train(digits_, {"--optimizer", "sgd", "--learning-rate", "1e30"});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("epoch 1"));
  EXPECT_EQ(folder_.Read("m.pb"), "old");
  EXPECT_THAT(folder_.Names(), ElementsAre("m.pb"));
}

TEST_F(TrainTest, AnInterruptLeavesTheOldModel) {
  folder_.Write("m.pb", "old");
  EspalierProcess process({"train", "--data", "builtin:digits", "--epochs",
                           "1000000", "--log", folder_.File("log.jsonl"),
                           "--output", model_});
  for (int i = 0; i < 3000 && folder_.Read("log.jsonl").empty(); ++i) {
    usleep(10000);
  }
  process.Signal(SIGINT);
  EXPECT_EQ(process.Wait().exit_code, 128 + SIGINT);
  EXPECT_EQ(folder_.Read("m.pb"), "old");
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("m.pb", "log.jsonl"));
}

}  // namespace
}  // namespace espalier
