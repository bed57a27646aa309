#include "training/class_names.h"

#include <utility>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "training/builtin.h"
#include "training/trainer.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Names = std::vector<std::string>;

// Of a network with `columns` columns of logits, and another output if it is to
// have two, trained under given names.
absl::StatusOr<TrainResult> TrainOn(const Dataset& data, int64_t columns,
                                    const Names& given, bool two = false) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 2});
  const Value label = g.Input("label", {kBatch}, DataType::kI32);
  const Value logits = layers::Dense(x, columns);
  g.Output("logits", logits);
  if (two) g.Output("other", layers::Dense(x, 1));
  return Train(
      g, MeanSoftmaxCrossEntropy(logits, label), optimizers::Sgd(0.1f), data,
      FitOptions().Epochs(1).Threads(1).ClassNames(given).Validation(data));
}

// Labels 0 and 1.
Dataset DataNamed(Names names) {
  Dataset::Info info;
  info.name = "rows";
  info.class_names = std::move(names);
  return Dataset::Create(Tensor(DataType::kF32, {2, 2}),
                         Tensor({2}, std::vector<int32_t>{0, 1}), info)
      .value();
}

TEST(ClassNamesTest, GivenNamesStay) {
  const Names given = {"upper", "lower"};
  // Those that the data makes up say nothing else, nor do the same.
  for (const Names& of_data : {Names(), given}) {
    const TrainResult result = TrainOn(DataNamed(of_data), 2, given).value();
    EXPECT_EQ(result.model.class_names, given);
    EXPECT_EQ(result.warning, "");
  }
  const Names more = {"a", "b", "c"};
  const TrainResult wider = TrainOn(DataNamed({}), 3, more).value();
  EXPECT_EQ(wider.model.class_names, more);
  EXPECT_EQ(wider.warning, "");
}

TEST(ClassNamesTest, TheFirstThatTheDataNamesOtherwiseIsTold) {
  TrainResult result =
      TrainOn(DataNamed({"upper", "left"}), 2, {"upper", "lower"}).value();
  EXPECT_THAT(result.model.class_names, ElementsAre("upper", "lower"));
  EXPECT_EQ(result.warning,
            "class 1 is 'lower' of the model and 'left' of the data 'rows': "
            "the model keeps its names");
  // Numbers in another order are not made up.
  result = TrainOn(DataNamed({"1", "0"}), 2, {"0", "1"}).value();
  EXPECT_THAT(result.warning, HasSubstr("class 0 is '0' of the model and '1'"));
}

TEST(ClassNamesTest, WithoutGivenOnesTheyAreTheDatas) {
  EXPECT_THAT(TrainOn(DataNamed({}), 2, {})->model.class_names,
              ElementsAre("0", "1"));
  EXPECT_THAT(TrainOn(DataNamed({"a", "b"}), 2, {})->model.class_names,
              ElementsAre("a", "b"));
  EXPECT_THAT(TrainOn(DataNamed({"a", "b"}), 3, {})->model.class_names,
              ElementsAre());
}

TEST(ClassNamesTest, GivenNamesDoNotHideThatThereIsNoAccuracy) {
  const TrainResult result =
      TrainOn(DataNamed({"b", "a"}), 2, {"a", "b"}, /*two=*/true).value();
  EXPECT_THAT(result.model.class_names, ElementsAre("a", "b"));
  EXPECT_EQ(result.warning,
            "the graph has 2 outputs, the data 'rows' 2 classes: validation "
            "has no accuracy; expected one output f32[N, 2]; class 0 is 'a' of "
            "the model and 'b' of the data 'rows': the model keeps its names");
}

TEST(ClassNamesTest, GivenNamesTellClassesApart) {
  EXPECT_EQ(TrainOn(DataNamed({}), 2, {"a", "a"}).status(),
            absl::InvalidArgumentError("class name 'a' stands twice"));
  EXPECT_EQ(TrainOn(DataNamed({}), 2, {"a", ""}).status(),
            absl::InvalidArgumentError("a class name is empty"));
}

TEST(ClassNamesTest, AnOutputHasToHaveAsManyElements) {
  EXPECT_EQ(
      TrainOn(DataNamed({}), 2, {"a"}).status(),
      absl::InvalidArgumentError(
          "there are 1 class names: expected none, or as many as the last "
          "dimension of an output"));
  EXPECT_TRUE(TrainOn(DataNamed({}), 2, {"a"}, /*two=*/true).ok());
}

}  // namespace
}  // namespace espalier
