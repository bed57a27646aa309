#include "transforms/derivative_products.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/named_activations.h"
#include "ops/reduce.h"
#include "tests/testing/graph_helpers.h"
#include "tests/testing/status_matchers.h"
#include "tests/transforms/test_models.h"
#include "transforms/autodiff.h"
#include "transforms/passes.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;

Model BuiltModel(GraphBuilder& g) {
  absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  return graph.ok() ? RandomModel(*graph) : Model();
}

void OutputAll(GraphBuilder& g, const std::vector<Value>& values,
               const std::string& prefix) {
  for (size_t i = 0; i < values.size(); ++i) {
    g.Output(absl::StrCat(prefix, i), values[i]);
  }
}

// Holds the outputs `product`0, 1... against central differences of the outputs
// `function`0, 1... as each leaf named moves along its vector.
void CheckAgainstDifferences(
    const Model& model, const std::map<std::string, std::string>& vector_of,
    const std::string& function, const std::string& product) {
  const LeafValues leaves = RandomLeaves(model);
  const double step = 1e-5;
  const auto moved = [&](double by) {
    LeafValues at = leaves;
    for (const auto& [leaf, vector] : vector_of) {
      DoubleTensor& x = at.at(leaf);
      for (int64_t i = 0; i < x.num_elements(); ++i) {
        x[i] += by * leaves.at(vector)[i];
      }
    }
    return Outputs(model, at);
  };
  const LeafValues here = Outputs(model, leaves);
  const LeafValues above = moved(step);
  const LeafValues below = moved(-step);
  int compared = 0;
  for (; here.count(absl::StrCat(product, compared)) > 0; ++compared) {
    const DoubleTensor& found = here.at(absl::StrCat(product, compared));
    const std::string f = absl::StrCat(function, compared);
    ASSERT_EQ(found.shape(), here.at(f).shape());
    double largest = 0;
    for (int64_t i = 0; i < found.num_elements(); ++i) {
      EXPECT_NEAR(found[i], (above.at(f)[i] - below.at(f)[i]) / (2 * step),
                  1e-8 * (1 + std::fabs(found[i])))
          << f << " " << i;
      largest = std::max(largest, std::fabs(found[i]));
    }
    EXPECT_GT(largest, 1e-3) << f;
  }
  EXPECT_GT(compared, 0);
}

TEST(JvpTest, OfANetworkFitsDifferences) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 3});
  const Value hidden = layers::Dense(x, 5, Activation::kTanh);
  const std::vector<Value> outputs = {layers::Dense(hidden, 2), Mean(hidden)};
  std::vector<Value> inputs = g.Parameters();
  inputs.push_back(x);
  std::vector<Value> tangents;
  std::map<std::string, std::string> tangent_of;
  for (const Value& input : inputs) {
    const std::string name = absl::StrCat("t", tangents.size());
    tangents.push_back(g.Input(name, input.shape()));
    tangent_of[input.node().name] = name;
  }
  OutputAll(g, outputs, "y");
  OutputAll(g, Jvp(outputs, inputs, tangents), "product");
  CheckAgainstDifferences(BuiltModel(g), tangent_of, "y", "product");
}

TEST(JvpTest, IsTheJacobianWrittenByHandTimesTheTangent) {
  // f(a, b) = (a0 a1 b, a0^2 + b): the Jacobian in (a0, a1, b) is
  // [a1 b, a0 b, a0 a1] and [2 a0, 0, 1].
  const auto product = [](absl::Span<const Value> in) {
    const Value a0 = Sum(Mul(in[0], in[0].builder()->Constant(Row({1, 0}))));
    const Value a1 = Sum(Mul(in[0], in[0].builder()->Constant(Row({0, 1}))));
    const std::vector<Value> y =
        Jvp({Mul(Mul(a0, a1), in[1]), Add(Square(a0), in[1])}, {in[0], in[1]},
            {in[2], in[3]});
    // Both in one number, 1000 times the first and the second.
    return Add(Scale(y[0], 1000), y[1]);
  };
  const auto scalar = [](double x) { return DoubleTensor(Shape(), x); };
  const double a0 = 2, a1 = 3, b = 5, t0 = 7, t1 = 11, tb = 13;
  EXPECT_EQ(
      Evaluate(product,
               {Vector({a0, a1}), scalar(b), Vector({t0, t1}), scalar(tb)})[0],
      1000 * (a1 * b * t0 + a0 * b * t1 + a0 * a1 * tb) + 2 * a0 * t0 + tb);
}

