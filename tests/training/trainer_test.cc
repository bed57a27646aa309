#include "training/trainer.h"

#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "tests/serialization/scratch_folder.h"
#include "training/builtin.h"
#include "training/evaluate.h"
#include "training/fit.h"
#include "training/mlp.h"

namespace espalier {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

FitOptions Options() { return FitOptions().Epochs(3).BatchSize(16).Threads(1); }

absl::StatusOr<TrainResult> TrainMlp(const Dataset& data,
                                     const Optimizer& optimizer,
                                     const FitOptions& options) {
  GraphBuilder g("mlp");
  MlpOptions mlp;
  mlp.hidden = {8};
  const absl::StatusOr<Value> loss = BuildMlp(g, data, mlp);
  if (!loss.ok()) return loss.status();
  return Train(g, *loss, optimizer, data, options);
}

TrainResult Trained(const Dataset& data, const FitOptions& options) {
  return TrainMlp(data, optimizers::Adam(1e-2f), options).value();
}

std::string Error(const FitOptions& options, float learning_rate = 1e-2f) {
  return std::string(
      TrainMlp(builtin::Moons(64), optimizers::Sgd(learning_rate), options)
          .status()
          .message());
}

// The first weights of such a network, without a step of any size.
Model Untrained(const Dataset& data, const FitOptions& options) {
  return TrainMlp(data, optimizers::Sgd(0), FitOptions(options).Epochs(1))
      .value()
      .model;
}

// y = w x on 8 rows; in full batches the loss of epoch e is known.
struct Line {
  explicit Line(float slope) {
    x = g.Input("x", {kBatch, 1});
    t = g.Input("t", {kBatch, 1});
    y = Mul(x, g.Parameter("w", {}, Initializer::Constant(1)));
    g.Output("y", y);
    Tensor features(DataType::kF32, {8, 1});
    Tensor targets(DataType::kF32, {8, 1});
    for (int i = 0; i < 8; ++i) {
      features.data<float>()[i] = i % 2 == 0 ? 1 : -1;
      targets.data<float>()[i] = slope * features.data<float>()[i];
    }
    data = Dataset::Create(std::move(features), std::move(targets)).value();
  }

  absl::StatusOr<TrainResult> Train(float rate, const FitOptions& options) {
    return espalier::Train(g, MeanSquaredError(y, t), optimizers::Sgd(rate),
                           *data, options);
  }

