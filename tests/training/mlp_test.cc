#include "training/mlp.h"

#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "runtime/executable.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "tests/testing/tensors.h"
#include "training/builtin.h"
#include "transforms/rewriter.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Dataset Data(Tensor features, Tensor targets,
             absl::optional<InputDomain> domain = absl::nullopt) {
  Dataset::Info info;
  info.name = "data";
  info.domain = std::move(domain);
  return Dataset::Create(std::move(features), std::move(targets), info).value();
}

MlpOptions Hidden(std::vector<int64_t> hidden) {
  MlpOptions options;
  options.hidden = std::move(hidden);
  return options;
}

// The graph with its loss as output "loss".
Graph Build(const Dataset& data, const MlpOptions& options) {
  GraphBuilder g("mlp");
  g.Output("loss", BuildMlp(g, data, options).value());
  return g.Build().value();
}

std::string Error(const Dataset& data, const MlpOptions& options) {
  GraphBuilder g("mlp");
  return std::string(BuildMlp(g, data, options).status().message());
}

// All rows of the data through the graph; weights and biases are drawn.
InterpretedRun RunRows(const Graph& graph, const Dataset& data) {
  LeafValues leaves;
  uint64_t stream = 0;
  for (const NodeId id : graph.parameters()) {
    const Node& node = graph.node(id);
    leaves[node.name] =
        DoubleTensor(Initializer::Normal(0.5f).Draw(node.type, 1, stream++));
  }
  leaves["x"] = DoubleTensor(data.features());
  const bool classes = data.task() == Task::kClassification;
  leaves[classes ? "label" : "target"] = DoubleTensor(data.targets());
  return Interpret(graph, leaves).value();
}

// What the first dense layer reads.
std::vector<double> Scaled(const Dataset& data) {
  const Graph graph = Build(data, Hidden({2}));
  const NodeId dense = graph.Find("hidden_1");
  return RunRows(graph, data).nodes[graph.node(dense).inputs[0]].values();
}

std::vector<std::string> ParameterNames(const Graph& graph) {
  std::vector<std::string> names;
  for (const NodeId id : graph.parameters()) {
    names.push_back(graph.node(id).name + graph.node(id).type.shape.ToString());
  }
  return names;
}

TEST(MlpTest, HasTheLayersAskedFor) {
  const Graph graph = Build(builtin::Digits(), Hidden({5, 3}));
  EXPECT_THAT(ParameterNames(graph),
              ElementsAre("hidden_1/weight[64, 5]", "hidden_1/bias[5]",
                          "hidden_2/weight[5, 3]", "hidden_2/bias[3]",
                          "output/weight[3, 10]", "output/bias[10]"));
  ASSERT_EQ(graph.inputs().size(), 2u);
  EXPECT_EQ(graph.node(graph.inputs()[0]).name, "x");
  EXPECT_EQ(graph.node(graph.inputs()[0]).type.ToString(), "f32[N, 64]");
  EXPECT_EQ(graph.node(graph.inputs()[1]).name, "label");
  EXPECT_EQ(graph.node(graph.inputs()[1]).type.ToString(), "i32[N]");
  EXPECT_EQ(graph.outputs()[0].name, "logits");
  EXPECT_NE(graph.Find("hidden_2/relu"), kNoNode);
}

TEST(MlpTest, MayHaveNoHiddenLayer) {
  EXPECT_THAT(ParameterNames(Build(builtin::Cosine(), Hidden({}))),
              ElementsAre("output/weight[1, 1]", "output/bias[1]"));
}

TEST(MlpTest, TakesActivationAndInitializer) {
  MlpOptions options = Hidden({2});
  options.activation = Activation::kTanh;
  options.init = WeightInit::kZero;
  const Graph graph = Build(builtin::Cosine(), options);
  EXPECT_NE(graph.Find("hidden_1/tanh"), kNoNode);
  for (const NodeId id : graph.parameters()) {
    const Initializer* initializer = LeafInitializer(*graph.node(id).op);
    EXPECT_EQ(initializer->kind, Initializer::Kind::kConstant);
    EXPECT_EQ(initializer->value, 0);
  }
  options.init = WeightInit::kHe;
  const Graph he = Build(builtin::Digits(), options);
  EXPECT_EQ(LeafInitializer(*he.node(he.Find("hidden_1/weight")).op)->value,
            Initializer::He(64).value);
}

