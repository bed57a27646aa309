#include "pruning/activity.h"

#include <limits>

#include "gmock/gmock.h"
#include "graph/builder.h"
#include "ops/layers.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

Model TwoUnits() {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  w = parameter(dtype="f32", shape=[2, 2], initializer="constant", initializer_value=0.0)
  b = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=0.0)
  z = dense(x, w, b)
  h = relu(z)
  output y = h
})"));
  model.values.at("w") = Matrix(2, {1, 0, 0, -1});
  model.values.at("b") = Row({0, -1});
  return model;
}

std::vector<LayerActivity> Measure(const Model& model,
                                   const std::vector<Tensor>& samples) {
  absl::StatusOr<ActivityMeter> meter = ActivityMeter::Create(model);
  EXPECT_TRUE(meter.ok()) << meter.status();
  if (!meter.ok()) return {};
  absl::StatusOr<std::vector<LayerActivity>> layers = meter->Measure(samples);
  EXPECT_TRUE(layers.ok()) << layers.status();
  return layers.ok() ? *layers : std::vector<LayerActivity>();
}

TEST(ActivityTest, CountsPerUnit) {
  const Model model = TwoUnits();
  // Units: x0, and -x1 - 1.
  const auto layers =
      Measure(model, {Matrix(4, {-1, 0, 2, -1, 3, 5, 3, -0.5f})});
  ASSERT_EQ(layers.size(), 1u);
  EXPECT_EQ(layers[0].relu, model.graph.Find("h"));
  EXPECT_THAT(layers[0].smallest, ElementsAre(-1, -6));
  EXPECT_THAT(layers[0].largest, ElementsAre(3, 0));
  EXPECT_THAT(layers[0].largest_at, ElementsAre(2, 1));
  EXPECT_THAT(layers[0].fired, ElementsAre(3, 0));
  EXPECT_THAT(layers[0].undefined, ElementsAre(0, 0));
}

TEST(ActivityTest, LargeGraphsTakeTheThreadsThatAreAskedFor) {
  const auto threads = [](int64_t width) {
    GraphBuilder g("g");
    g.Output("y", layers::Dense(g.Input("x", {kBatch, 1024}), width));
    return OptionsFor(*g.Build(), 3).threads;
  };
  EXPECT_EQ(threads(1), 1);
  EXPECT_EQ(threads(1024), 3);
}

TEST(ActivityTest, NumbersSamplesThroughAllBatches) {
  Tensor x(DataType::kF32, Shape({1000, 2}));
  x.data<float>()[2 * 777] = 5;
  x.data<float>()[2 * 888] = 4;
  const auto layers = Measure(TwoUnits(), {x});
  EXPECT_THAT(layers[0].largest_at, ElementsAre(777, 0));
  EXPECT_THAT(layers[0].fired, ElementsAre(2, 0));
}

TEST(ActivityTest, SeesOverflowAndNaN) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  e = exp(x)
  z = sub(e, e)
  ha = relu(e)
  hb = relu(z)
  output a = ha
  output b = hb
})"));
  const auto layers = Measure(model, {Matrix(2, {1, 1000})});
  EXPECT_THAT(layers[0].fired, ElementsAre(2));
  EXPECT_THAT(layers[0].largest,
              ElementsAre(std::numeric_limits<float>::infinity()));
  EXPECT_THAT(layers[1].fired, ElementsAre(0));
  EXPECT_THAT(layers[1].undefined, ElementsAre(1));
  EXPECT_THAT(layers[1].largest, ElementsAre(0));
}

TEST(ActivityTest, RunsFixedShapesOneByOne) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[1, 2])
  h = relu(x)
  output y = h
})"));
  const auto layers = Measure(
      model, {Tensor({3, 1, 2}, std::vector<float>{1, -2, 3, -4, -5, 6})});
  EXPECT_THAT(layers[0].largest, ElementsAre(3, 6));
  EXPECT_THAT(layers[0].fired, ElementsAre(2, 1));
  EXPECT_THAT(layers[0].largest_at, ElementsAre(1, 2));
}

TEST(ActivityTest, RunsSamplesThatMixOneByOne) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  m = mean(x; axes=[0], keep_axes=false)
  h = relu(m)
  output y = h
})"));
  // The mean of all three would be 0.
  const auto layers = Measure(model, {Matrix(3, {4, -2, -2})});
  EXPECT_THAT(layers[0].fired, ElementsAre(1));
  EXPECT_THAT(layers[0].largest, ElementsAre(4));
}

TEST(ActivityTest, CountsWhatDoesNotDependOnInputsOncePerSample) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  c = constant(value=f32[2]{1.0, -1.0})
  h = relu(c)
  y = add(x, h)
  output y = y
})"));
  const auto layers = Measure(model, {Matrix(300, std::vector<float>(300, 0))});
  EXPECT_THAT(layers[0].fired, ElementsAre(300, 0));
}

TEST(ActivityTest, WithoutRelusThereIsNothingToRun) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  y = neg(x)
  output y = y
})"));
  EXPECT_THAT(Measure(model, {Matrix(1, {1})}), IsEmpty());
}

TEST(ActivityTest, ErrorsNameTheInput) {
  const Model model = TwoUnits();
  absl::StatusOr<ActivityMeter> meter = ActivityMeter::Create(model);
  ASSERT_TRUE(meter.ok()) << meter.status();
  const auto message = [&](const std::vector<Tensor>& samples) {
    return std::string(meter->Measure(samples).status().message());
  };
  EXPECT_EQ(message({}), "expected samples of 1 inputs, found 0");
  EXPECT_EQ(message({Matrix(2, {1, 2, 3, 4, 5, 6})}),
            "samples of node 'x' (input) are f32[2, 3], expected f32[2, 2]");
  EXPECT_EQ(message({Tensor(DataType::kF32, Shape({0, 2}))}),
            "there are no samples");
  EXPECT_THAT(message({Matrix(1, {1, std::nanf("")})}), HasSubstr("'x'"));
}

TEST(ActivityTest, SampleAtTakesOneRow) {
  const Graph graph = Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  k = input(dtype="i32", shape=[-1])
  y = neg(x)
  output y = y
})");
  const std::vector<Tensor> sample = SampleAt(
      graph, {Matrix(2, {1, 2, 3, 4}), Tensor({2}, std::vector<int32_t>{5, 6})},
      1);
  EXPECT_EQ(sample[0], Matrix(1, {3, 4}));
  EXPECT_EQ(sample[1], Tensor({1}, std::vector<int32_t>{6}));
}

}  // namespace
}  // namespace espalier