  GraphBuilder g{"line"};
  Value x;
  Value t;
  Value y;
  absl::optional<Dataset> data;
};

TEST(TrainTest, TakesTheStepsOfGradientDescent) {
  // The loss is (w - 3)^2, its gradient 2 (w - 3): from 1 by rate 1/4 the
  // distance halves each step.
  Line line(3);
  std::vector<double> losses;
  const TrainResult result =
      line.Train(0.25f, FitOptions().Epochs(3).BatchSize(0).OnEpoch(
                            [&](const EpochReport& report) {
                              losses.push_back(report.loss);
                            }))
          .value();
  EXPECT_THAT(losses, ElementsAre(4, 1, 0.25));
  EXPECT_EQ(result.model.values.at("w"), Tensor::Scalar(2.75f));
  EXPECT_EQ(result.steps, 3);
  EXPECT_EQ(result.samples, 24);
  EXPECT_EQ(result.last.epoch, 3);
  EXPECT_EQ(result.kept.epoch, 3);
  EXPECT_FALSE(result.stopped_early);
}

TEST(TrainTest, TheScheduleGivesTheRateOfEachStep) {
  // From 1 towards 3 as above: a step at rate r leaves 1 - 2 r of the distance.
  Line line(3);
  std::vector<float> rates;
  const TrainResult result =
      line.Train(0.25f,
                 FitOptions()
                     .Epochs(3)
                     .BatchSize(4)
                     .Schedule(schedules::WarmUp(1, schedules::Step(1, 0.5)))
                     .OnEpoch([&](const EpochReport& report) {
                       rates.push_back(report.learning_rate);
                     }))
          .value();
  // By step: 1/8, 1/4; 1/4, 1/4; 1/8, 1/8.
  EXPECT_THAT(rates, ElementsAre(0.25f, 0.25f, 0.125f));
  const float left = 2 * 0.75f * 0.5f * 0.5f * 0.5f * 0.75f * 0.75f;
  EXPECT_EQ(result.model.values.at("w"), Tensor::Scalar(3 - left));
}

TEST(TrainTest, TheLossOfAnEpochIsTheMeanOverItsRows) {
  Line line(3);
  // Without a step every batch has the loss 4, also the short one.
  const TrainResult result =
      line.Train(0, FitOptions().Epochs(1).BatchSize(3)).value();
  EXPECT_DOUBLE_EQ(result.last.loss, 4);
  EXPECT_EQ(result.last.steps, 3);
}

TEST(TrainTest, GivesTheInferenceForm) {
  const Dataset moons = builtin::Moons(64);
  const Model model = Trained(moons, Options()).model;
  ASSERT_TRUE(Validate(model).ok());
  ASSERT_EQ(model.graph.inputs().size(), 1u);
  EXPECT_EQ(model.graph.node(model.graph.inputs()[0]).name, "x");
  ASSERT_EQ(model.graph.outputs().size(), 1u);
  EXPECT_EQ(model.graph.outputs()[0].name, "logits");
  EXPECT_TRUE(model.graph.updates().empty());
  EXPECT_EQ(model.values.size(), 4u);
  EXPECT_EQ(model.domains.at("x").lower, moons.domain()->lower);
  EXPECT_EQ(model.domains.at("x").upper, moons.domain()->upper);
  EXPECT_THAT(model.class_names, ElementsAre("upper", "lower"));
  EXPECT_EQ(model.producer, "espalier 0.1.0");
  EXPECT_TRUE(model.history.empty());
}

TEST(TrainTest, DropoutIsOfTrainingOnly) {
  const Dataset moons = builtin::Moons(128);
  GraphBuilder g("dropout");
  const Value x = g.Input("x", {kBatch, 2});
  const Value label = g.Input("label", {kBatch}, DataType::kI32);
  Value hidden = layers::Dense(x, 32, Activation::kRelu);
  hidden = layers::Dropout(hidden, 0.5f);
  hidden = layers::Dropout(layers::Dense(hidden, 16, Activation::kRelu), 0.25f);
  const Value logits = layers::Dense(hidden, 2);
  g.Output("logits", logits);
  const TrainResult result =
      Train(g, MeanSoftmaxCrossEntropy(logits, label), optimizers::Adam(1e-2f),
            moons,
            FitOptions().Epochs(60).BatchSize(32).Threads(1).Validation(
                *moons.test()))
          .value();
  for (const Node& node : result.model.graph.nodes()) {
    EXPECT_NE(node.op->kind(), "dropout");
  }
  EXPECT_TRUE(result.model.graph.states().empty());
  EXPECT_EQ(result.model.values.size(), 6u);
  // What was measured in training is what the model gives.
  const Evaluation after = Evaluate(result.model, *moons.test()).value();
  EXPECT_NEAR(*result.last.validation_loss, after.loss, 1e-5);
  EXPECT_GT(*after.accuracy, 0.85);
  // With dropout the same parameters fit the rows that they were trained on
  // less well.
  EXPECT_GT(result.last.loss,
            1.05 * Evaluate(result.model, moons).value().loss);
}

TEST(TrainTest, BatchNormAndDropoutEndToEnd) {
  const Dataset moons = builtin::Moons(130);
  for (const int64_t batch : {0, 43}) {  // 43: the last batch has one row
    GraphBuilder g("mlp");
    MlpOptions mlp;
    mlp.hidden = {32, 16};
    mlp.batch_norm = true;
    mlp.dropout = 0.2f;
    const Value loss = BuildMlp(g, moons, mlp).value();
    const TrainResult result =
        Train(g, loss, optimizers::Adam(1e-2f), moons,
              FitOptions().Epochs(60).BatchSize(batch).Threads(1).Validation(
                  *moons.test()))
            .value();
    const Graph& graph = result.model.graph;
    EXPECT_TRUE(graph.updates().empty());
    // Running mean and variance of two layers; no counter, no moments.
    EXPECT_EQ(graph.states().size(), 4u);
    for (const Node& node : graph.nodes()) {
      EXPECT_NE(node.op->kind(), "batch_mean");
      EXPECT_NE(node.op->kind(), "batch_variance");
      EXPECT_NE(node.op->kind(), "dropout");
    }
    const Tensor& mean =
        result.model.values.at("hidden_1/batch_norm/running_mean");
    EXPECT_NE(mean.data<float>()[0], 0);
    // Validation saw what the model gives, not statistics of its own rows.
    const Evaluation after = Evaluate(result.model, *moons.test()).value();
    EXPECT_NEAR(*result.last.validation_loss, after.loss, 1e-5);
    EXPECT_GT(*after.accuracy, 0.85);
    // A sample's result does not depend on the others of its batch.
    EvaluateOptions one;
    one.batch_size = 1;
    EXPECT_NEAR(Evaluate(result.model, *moons.test(), one).value().loss,
                after.loss, 1e-5);
  }
}

TEST(TrainTest, ABatchOfOneLeavesRunningVariancesAsTheyAre) {
  const Dataset moons = builtin::Moons(20);
  GraphBuilder g("mlp");
  MlpOptions mlp;
  mlp.hidden = {4};
  mlp.batch_norm = true;
  const Value loss = BuildMlp(g, moons, mlp).value();
  const Model model = Train(g, loss, optimizers::Sgd(0.01f), moons,
                            FitOptions().Epochs(1).BatchSize(1).Threads(1))
                          .value()
                          .model;
  for (float v :
       model.values.at("hidden_1/batch_norm/running_variance").data<float>()) {
    EXPECT_EQ(v, 1);
  }
}

TEST(TrainTest, MakesTheModelBetter) {
  const Dataset moons = builtin::Moons(128);
  const FitOptions options = FitOptions().Epochs(80).BatchSize(16).Threads(1);
  const Evaluation before =
      Evaluate(Untrained(moons, options), *moons.test()).value();
  const Evaluation after =
      Evaluate(Trained(moons, options).model, *moons.test()).value();
  EXPECT_LT(after.loss, 0.5 * before.loss);
  EXPECT_GT(*after.accuracy, 0.85);
}

TEST(TrainTest, TheSameSeedGivesTheSameBits) {
  const Dataset moons = builtin::Moons(50);
  const Model first = Trained(moons, Options().Seed(3)).model;
  EXPECT_EQ(Trained(moons, Options().Seed(3)).model.values, first.values);
  EXPECT_NE(Trained(moons, Options().Seed(4)).model.values, first.values);
}

TEST(TrainTest, StartsFromInitialValues) {
  const Dataset moons = builtin::Moons(50);
  const Model first = Trained(moons, Options()).model;
  EXPECT_EQ(Untrained(moons, Options().InitialValues(first.values)).values,
            first.values);
  EXPECT_THAT(Error(Options().InitialValues({{"v", Tensor::Scalar(1)}})),
              HasSubstr("initial value of 'v': the graph has no parameter"));
  EXPECT_THAT(
      Error(Options().InitialValues({{"output/bias", Tensor::Scalar(1)}})),
      AllOf(HasSubstr("initial values"), HasSubstr("output/bias")));
}

TEST(TrainTest, MeasuresValidationDataAfterEachEpoch) {
  const Dataset moons = builtin::Moons(64);
  std::vector<EpochReport> reports;
  const auto collect = [&](const EpochReport& report) {
    reports.push_back(report);
  };
  const TrainResult result =
      Trained(moons, Options().Validation(*moons.test()).OnEpoch(collect));
  ASSERT_EQ(reports.size(), 3u);
  const Evaluation last = Evaluate(result.model, *moons.test()).value();
  EXPECT_NEAR(*reports[2].validation_loss, last.loss, 1e-5);
  EXPECT_DOUBLE_EQ(*reports[2].validation_accuracy, *last.accuracy);
  EXPECT_NE(*reports[0].validation_loss, *reports[2].validation_loss);
}

TEST(TrainTest, HoldsAShareOfTheRowsBack) {
  const TrainResult result =
      Trained(builtin::Moons(50), Options().Epochs(1).Validation(0.2));
  EXPECT_EQ(result.samples, 40);
  EXPECT_TRUE(result.last.validation_loss.has_value());
}

TEST(TrainTest, StopsEarlyAndKeepsTheBestEpoch) {
  // Validation wants slope 2, which training towards 3 passes: w is 2, 2.5,
  // 2.75, so the first epoch is the best.
  Line line(3);
  const Dataset validation = *Line(2).data;
  const FitOptions options =
      FitOptions().Epochs(50).BatchSize(0).Validation(validation);
  const TrainResult result =
      line.Train(0.25f, FitOptions(options).EarlyStop(2)).value();
  EXPECT_TRUE(result.stopped_early);
  EXPECT_EQ(result.last.epoch, 3);
  EXPECT_EQ(result.kept.epoch, 1);
  EXPECT_EQ(*result.kept.validation_loss, 0);
  EXPECT_EQ(result.model.values.at("w"), Tensor::Scalar(2));
  // Without it the last epoch's values stay.
  Line other(3);
  const TrainResult full =
      other.Train(0.25f, FitOptions(options).Epochs(3)).value();
  EXPECT_EQ(full.model.values.at("w"), Tensor::Scalar(2.75f));
  EXPECT_FALSE(full.stopped_early);
}

TEST(TrainTest, WritesALineOfJsonPerEpoch) {
  const ScratchFolder folder;
  std::vector<std::string> expected;
  Trained(builtin::Moons(50), Options()
                                  .Validation(0.2)
                                  .Log(folder.File("log.jsonl"))
                                  .OnEpoch([&](const EpochReport& report) {
                                    expected.push_back(report.ToJson());
                                  }));
  std::vector<std::string> lines =
      absl::StrSplit(folder.Read("log.jsonl"), '\n');
  ASSERT_EQ(lines.size(), 4u);
  EXPECT_EQ(lines.back(), "");
  lines.pop_back();
  EXPECT_EQ(lines, expected);
  EXPECT_THAT(lines[0], HasSubstr("\"epoch\": 1, \"steps\": 3, "));
  EXPECT_THAT(Error(Options().Log(folder.File("none/log"))),
              HasSubstr("none/log'"));
}

TEST(TrainTest, ALossThatIsNoNumberEndsTheRun) {
  // Each step multiplies the distance by -199.
  Line line(3);
  const absl::Status status =
      line.Train(100, FitOptions().Epochs(1000).BatchSize(4)).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kOutOfRange);
  EXPECT_THAT(std::string(status.message()),
              AllOf(HasSubstr("epoch "), HasSubstr(", step "),
                    HasSubstr("the loss is inf: the training diverged")));
}

