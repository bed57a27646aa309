#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "serialization/model_file.h"
#include "tests/tools/train_command.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

using TrainOptionsTest = TrainTest;

// The whole way of a network with both: trained, evaluated, looked at, pruned,
// compared, trained further.
TEST_F(TrainOptionsTest, BatchNormAndDropout) {
  const Line both = {"--batch-norm", "--dropout", "0.2", "--l1",
                     "1e-3",         "--seed",    "3",   "--json"};
  CommandResult result = Train(digits_, both);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "parameters"),
            64 * 32 + 32 + 2 * 32 + 32 * 10 + 10);
  EXPECT_GT(NumberIn(report, "test_accuracy"), 0.8);
  const absl::StatusOr<Model> model = Load(model_);
  ASSERT_TRUE(model.ok()) << model.status();
  EXPECT_NE(model->graph.Find("hidden_1/batch_norm"), kNoNode);
  EXPECT_NE(model->graph.Find("hidden_1/relu"), kNoNode);
  EXPECT_EQ(model->graph.Find("hidden_1/dropout"), kNoNode);
  EXPECT_EQ(model->graph.states().size(), 2u);

  // The same seed, the same file.
  const std::string first = folder_.Read("m.pb");
  const std::string again = folder_.File("again.pb");
  Line elsewhere = digits_;
  elsewhere.back() = again;
  ASSERT_EQ(Train(elsewhere, both).exit_code, 0);
  EXPECT_EQ(folder_.Read("again.pb"), first);

  result = RunEspalier({"inspect", model_});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("batch_normalize"));
  result =
      RunEspalier({"evaluate", model_, "--data", "builtin:digits", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(NumberIn(ParseJson(result.out), "accuracy"),
            NumberIn(report, "test_accuracy"));

  const std::string more = folder_.File("more.pb");
  result = Train({"--data", "builtin:digits", "--model", model_, "--epochs",
                  "1", "--output", more});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(Load(more)->graph.states().size(), 2u);
}

// A unit whose shift keeps it below zero is proven so through the batch
// normalization, and removed with what belongs to it.
TEST_F(TrainOptionsTest, UnitsBehindBatchNormArePruned) {
  ASSERT_EQ(Train(digits_, {"--batch-norm"}).exit_code, 0);
  Model model = Load(model_).value();
  const auto shift = model.values["hidden_1/batch_norm/shift"].data<float>();
  shift[5] = -1e6f;
  // Zero for every finite input.
  shift[7] = -1;
  model.values["hidden_1/batch_norm/scale"].data<float>()[7] = 0;
  const std::string dead = folder_.File("dead.pb");
  const std::string small = folder_.File("small.pb");
  ASSERT_TRUE(Save(model, dead).ok());
  for (const char* grade : {"domain", "all-inputs"}) {
    const CommandResult result = RunEspalier(
        {"prune", dead, "--output", small, "--grade", grade, "--force"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const Model pruned = Load(small).value();
    const int64_t units =
        pruned.values.at("hidden_1/batch_norm/scale").num_elements();
    // No shift outweighs every finite input.
    EXPECT_EQ(units, std::string(grade) == "domain" ? 30 : 31) << grade;
    EXPECT_EQ(
        pruned.values.at("hidden_1/batch_norm/running_mean").num_elements(),
        units);
    EXPECT_EQ(RunEspalier({"compare", dead, small}).exit_code, 0);
  }
}

TEST_F(TrainOptionsTest, LossesOfAClassification) {
  for (const char* loss : {"binary-cross-entropy", "hinge"}) {
    const CommandResult result =
        Train(digits_, {"--json", "--loss", loss, "--learning-rate", "0.01"});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_GT(NumberIn(ParseJson(result.out), "test_accuracy"), 0.8) << loss;
    EXPECT_THAT(result.out,
                HasSubstr(absl::StrCat("\"loss_name\":\"", loss, "\"")));
    // What is told of the test part is that loss, as evaluate measures it.
    const CommandResult again =
        RunEspalier({"evaluate", model_, "--data", "builtin:digits", "--loss",
                     loss, "--json"});
    ASSERT_EQ(again.exit_code, 0) << again.err;
    EXPECT_DOUBLE_EQ(NumberIn(ParseJson(again.out), "loss"),
                     NumberIn(ParseJson(result.out), "test_loss"));
  }
}

TEST_F(TrainOptionsTest, LossesOfARegression) {
  const Line line = {"--data", "builtin:cosine", "--hidden", "8", "--epochs",
                     "2",      "--output",       model_};
  std::vector<std::string> files;
  for (const char* loss : {"mse", "mae", "huber"}) {
    const CommandResult result = Train(line, {"--loss", loss});
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const std::string file = folder_.Read("m.pb");
    for (const std::string& other : files) EXPECT_TRUE(file != other) << loss;
    files.push_back(file);
  }
  ASSERT_EQ(Train(line).exit_code, 0);
  EXPECT_TRUE(folder_.Read("m.pb") == files[0]);
  // A model takes the loss too.
  const std::string second = folder_.File("second.pb");
  const Line further = {
      "--data", "builtin:cosine", "--model", model_, "--epochs",
      "1",      "--output",       second};
  ASSERT_EQ(Train(further).exit_code, 0);
  const std::string by_mse = folder_.Read("second.pb");
  ASSERT_EQ(Train(further, {"--loss", "mae"}).exit_code, 0);
  EXPECT_TRUE(folder_.Read("second.pb") != by_mse);
  EXPECT_EQ(Train(further, {"--loss", "cross-entropy"}).exit_code, 2);
}

// Without penalties, with each of them, and from each kind of first weights the
// same training ends elsewhere.
TEST_F(TrainOptionsTest, OptionsHaveTheirEffect) {
  const Line line = {"--data", "builtin:moons", "--hidden", "4", "--epochs",
                     "2",      "--output",      model_};
  std::vector<std::string> files;
  for (const Line& more : {Line{},
                           Line{"--l1", "0.01"},
                           Line{"--l2", "0.01"},
                           Line{"--init", "glorot"},
                           Line{"--init", "zero"},
                           Line{"--activation", "tanh"},
                           Line{"--activation", "leaky-relu"},
                           Line{"--optimizer", "sgd"},
                           Line{"--learning-rate", "0.01"},
                           Line{"--optimizer", "momentum"},
                           Line{"--optimizer", "nesterov"},
                           Line{"--optimizer", "rmsprop"},
                           Line{"--optimizer", "adagrad"},
                           Line{"--optimizer", "adamw"},
                           Line{"--optimizer", "adamw", "--weight-decay", "1"},
                           Line{"--loss", "binary-cross-entropy"},
                           Line{"--loss", "hinge"},
                           Line{"--schedule", "cosine"},
                           Line{"--schedule", "step:1:0.5"},
                           Line{"--schedule", "exponential:0.5"},
                           Line{"--schedule", "warmup:1"},
                           Line{"--schedule", "warmup:1:cosine"},
                           Line{"--optimizer", "sgd", "--clip-norm", "0.01"},
                           Line{"--batch", "100"},
                           Line{"--seed", "1"},
                           Line{"--validation", "0.5"}}) {
    const CommandResult result = Train(line, more);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    const std::string file = folder_.Read("m.pb");
    for (const std::string& other : files) EXPECT_NE(file, other);
    files.push_back(file);
  }
  // What changes nothing.
  for (const Line& more :
       {Line{"--loss", "cross-entropy"}, Line{"--optimizer", "adam"},
        Line{"--schedule", "constant"}, Line{"--schedule", "step:5:0.1"},
        Line{"--clip-norm", "1e6"}}) {
    ASSERT_EQ(Train(line, more).exit_code, 0);
    EXPECT_TRUE(folder_.Read("m.pb") == files[0]) << more[1];
  }
}

TEST_F(TrainOptionsTest, HelpListsWhatTheTablesHold) {
  const CommandResult help = RunEspalier({"train", "--help"});
  for (const char* text :
       {"sgd|momentum|nesterov|rmsprop|adagrad|adam|adamw", "0.01 for momentum",
        "constant, step:E:F, exponential:F, cosine[:LAST],", "warmup:E[:THEN]",
        "classification: cross-entropy, binary-cross-entropy, hinge",
        "regression: mse, mae, huber"}) {
    EXPECT_THAT(help.out, HasSubstr(text));
  }
}

}  // namespace
}  // namespace espalier
