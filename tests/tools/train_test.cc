#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using Line = std::vector<std::string>;

// `espalier train arguments... more...`.
CommandResult Train(Line arguments, const Line& more = {}) {
  arguments.insert(arguments.begin(), "train");
  arguments.insert(arguments.end(), more.begin(), more.end());
  return RunEspalier(arguments);
}

class TrainTest : public ::testing::Test {
 protected:
  ScratchFolder folder_;
  const std::string model_ = folder_.File("m.pb");
  const Line digits_ = {
      "--data", "builtin:digits", "--hidden", "32", "--epochs",
      "3",      "--output",       model_};
};

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

// The whole way of a network with both: trained, evaluated, looked at, pruned,
// compared, trained further.
TEST_F(TrainTest, BatchNormAndDropout) {
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
TEST_F(TrainTest, UnitsBehindBatchNormArePruned) {
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

TEST_F(TrainTest, TrainsAModelFurther) {
  const CommandResult first = Train(digits_, {"--json"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::string second = folder_.File("second.pb");
  const Line line = {"--data", "builtin:digits", "--model", model_, "--epochs",
                     "1",      "--output",       second};
  const CommandResult further = Train(line, {"--json"});
  ASSERT_EQ(further.exit_code, 0) << further.err;
  EXPECT_LT(NumberIn(ParseJson(further.out), "loss"),
            NumberIn(ParseJson(first.out), "loss"));
  EXPECT_EQ(Load(second)->domains.size(), 1u);
  EXPECT_EQ(Train(line, {"--hidden", "3"}).exit_code, 2);
  EXPECT_EQ(Train(line, {"--init", "he"}).exit_code, 2);
  EXPECT_EQ(Train(line, {"--activation", "tanh"}).exit_code, 2);
  // Over the model itself only with --force.
  const Line over = {"--data", "builtin:digits", "--model", model_, "--epochs",
                     "1",      "--output",       model_};
  EXPECT_EQ(Train(over).exit_code, 2);
  EXPECT_EQ(Train(over, {"--force"}).exit_code, 0);
}

TEST_F(TrainTest, ADomainInWhichUnitsWereRemovedIsNotWidened) {
  const std::string data = folder_.Write("d.csv", "a,b,y\n0,0.5,0\n1,0,1\n");
  Model pruned = SmallModel();
  pruned.history = {{"prune", "domain", "bounds", {}}};
  ASSERT_TRUE(Save(pruned, model_).ok());
  const std::string second = folder_.File("second.pb");
  const Line line = {"--data",   data,         "--target", "y",
                     "--task",   "regression", "--model",  model_,
                     "--epochs", "1",          "--output", second};
  const CommandResult wider = Train(line, {"--domain", "-30:30"});
  EXPECT_EQ(wider.exit_code, 3) << wider.err;
  EXPECT_THAT(wider.err,
              HasSubstr("--domain: input 'x', element 0: the new domain -30:30 "
                        "is not inside 0:1, for which units were removed"));
  EXPECT_EQ(folder_.Read("second.pb"), "");
  ASSERT_EQ(Train(line).exit_code, 0) << Train(line).err;
  EXPECT_EQ(Load(second)->domains.at("x").upper[0], 1);
  EXPECT_EQ(Load(second)->history.size(), 1u);
  // Samples outside of what was promised are not trained on.
  folder_.Write("d.csv", "a,b,y\n0,0.5,0\n5,0,1\n");
  EXPECT_EQ(Train(line, {"--force"}).exit_code, 3);
}

TEST_F(TrainTest, TheDeclaredDomainWinsOverTheDataWhereUnitsWereRemovedInIt) {
  ASSERT_EQ(Train(digits_).exit_code, 0);
  Model pruned = *Load(model_);
  ASSERT_EQ(pruned.domains.size(), 1u);
  InputDomain& domain = pruned.domains.begin()->second;
  pruned.history = {{"prune", "domain", "bounds", {}}};
  // Pixel 0 is 0 in all of the digits, whose own domain lets it be 16.
  ASSERT_EQ(domain.upper[0], 16);
  domain.upper[0] = 0;
  ASSERT_TRUE(Save(pruned, model_).ok());
  const std::string second = folder_.File("second.pb");
  const CommandResult further =
      Train({"--data", "builtin:digits", "--model", model_, "--epochs", "1",
             "--output", second});
  ASSERT_EQ(further.exit_code, 0) << further.err;
  EXPECT_EQ(Load(second)->domains.begin()->second.upper[0], 0);
}

TEST_F(TrainTest, LossesOfAClassification) {
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

TEST_F(TrainTest, AModelOfFewerClassesThanTheDataIsRefused) {
  ASSERT_EQ(Train({"--data", "builtin:moons", "--hidden", "4", "--epochs", "1",
                   "--output", model_})
                .exit_code,
            0);
  const std::string data =
      folder_.Write("d.csv", "a,b,c\n0,0,0\n0,1,1\n1,0,2\n1,1,0\n");
  const CommandResult result = Train(
      {"--data", data, "--target", "c", "--task", "classification", "--model",
       model_, "--loss", "hinge", "--output", folder_.File("second.pb")});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("label 2 of row 2: expected 0 to 1, of 2 classes"));
}

TEST_F(TrainTest, LossesOfARegression) {
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

TEST_F(TrainTest, HelpListsWhatTheTablesHold) {
  const CommandResult help = RunEspalier({"train", "--help"});
  for (const char* text :
       {"sgd|momentum|nesterov|rmsprop|adagrad|adam|adamw", "0.01 for momentum",
        "constant, step:E:F, exponential:F, cosine[:LAST],", "warmup:E[:THEN]",
        "classification: cross-entropy, binary-cross-entropy, hinge",
        "regression: mse, mae, huber"}) {
    EXPECT_THAT(help.out, HasSubstr(text));
  }
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

// Without penalties, with each of them, and from each kind of first weights the
// same training ends elsewhere.
TEST_F(TrainTest, OptionsHaveTheirEffect) {
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

struct Misuse {
  Line arguments;
  std::string message;
};

TEST_F(TrainTest, MisuseIsSeenBeforeAnythingIsDone) {
  const std::string old = folder_.Write("old.pb", "old");
  const Line line = {"--data", "builtin:digits", "--output", old};
  std::filesystem::create_symlink("nothing", folder_.File("dangling"));
  const std::string too_many = std::to_string(
      std::max(64u, 4 * std::thread::hardware_concurrency()) + 1);
  for (const Misuse& misuse : std::vector<Misuse>{
           {{"--epochs", "0"}, "--epochs: expected a whole number from 1"},
           {{"--batch-norm", "--batch", "1"}, "one row has no variance"},
           {{"--epochs", "1e3"}, "--epochs: expected a whole number from 1"},
           {{"--epochs", "99999999999999999999"}, "--epochs: expected"},
           {{"--learning-rate", "nan"}, "--learning-rate: expected a number"},
           {{"--learning-rate", "-0.1"}, "--learning-rate: expected a number"},
           {{"--learning-rate", "0"}, "--learning-rate: expected a number"},
           {{"--learning-rate", "inf"}, "--learning-rate: expected a number"},
           {{"--l1", "-1"}, "--l1: expected a number of at least 0"},
           {{"--l2", "x"}, "--l2: expected a number of at least 0"},
           {{"--dropout", "1"}, "--dropout: expected a number"},
           {{"--dropout", "-0.1"}, "--dropout: expected a number"},
           {{"--dropout", "nan"}, "--dropout: expected a number"},
           {{"--batch-norm", "--model", "m.pb"}, "excludes"},
           {{"--dropout", "0.5", "--model", "m.pb"}, "excludes"},
           {{"--hidden", ""}, "--hidden: expected"},
           {{"--hidden", ","}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "1e99"}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "0"}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "9,9,9x"}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "1000000,1000000,1000000"},
            "--hidden: a model file holds"},
           {{"--batch", "-1"}, "--batch: expected"},
           {{"--seed", "-1"}, "--seed: expected"},
           {{"--threads", "0"}, "--threads: expected"},
           {{"--threads", too_many}, "--threads: expected"},
           {{"--optimizer", "adamax"}, "--optimizer: expected one of"},
           {{"--weight-decay", "0.1"}, "--weight-decay: adam has none"},
           {{"--weight-decay", "-1"}, "--weight-decay: expected a number"},
           {{"--clip-norm", "0"}, "--clip-norm: expected a number"},
           {{"--schedule", "linear"}, "--schedule: schedule 'linear': there"},
           {{"--schedule", "step:0:0.1"}, "--schedule: schedule step: the"},
           {{"--loss", "hinged"}, "--loss: expected one of"},
           {{"--loss", "huber"},
            "--loss huber: the data is for "
            "classification, which takes cross-entropy, binary"},
           {{"--activation", "maxout"}, "--activation: expected one of"},
           {{"--init", "ones"}, "--init: expected one of"},
           {{"--loss", "mse"}, "--loss mse: the data is for classification"},
           {{"--early-stop", "3"}, "--early-stop requires --validation"},
           {{"--validation", "2"},
            "--validation: as a share, expected a number "
            "above 0 and below 1, found '2'"},
           {{"--domain", "data:"}, "--domain: no data stands behind data:"},
           {{"--task", "regression"}, "--task belongs to CSV and NPY data"},
           {{"--domain", "1:0"}, "--domain: expected"},
           {{"--domain", "0:16,0:16"}, "--domain: expected one pair, or one"},
           {{"--domain", "declared"}, "--domain: only a model has"},
           {{"--log", old}, "--log and --output are one file"},
           {{"--log", folder_.path() + "/./old.pb"},
            "--log and --output are one file"},
           {{"--log", folder_.File("dangling")}, "symbolic link"},
           {{"--log", folder_.File("none/log")}, "there is no folder"},
           {{"--checkpoint", "c"}, "not expected: '--checkpoint'"},
           {{"--output", old}, "--output"},
       }) {
    const CommandResult result = Train(line, misuse.arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(misuse.message));
    EXPECT_THAT(result.err, HasSubstr("hint: see 'espalier train --help'"));
    EXPECT_THAT(result.out, IsEmpty());
  }
  std::string many = "1";
  for (int i = 0; i < 1000; ++i) many += ",1";
  EXPECT_EQ(Train(line, {"--hidden", many}).exit_code, 2);
  EXPECT_EQ(Train({"--data", "builtin:digits"}).exit_code, 2);
  EXPECT_EQ(Train({"--output", old}).exit_code, 2);
  EXPECT_EQ(
      Train({"--data", "builtin:digits", "--output", folder_.File("m.txt")})
          .exit_code,
      2);
  EXPECT_EQ(
      Train({"--data", "builtin:digits", "--output", folder_.File("no/m.pb")})
          .exit_code,
      2);
  EXPECT_EQ(folder_.Read("old.pb"), "old");
  EXPECT_THAT(folder_.Names(), UnorderedElementsAre("dangling", "old.pb"));
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