TEST(TrainTest, NoModelHoldsValuesThatAreNoNumbers) {
  // The first loss is still finite, the update after it overflows.
  Line line(3);
  EXPECT_THAT(
      std::string(line.Train(std::numeric_limits<float>::max(),
                             FitOptions().Epochs(1).BatchSize(0))
                      .status()
                      .message()),
      HasSubstr("the new value of node 'w': element 0 is inf: expected a "
                "finite number: the training diverged"));
}

TEST(TrainTest, RefusesOptionsOutOfRange) {
  EXPECT_THAT(Error(Options().Epochs(0)), HasSubstr("0 epochs"));
  EXPECT_THAT(Error(Options().BatchSize(-1)), HasSubstr("batch size -1"));
  EXPECT_THAT(Error(Options().Threads(-1)), HasSubstr("-1 threads"));
  EXPECT_THAT(Error(Options().Schedule(schedules::Exponential(0))),
              HasSubstr("schedule exponential: the factor is 0"));
  EXPECT_THAT(
      Error(Options().Schedule(schedules::Exponential(1e300))),
      HasSubstr("step 2: run: input 'learning_rate': element 0 is inf"));
  EXPECT_THAT(Error(Options().EarlyStop(-1)), HasSubstr("early stop"));
  EXPECT_THAT(Error(Options().EarlyStop(2)),
              HasSubstr("early stopping needs validation data"));
  EXPECT_THAT(Error(Options().Validation(1.5)), HasSubstr("share 1.5"));
  EXPECT_THAT(Error(Options().Validation(0.5).Validation(builtin::Moons(5))),
              HasSubstr("expected one of the two"));
  EXPECT_THAT(Error(Options(), std::numeric_limits<float>::infinity()),
              HasSubstr("learning rate inf"));
}