TEST(JvpTest, OfALinearMapIsTheMapOfTheTangent) {
  const auto product = [](absl::Span<const Value> in) {
    return Jvp({MatMul(in[0], in[1])}, {in[0]}, {in[2]})[0];
  };
  EXPECT_THAT(Evaluate(product, {Matrix(1, 2, {100, 100}),
                                 Matrix(2, 3, {1, 2, 3, 4, 5, 6}),
                                 Matrix(1, 2, {10, 1})})
                  .values(),
              ElementsAre(14, 25, 36));
}

TEST(JvpTest, AppliedTwiceGivesTheSecondDerivative) {
  // x^3 along t twice: 6 x t^2.
  const auto product = [](absl::Span<const Value> in) {
    const Value cube = Mul(in[0], Square(in[0]));
    return Jvp(Jvp({cube}, {in[0]}, {in[1]}), {in[0]}, {in[1]})[0];
  };
  EXPECT_THAT(
      Evaluate(product, {Vector({2, -3, 0}), Vector({1, 2, 5})}).values(),
      ElementsAre(12, -72, 0));
}

TEST(JvpTest, AnInputMayBeAnOutputAndAnInnerValue) {
  const auto product = [](absl::Span<const Value> in) {
    const Value inner = Scale(in[0], 100);  // what is before it is not moved
    const std::vector<Value> y = Jvp({inner, Square(inner)}, {inner}, {in[1]});
    return Add(y[0], y[1]);
  };
  EXPECT_THAT(Evaluate(product, {Vector({1, 2}), Vector({3, 5})}).values(),
              ElementsAre(3 + 200 * 3, 5 + 400 * 5));
}

TEST(JvpTest, IsZeroWhereNothingDependsOnTheInputs) {
  for (const bool with_input : {false, true}) {
    const auto product = [&](absl::Span<const Value> in) {
      const Value apart = Exp(in[1]);
      if (!with_input) return Jvp({apart}, {}, {})[0];
      return Jvp({apart}, {in[0]}, {in[0]})[0];
    };
    const DoubleTensor found =
        Evaluate(product, {Vector({1, 2}), Matrix(2, 1, {3, 5})});
    EXPECT_EQ(found.shape(), Shape({2, 1}));
    EXPECT_THAT(found.values(), ElementsAre(0, 0));
  }
}

TEST(JvpTest, ComputesOneProductMoreForEachOfTheForwardRun) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 3});
  Value y = x;
  for (int layer = 0; layer < 4; ++layer) {
    y = layers::Dense(y, 3, Activation::kTanh);
  }
  g.Output("product", Jvp({y}, {x}, {g.Input("t", x.shape())})[0]);
  ASSERT_OK_AND_ASSIGN(const Graph built, g.Build());
  ASSERT_OK_AND_ASSIGN(const Graph graph, RemoveDeadNodes(built));
  int products = 0;
  for (const Node& node : graph.nodes()) {
    products += AsMatMul(node).has_value() ? 1 : 0;
  }
  EXPECT_EQ(products, 4 + 4);
}

TEST(HvpTest, OfAQuadraticIsItsMatrixTimesTheVector) {
  // x^T A x / 2 for a matrix that is not symmetric: (A + A^T) / 2.
  const auto product = [](absl::Span<const Value> in) {
    const Value loss = Scale(Sum(Mul(MatMul(in[0], in[1]), in[0])), 0.5f);
    return Hvp(loss, {in[0]}, {in[2]})[0];
  };
  const DoubleTensor a = Matrix(3, 3, {2, 4, 6, 0, 10, 2, -2, 8, 6});
  EXPECT_THAT(Evaluate(product, {Matrix(1, 3, {0.3, -7, 2}), a,
                                 Matrix(1, 3, {1, 10, 100})})
                  .values(),
              ElementsAre(2 + 20 + 200, 2 + 100 + 500, 2 + 50 + 600));
}

TEST(HvpTest, OfANetworkFitsDifferencesOfTheGradients) {
  for (const bool classes : {false, true}) {
    GraphBuilder g("net");
    const Value x = g.Input("x", {kBatch, 3});
    const Value y = layers::Dense(layers::Dense(x, 4, Activation::kTanh), 2);
    const Value loss =
        classes ? MeanSoftmaxCrossEntropy(
                      y, g.Input("label", {kBatch}, DataType::kI32))
                : MeanSquaredError(y, g.Input("target", {kBatch, 2}));
    const std::vector<Value> inputs = g.Parameters();
    std::vector<Value> vectors;
    std::map<std::string, std::string> vector_of;
    for (const Value& input : inputs) {
      const std::string name = absl::StrCat("v", vectors.size());
      vectors.push_back(g.Input(name, input.shape()));
      vector_of[input.node().name] = name;
    }
    OutputAll(g, Gradients(loss, inputs), "gradient");
    OutputAll(g, Hvp(loss, inputs, vectors), "product");
    CheckAgainstDifferences(BuiltModel(g), vector_of, "gradient", "product");
  }
}