TEST(MlpTest, DataInTheUnitIntervalIsTakenAsItIs) {
  const Graph graph = Build(builtin::Cosine(), Hidden({2}));
  EXPECT_EQ(graph.node(graph.Find("hidden_1")).inputs[0], graph.Find("x"));
}

TEST(MlpTest, ADomainIsMappedToTheUnitInterval) {
  const Tensor labels = Ints({0, 1});
  EXPECT_THAT(Scaled(Data(Floats({2, 2}, {0, 16, 4, 8}), labels,
                          InputDomain{{0, 0}, {16, 16}})),
              ElementsAre(0, 1, 0.25, 0.5));
  EXPECT_THAT(Scaled(Data(Floats({2, 2}, {-1, 3, 1, 2}), labels,
                          InputDomain{{-1, -1}, {3, 3}})),
              ElementsAre(0, 1, 0.5, 0.75));
  // By element; the last is fixed.
  EXPECT_THAT(Scaled(Data(Floats({2, 3}, {0, 2, 5, 4, 6, 5}), labels,
                          InputDomain{{0, 2, 5}, {4, 10, 5}})),
              ElementsAre(0, 0, 0, 1, 0.5, 0));
}

// What the first dense layer reads, as float32 kernels compute it.
std::vector<float> ScaledInFloat32(const Dataset& data) {
  const Graph graph = Build(data, Hidden({2}));
  Rewriter rewriter(graph);
  const NodeId scaled = graph.node(graph.Find("hidden_1")).inputs[0];
  for (NodeId id = 0; id <= scaled; ++id) rewriter.Copy(id);
  rewriter.builder().Output("scaled", rewriter.Get(scaled));
  const Graph front = rewriter.builder().Build().value();
  Session session =
      Session::Create(Executable::Compile(front).value(),
                      ParameterStore::Initialised(front, /*seed=*/1))
          .value();
  const absl::Status ran = session.Run({data.features()});
  EXPECT_TRUE(ran.ok()) << ran;
  const Tensor result = session.output(0).ToTensor();
  return {result.data<float>().begin(), result.data<float>().end()};
}

// Differences overflow, and one over the width is subnormal or infinite.
TEST(MlpTest, DomainsAsWideOrAsNarrowAsFloatsGo) {
  const float most = std::numeric_limits<float>::max();
  const float least = std::numeric_limits<float>::denorm_min();
  const Tensor labels = Ints({0, 1, 1});
  EXPECT_THAT(ScaledInFloat32(Data(Floats({3, 1}, {-most, 0, most}), labels,
                                   InputDomain{{-most}, {most}})),
              ElementsAre(0, 0.5, 1));
  EXPECT_THAT(ScaledInFloat32(Data(Floats({3, 2}, {-most, 1, 0, 3, most, 5}),
                                   labels, InputDomain{{-most, 1}, {most, 5}})),
              ElementsAre(0, 0, 0.5, 0.5, 1, 1));
  for (float x : ScaledInFloat32(Data(Floats({3, 1}, {0, least, 0}), labels,
                                      InputDomain{{0}, {least}}))) {
    EXPECT_TRUE(std::abs(x) <= 1) << x;
  }
  // Without a domain likewise: the standard deviation is near `most`.
  for (float x :
       ScaledInFloat32(Data(Floats({3, 1}, {-most, most, most}), labels))) {
    EXPECT_TRUE(std::abs(x) > 0.5 && std::abs(x) < 2) << x;
  }
}