TEST(TrainTest, RefusesDataThatDoesNotFitTheGraph) {
  Line line(3);
  line.data = builtin::Moons(8);
  EXPECT_EQ(std::string(line.Train(0.1f, Options()).status().message()),
            "input 'x': expected f32[N, 1], found f32[8, 2]");
  Line other(3);
  EXPECT_THAT(
      std::string(other.Train(0.1f, Options().Validation(builtin::Moons(8)))
                      .status()
                      .message()),
      HasSubstr(absl::StrCat("validation: data '", builtin::Moons(8).name(),
                             "': input 'x'")));
}

TEST(TrainTest, AValidationLabelThatIsNoClassIsSeenBeforeTheFirstStep) {
  Dataset::Info info;
  info.name = "held out";
  const Dataset validation =
      Dataset::Create(Tensor(DataType::kF32, {3, 2}),
                      Tensor({3}, std::vector<int32_t>{0, 4, 1}), info)
          .value();
  int told = 0;
  FitOptions options = Options().Validation(validation);
  options.OnEpoch([&](const EpochReport&) { ++told; });
  options.on_progress = [&](const TrainProgress&) { ++told; };
  EXPECT_EQ(Error(options),
            "validation: data 'held out': label 4 of row 1: expected 0 to 1, "
            "of 2 classes");
  EXPECT_EQ(told, 0);
}

