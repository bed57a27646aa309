#include "training/evaluate.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "graph/builder.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "ops/softmax.h"
#include "tests/testing/tensors.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

// The model whose output is f of its input [N, columns].
Model ModelOf(int64_t columns, Value (*f)(Value)) {
  GraphBuilder g("model");
  g.Output("y", f(g.Input("x", {kBatch, columns})));
  Model model;
  model.graph = g.Build().value();
  return model;
}

Value Same(Value x) { return Identity(x); }
Value Double(Value x) { return Scale(x, 2); }
Value Probabilities(Value x) { return Softmax(x); }
Value LogProbabilities(Value x) { return LogSoftmax(x); }

// Logits of three classes; rows 0 and 2 are right, row 3 ties 1 with 2.
Dataset Classes() {
  const std::vector<int32_t> labels = {0, 1, 2, 2};
  return Dataset::Create(Floats({4, 3}, {2, 0, 0,  //
                                         1, 0, 0,  //
                                         0, 0, 3,  //
                                         0, 1, 1}),
                         Tensor({4}, labels))
      .value();
}

double Row(double a, double b, double c, double label) {
  return std::log(std::exp(a) + std::exp(b) + std::exp(c)) - label;
}

TEST(EvaluateTest, ClassificationByHand) {
  const double loss =
      (Row(2, 0, 0, 2) + Row(1, 0, 0, 0) + Row(0, 0, 3, 3) + Row(0, 1, 1, 1)) /
      4;
  for (int64_t batch_size : {0, 1, 3, 100}) {
    EvaluateOptions options;
    options.batch_size = batch_size;
    const Evaluation result =
        Evaluate(ModelOf(3, Same), Classes(), options).value();
    EXPECT_EQ(result.samples, 4);
    EXPECT_NEAR(result.loss, loss, 1e-6);
    EXPECT_DOUBLE_EQ(result.accuracy.value(), 0.5);
    ASSERT_EQ(result.classes.size(), 3u);
    EXPECT_EQ(result.classes[0].samples, 1);
    EXPECT_EQ(result.classes[0].correct, 1);
    EXPECT_EQ(result.classes[1].samples, 1);
    EXPECT_EQ(result.classes[1].correct, 0);
    EXPECT_EQ(result.classes[2].samples, 2);
    EXPECT_EQ(result.classes[2].correct, 1);
  }
}

TEST(EvaluateTest, OutputsMayBeProbabilitiesAlready) {
  const double loss = Evaluate(ModelOf(3, Same), Classes()).value().loss;
  EXPECT_NEAR(Evaluate(ModelOf(3, Probabilities), Classes()).value().loss, loss,
              1e-6);
  EXPECT_NEAR(Evaluate(ModelOf(3, LogProbabilities), Classes()).value().loss,
              loss, 1e-6);
}

TEST(EvaluateTest, RegressionByHand) {
  const Dataset data = Dataset::Create(Floats({3, 2}, {1, 2, 3, 4, 5, 6}),
                                       Floats({3, 2}, {2, 4, 6, 8, 10, 15}))
                           .value();
  const Evaluation result = Evaluate(ModelOf(2, Double), data).value();
  EXPECT_EQ(result.samples, 3);
  EXPECT_NEAR(result.loss, 9.0 / 6, 1e-6);
  EXPECT_FALSE(result.accuracy.has_value());
  EXPECT_TRUE(result.classes.empty());
}

// Over all elements, in the order of a row: `right` of the label's, `wrong` of
// the others.
double EachClass(double (*right)(double), double (*wrong)(double)) {
  const double rows[4][3] = {{2, 0, 0}, {1, 0, 0}, {0, 0, 3}, {0, 1, 1}};
  const int labels[] = {0, 1, 2, 2};
  double sum = 0;
  for (int row = 0; row < 4; ++row) {
    for (int j = 0; j < 3; ++j) {
      sum += (labels[row] == j ? right : wrong)(rows[row][j]);
    }
  }
  return sum / 12;
}

TEST(EvaluateTest, TheLossThatIsAskedFor) {
  const auto loss = [](const Model& model, const Dataset& data,
                       const std::string& name) {
    EvaluateOptions options;
    options.batch_size = 3;  // the last batch is short
    options.loss = name;
    const Evaluation result = Evaluate(model, data, options).value();
    EXPECT_EQ(result.loss_name, name);
    return result.loss;
  };
  EXPECT_NEAR(loss(ModelOf(3, Same), Classes(), "hinge"),
              EachClass([](double x) { return std::max(0.0, 1 - x); },
                        [](double x) { return std::max(0.0, 1 + x); }),
              1e-12);
  EXPECT_NEAR(loss(ModelOf(3, Same), Classes(), "binary-cross-entropy"),
              EachClass([](double x) { return std::log1p(std::exp(-x)); },
                        [](double x) { return std::log1p(std::exp(x)); }),
              1e-12);
  // Errors 1, 0, -3, 0.5, 0 and 0: 2 y is the output.
  const Dataset numbers =
      Dataset::Create(Floats({6, 1}, {1, 2, 3, 4, 5, 6}),
                      Floats({6, 1}, {1, 4, 9, 7.5f, 10, 12}))
          .value();
  EXPECT_NEAR(loss(ModelOf(1, Double), numbers, "mse"), 10.25 / 6, 1e-12);
  EXPECT_NEAR(loss(ModelOf(1, Double), numbers, "mae"), 4.5 / 6, 1e-12);
  EXPECT_NEAR(loss(ModelOf(1, Double), numbers, "huber"),
              (0.5 + 2.5 + 0.125) / 6, 1e-12);
  // None asked for.
  EXPECT_EQ(Evaluate(ModelOf(3, Same), Classes()).value().loss_name,
            "cross-entropy");
  EXPECT_EQ(Evaluate(ModelOf(1, Double), numbers).value().loss_name, "mse");
}

TEST(EvaluateTest, RefusesALossThatDoesNotFit) {
  const auto error = [](const Model& model, const std::string& name) {
    EvaluateOptions options;
    options.loss = name;
    return std::string(Evaluate(model, Classes(), options).status().message());
  };
  EXPECT_THAT(error(ModelOf(3, Same), "mse"), HasSubstr("classification"));
  EXPECT_THAT(error(ModelOf(3, Probabilities), "hinge"),
              HasSubstr("the output is a softmax"));
}

TEST(EvaluateTest, RefusesWhatDoesNotFit) {
  const auto error = [](const Model& model, const Dataset& data) {
    return std::string(Evaluate(model, data).status().message());
  };
  EXPECT_THAT(error(ModelOf(2, Same), Classes()),
              HasSubstr("label 2 of row 2: expected 0 to 1, of 2 classes"));
  EXPECT_THAT(error(ModelOf(4, Same), Classes()),
              HasSubstr("input 'x': expected f32[N, 4], found f32[4, 3]"));
  const Dataset numbers =
      Dataset::Create(Floats({1, 3}, {1, 2, 3}), Floats({1, 1}, {1})).value();
  EXPECT_EQ(error(ModelOf(3, Same), numbers),
            "the output is f32[N, 3], the data '' is a regression: "
            "expected f32[N, 1], an element for each of a row's targets");
  GraphBuilder g("two");
  const Value x = g.Input("x", {kBatch, 3});
  g.Output("a", Identity(x));
  g.Output("b", Identity(x));
  Model two;
  two.graph = g.Build().value();
  EXPECT_THAT(error(two, Classes()), HasSubstr("2 outputs"));
}

}  // namespace
}  // namespace espalier