TEST(MlpTest, OtherDataIsStandardised) {
  const std::vector<double> scaled = Scaled(
      Data(Floats({4, 3}, {1, 10, 0.1f, 2, 30, 0.1f, 3, 10, 0.1f, 4, 30, 0.1f}),
           Ints({0, 1, 0, 1})));
  for (size_t column = 0; column < 3; ++column) {
    double sum = 0;
    double squares = 0;
    for (size_t row = 0; row < 4; ++row) {
      sum += scaled[3 * row + column];
      squares += scaled[3 * row + column] * scaled[3 * row + column];
    }
    EXPECT_NEAR(sum, 0, 1e-5) << column;
    // The last column never changes.
    EXPECT_NEAR(squares / 4, column == 2 ? 0 : 1, 1e-5) << column;
  }
}

TEST(MlpTest, RegressionWithoutADomainLearnsTheStandardisedTarget) {
  const Dataset data = Data(Floats({4, 1}, {1, 2, 3, 4}),
                            Floats({4, 2}, {1000, 0.5f, 3000, 0.5f,  //
                                            1000, 0.5f, 3000, 0.5f}));
  const Graph graph = Build(data, Hidden({3}));
  const InterpretedRun run = RunRows(graph, data);
  const DoubleTensor& raw = run.nodes[graph.Find("output")];
  const DoubleTensor& y = run.outputs.at("y");
  double loss = 0;
  for (int64_t row = 0; row < 4; ++row) {
    EXPECT_NEAR(y[2 * row], 2000 + 1000 * raw[2 * row], 1e-3);
    EXPECT_NEAR(y[2 * row + 1], 0.5 + raw[2 * row + 1], 1e-6);
    const double first = raw[2 * row] - (row % 2 == 0 ? -1 : 1);
    loss += first * first + raw[2 * row + 1] * raw[2 * row + 1];
  }
  EXPECT_NEAR(run.outputs.at("loss")[0], loss / 8, 1e-6);
}

TEST(MlpTest, PenaltiesCountWeightsAndNotBiases) {
  const Dataset data = builtin::Cosine(5);
  MlpOptions options = Hidden({2});
  const double plain =
      RunRows(Build(data, options), data).outputs.at("loss")[0];
  double absolute = 0;
  double square = 0;
  const Graph graph = Build(data, options);
  const InterpretedRun run = RunRows(graph, data);
  for (const char* name : {"hidden_1/weight", "output/weight"}) {
    for (const double w : run.nodes[graph.Find(name)].values()) {
      absolute += std::abs(w);
      square += w * w;
    }
  }
  options.l1 = 0.5f;
  EXPECT_NEAR(RunRows(Build(data, options), data).outputs.at("loss")[0],
              plain + 0.5 * absolute, 1e-6);
  options.l2 = 0.25f;
  EXPECT_NEAR(RunRows(Build(data, options), data).outputs.at("loss")[0],
              plain + 0.5 * absolute + 0.25 * square, 1e-6);
}

TEST(MlpTest, RefusesGapsBetweenClasses) {
  EXPECT_EQ(Error(Data(Floats({2, 1}, {1, 2}), Ints({0, 2})), Hidden({})),
            "data 'data': no row has the label 1, but there are labels up to "
            "2: classes are numbered from 0 without gaps");
}

TEST(MlpTest, RefusesOptionsOutOfRange) {
  EXPECT_THAT(Error(builtin::Cosine(), Hidden({0})),
              HasSubstr("expected at least 1 unit"));
  MlpOptions options;
  options.l1 = -1;
  EXPECT_THAT(Error(builtin::Cosine(), options), HasSubstr("penalty"));
  options.l1 = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(Error(builtin::Cosine(), options), HasSubstr("penalty"));
}

TEST(WeightInitTest, IsReadAndWritten) {
  for (WeightInit init :
       {WeightInit::kHe, WeightInit::kGlorot, WeightInit::kZero}) {
    EXPECT_EQ(ParseWeightInit(WeightInitName(init)).value(), init);
  }
  EXPECT_FALSE(ParseWeightInit("xavier").ok());
}

}  // namespace
}  // namespace espalier