TEST(HvpTest, TakesAVectorThatDependsOnTheInputAsItIs) {
  // The Hessian of sum x^4 / 12 is diag(x^2); the vector is x itself.
  const auto product = [](absl::Span<const Value> in) {
    const Value loss = Scale(Sum(Square(Square(in[0]))), 1.0f / 12);
    return Hvp(loss, {in[0]}, {in[0]})[0];
  };
  const DoubleTensor found = Evaluate(product, {Vector({1, -2, 3})});
  EXPECT_NEAR(found[0], 1, 1e-6);
  EXPECT_NEAR(found[1], -8, 1e-6);
  EXPECT_NEAR(found[2], 27, 1e-5);
}

TEST(HvpTest, ALossThatIsLinearHasNone) {
  const auto product = [](absl::Span<const Value> in) {
    return Hvp(Sum(Scale(in[0], 3)), {in[0]}, {in[1]})[0];
  };
  EXPECT_THAT(Evaluate(product, {Vector({1, 2}), Vector({3, 4})}).values(),
              ElementsAre(0, 0));
}

TEST(DerivativeProductsTest, Errors) {
  const auto status = [](const std::function<void(GraphBuilder&)>& make) {
    GraphBuilder g("test");
    make(g);
    return g.status();
  };
  EXPECT_THAT(status([](GraphBuilder& g) {
                const Value x = g.Input("x", {2});
                EXPECT_EQ(Jvp({x}, {x}, {}).size(), 1u);
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "jvp: there are 1 inputs and 0 vectors: expected one "
                       "for each"));
  EXPECT_THAT(status([](GraphBuilder& g) {
                const Value x = g.Input("x", {2});
                EXPECT_FALSE(Jvp({x}, {x}, {g.Input("t", {3})})[0].valid());
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "jvp: the vector for node 'x' (input) is f32[3], "
                       "expected f32[2]"));
  EXPECT_THAT(status([](GraphBuilder& g) {
                const Value x = g.Input("x", {2});
                Jvp({g.Input("n", {2}, DataType::kI32)}, {x}, {x});
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "jvp: node 'n' (input) among the outputs is i32[2], "
                       "expected f32"));
  EXPECT_THAT(status([](GraphBuilder& g) {
                Jvp({g.Input("x", {2})}, {Value()}, {Value()});
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "jvp: a value among the inputs is empty or belongs to "
                       "another builder"));
  EXPECT_THAT(status([](GraphBuilder& g) {
                const Value x = g.Input("x", {2});
                EXPECT_FALSE(Hvp(Exp(x), {x}, {x})[0].valid());
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "gradients: the loss, node 'exp' (exp), is f32[2], "
                       "expected a scalar f32[]"));
  EXPECT_THAT(status([](GraphBuilder& g) {
                const Value x = g.Input("x", {2});
                Hvp(Sum(x), {x}, {g.Input("v", {kBatch})});
              }),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "hvp: the vector for node 'x' (input) is f32[N], "
                       "expected f32[2]"));
}

TEST(DerivativeProductsTest, DoNothingWithoutABuilderOrAfterAnError) {
  EXPECT_EQ(Jvp({Value(), Value()}, {Value()}, {Value()}).size(), 2u);
  EXPECT_EQ(Hvp(Value(), {Value(), Value()}, {Value()}).size(), 2u);
  GraphBuilder g("failed");
  const Value x = g.Input("x", {2});
  EXPECT_TRUE(Jvp({}, {x}, {x}).empty());
  EXPECT_TRUE(Hvp(Sum(x), {}, {}).empty());
  EXPECT_OK(g.status());
  g.Fail(absl::InternalError("first"));
  EXPECT_EQ(Jvp({x}, {x}, {}).size(), 1u);
  EXPECT_EQ(Hvp(Sum(x), {x}, {x}).size(), 1u);
  EXPECT_EQ(g.status().message(), "first");
}

}  // namespace
}  // namespace espalier