// Two heads over one layer, trained on the first of them, or one of `columns`.
TrainResult TrainHeads(int heads, int64_t columns, const FitOptions& options) {
  GraphBuilder g("heads");
  const Value x = g.Input("x", {kBatch, 2});
  const Value label = g.Input("label", {kBatch}, DataType::kI32);
  const Value hidden = layers::Dense(x, 4, Activation::kRelu);
  const Value logits = layers::Dense(hidden, columns);
  g.Output("logits", logits);
  if (heads == 2) g.Output("other", layers::Dense(hidden, 1));
  return Train(g, MeanSoftmaxCrossEntropy(logits, label), optimizers::Sgd(0.1f),
               builtin::Moons(64), options)
      .value();
}

TEST(TrainTest, TellsWhatAClassificationGoesWithout) {
  const FitOptions validated = Options().Validation(builtin::Moons(32));
  struct Case {
    int outputs;
    int64_t units;
    const char* warning;
    std::vector<std::string> class_names;
    bool has_accuracy;
  };
  for (const Case& heads :
       {Case{1, 2, "", {"upper", "lower"}, true},
        Case{2,
             2,
             "the graph has 2 outputs, the data 'moons' 2 classes: the model "
             "has no class names and validation no accuracy; expected one "
             "output f32[N, 2]",
             {},
             false},
        Case{1,
             5,
             "the graph has the output f32[N, 5], the data 'moons' 2 classes: "
             "the model has no class names; expected one output f32[N, 2]",
             {},
             true}}) {
    const TrainResult result =
        TrainHeads(heads.outputs, heads.units, validated);
    EXPECT_EQ(result.warning, heads.warning);
    EXPECT_EQ(result.model.class_names, heads.class_names) << heads.warning;
    EXPECT_EQ(result.last.validation_accuracy.has_value(), heads.has_accuracy)
        << heads.warning;
  }
  EXPECT_THAT(TrainHeads(2, 2, Options()).warning,
              AllOf(HasSubstr("the model has no class names; expected"),
                    Not(HasSubstr("accuracy"))));
  // Not of a regression, which has neither.
  EXPECT_EQ(Trained(builtin::Cosine(64), Options()).warning, "");
}

// The noise has variance 0.0064; a straight line leaves 0.47.
TEST(TrainTest, FitsACurveFromAnySeed) {
  for (uint64_t seed = 0; seed < 5; ++seed) {
    GraphBuilder g("cosine");
    const Value x = g.Input("x", {kBatch, 1});
    const Value target = g.Input("target", {kBatch, 1});
    const Value y = layers::Dense(layers::Dense(x, 30, Activation::kRelu), 1);
    g.Output("y", y);
    const absl::StatusOr<TrainResult> result =
        Train(g, MeanSquaredError(y, target), optimizers::Adam(1e-2f),
              builtin::Cosine(200),
              FitOptions().Epochs(1000).BatchSize(0).Seed(seed).Threads(1));
    ASSERT_TRUE(result.ok()) << result.status();
    EXPECT_LT(result->last.loss, 0.02) << seed;
  }
}

TEST(FitTest, GivesTheModelOfTrain) {
  const Dataset data = builtin::Cosine(30);
  const auto fit = [&](GraphBuilder& g) {
    const Value x = g.Input("x", {kBatch, 1});
    const Value target = g.Input("target", {kBatch, 1});
    const Value y = layers::Dense(x, 1);
    g.Output("y", y);
    return MeanSquaredError(y, target);
  };
  GraphBuilder first("first");
  const Model model =
      Fit(first, fit(first), optimizers::Sgd(0.1f), data, Options()).value();
  GraphBuilder second("second");
  const TrainResult result =
      Train(second, fit(second), optimizers::Sgd(0.1f), data, Options())
          .value();
  EXPECT_EQ(model.values, result.model.values);
}

}  // namespace
}  // namespace espalier
