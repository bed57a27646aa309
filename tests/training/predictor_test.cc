#include "training/predictor.h"

#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/builder.h"
#include "gtest/gtest.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "tests/testing/tensors.h"

namespace espalier {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

// y = w x, x is [N, 2, 1] in the domain [0, 1], w = 3.
Model Tripling() {
  GraphBuilder g("tripling");
  const Value x = g.Input("x", {kBatch, 2, 1});
  g.Output("y", Mul(x, g.Parameter("w", {}, Initializer::Zeros())));
  Model model;
  model.graph = g.Build().value();
  model.values["w"] = Tensor::Scalar(3);
  model.domains["x"] = InputDomain{{0, 0}, {1, 1}};
  return model;
}

Model PrunedOverItsDomain() {
  Model model = Tripling();
  HistoryEntry entry;
  entry.action = "prune";
  entry.grade = "domain";
  model.history.push_back(entry);
  return model;
}

PredictorOptions With(Outside outside) {
  PredictorOptions options;
  options.outside = outside;
  return options;
}

std::string Message(const absl::Status& status) {
  return std::string(status.message());
}

TEST(PredictorTest, AnswersInTheShapeOfTheQuestion) {
  Predictor predictor = Predictor::Create(Tripling()).value();
  EXPECT_EQ(predictor.Run(Floats({3, 2, 1}, {1, 2, 3, 4, 5, 6})).value(),
            Floats({3, 2, 1}, {3, 6, 9, 12, 15, 18}));
  EXPECT_EQ(predictor.Run(Floats({1, 2, 1}, {1, 2})).value(),
            Floats({1, 2, 1}, {3, 6}));
  EXPECT_EQ(predictor.Run(Floats({2, 2}, {1, 2, 3, 4})).value(),
            Floats({2, 2}, {3, 6, 9, 12}));
}

TEST(PredictorTest, RefusesOtherShapes) {
  Predictor predictor = Predictor::Create(Tripling()).value();
  EXPECT_EQ(Message(predictor.Run(Floats({1, 3}, {1, 2, 3})).status()),
            "input 'x': expected f32[N, 2, 1], found f32[1, 3]");
  EXPECT_FALSE(predictor.Run(Floats({2}, {1, 2})).ok());
}

TEST(PredictorTest, SeveralInputsAndOutputsGoByOrderOrName) {
  GraphBuilder g("two");
  const Value a = g.Input("a", {kBatch, 1});
  const Value b = g.Input("b", {kBatch, 1});
  g.Output("difference", Sub(a, b));
  g.Output("total", Sum(Add(a, b)));
  Model model;
  model.graph = g.Build().value();
  Predictor predictor = Predictor::Create(model).value();
  const Tensor x = Floats({2, 1}, {5, 7});
  const Tensor y = Floats({2, 1}, {1, 2});
  const std::vector<Tensor> listed = predictor.RunAll({x, y}).value();
  ASSERT_EQ(listed.size(), 2u);
  EXPECT_EQ(listed[0], Floats({2, 1}, {4, 5}));
  EXPECT_EQ(listed[1], Tensor::Scalar(15));
  const auto named = predictor.RunNamed({{"b", y}, {"a", x}}).value();
  EXPECT_EQ(named.at("difference"), listed[0]);
  EXPECT_EQ(named.at("total"), listed[1]);

  EXPECT_EQ(Message(predictor.Run(x).status()),
            "the model has 2 inputs and 2 outputs: expected one of each");
  EXPECT_EQ(Message(predictor.RunAll({x}).status()),
            "the model has 2 inputs, found 1");
  EXPECT_EQ(Message(predictor.RunNamed({{"a", x}}).status()),
            "input 'b' is not given");
  EXPECT_EQ(
      Message(predictor.RunNamed({{"a", x}, {"b", y}, {"c", y}}).status()),
      "the model has no input 'c'");
}

TEST(PredictorTest, LooksAtTheDomainIfToldOrIfAPruneStandsOnIt) {
  const Tensor outside = Floats({2, 2}, {0, 1, 0.5f, 1.5f});
  EXPECT_TRUE(Predictor::Create(Tripling()).value().Run(outside).ok());

  Predictor pruned = Predictor::Create(PrunedOverItsDomain()).value();
  const absl::Status refused = pruned.Run(outside).status();
  EXPECT_EQ(refused.code(), absl::StatusCode::kOutOfRange);
  EXPECT_EQ(Message(refused),
            "input 'x': sample 1, element 1 is 1.5: outside the domain "
            "[0, 1]");
  EXPECT_TRUE(pruned.Run(Floats({1, 2}, {0, 1})).ok());

  EXPECT_FALSE(Predictor::Create(Tripling(), With(Outside::kError))
                   .value()
                   .Run(outside)
                   .ok());
  EXPECT_TRUE(Predictor::Create(PrunedOverItsDomain(), With(Outside::kIgnore))
                  .value()
                  .Run(outside)
                  .ok());
}

TEST(PredictorTest, WarnsAndGoesOn) {
  Predictor predictor =
      Predictor::Create(PrunedOverItsDomain(), With(Outside::kWarn)).value();
  EXPECT_EQ(predictor.Run(Floats({1, 2}, {2, 1})).value(),
            Floats({1, 2}, {6, 3}));
  EXPECT_THAT(predictor.warning(), HasSubstr("sample 0, element 0 is 2"));
  ASSERT_TRUE(predictor.Run(Floats({1, 2}, {1, 1})).ok());
  EXPECT_EQ(predictor.warning(), "");
}

TEST(PredictorTest, SomeSamplesAtATime) {
  PredictorOptions options;
  options.batch_size = 2;
  options.outside = Outside::kWarn;
  Predictor predictor = Predictor::Create(Tripling(), options).value();
  std::vector<float> points;
  std::vector<float> tripled;
  for (int i = 0; i < 10; ++i) {
    points.push_back(static_cast<float>(i));
    tripled.push_back(static_cast<float>(3 * i));
  }
  EXPECT_EQ(predictor.Run(Floats({5, 2, 1}, points)).value(),
            Floats({5, 2, 1}, tripled));
  // Counted over all samples.
  EXPECT_THAT(predictor.warning(), HasSubstr("3 more of 5"));
  EXPECT_EQ(predictor.Run(Floats({5, 2}, points)).value(),
            Floats({5, 2}, tripled));
  points[9] = NAN;
  EXPECT_THAT(Message(predictor.Run(Floats({5, 2}, points)).status()),
              HasSubstr("samples from 4: "));
}

// What one sample gives depends on the others: they stay together.
TEST(PredictorTest, SamplesThatDependOnEachOther) {
  PredictorOptions options;
  options.batch_size = 2;
  for (bool over_batch : {false, true}) {
    GraphBuilder g("mixing");
    const Value x = g.Input("x", {kBatch, 1});
    g.Output("y", over_batch ? Scale(x, 1, true) : Sub(x, Mean(x, {0})));
    Model model;
    model.graph = g.Build().value();
    Predictor predictor = Predictor::Create(model, options).value();
    const Tensor y = predictor.Run(Floats({4, 1}, {4, 8, 12, 16})).value();
    EXPECT_EQ(y, over_batch ? Floats({4, 1}, {1, 2, 3, 4})
                            : Floats({4, 1}, {-6, -2, 2, 6}));
  }
}

TEST(PredictorTest, RefusesModelsThatAreNotReady) {
  Model incomplete = Tripling();
  incomplete.values.clear();
  EXPECT_THAT(Message(Predictor::Create(incomplete).status()),
              HasSubstr("'w' (parameter) has no value"));
  GraphBuilder g("counting");
  const Value count = g.State("count", {});
  g.Update(count, Add(count, g.Constant(1.0f)));
  g.Output("count", count);
  Model counting;
  counting.graph = g.Build().value();
  counting.values["count"] = Tensor::Scalar(0);
  EXPECT_THAT(Message(Predictor::Create(counting).status()),
              HasSubstr("has updates"));
}

TEST(OutsideTest, IsReadAndWritten) {
  for (Outside outside : {Outside::kError, Outside::kWarn, Outside::kIgnore}) {
    EXPECT_EQ(ParseOutside(OutsideName(outside)).value(), outside);
  }
  EXPECT_THAT(Message(ParseOutside("refuse").status()),
              AllOf(HasSubstr("'refuse'"), HasSubstr("error, warn, ignore")));
}

}  // namespace
}  // namespace espalier
