#include "pruning/prune.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "gmock/gmock.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "pruning/activity.h"
#include "pruning/probes.h"
#include "runtime/executable.h"
#include "runtime/lowering.h"
#include "runtime/parameter_store.h"
#include "runtime/session.h"
#include "tests/pruning/lowered_pass_op.h"
#include "tests/pruning/mnist_network.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

PruneResult PruneIt(const Model& model,
                    const PruneOptions& options = PruneOptions()) {
  absl::StatusOr<PruneResult> result = Prune(model, options);
  EXPECT_TRUE(result.ok()) << result.status();
  if (!result.ok()) return {};
  EXPECT_TRUE(Validate(result->model).ok()) << Validate(result->model);
  for (const LayerReport& layer : result->report.layers) {
    EXPECT_EQ(layer.units, static_cast<int64_t>(layer.zero_units.size() +
                                                layer.observed_units.size()) +
                               layer.alive + layer.unknown)
        << layer.name;
  }
  return *std::move(result);
}

void ExpectSameModels(const Model& a, const Model& b) {
  EXPECT_EQ(PrintGraph(a.graph), PrintGraph(b.graph));
  EXPECT_TRUE(a.values == b.values);
  EXPECT_EQ(a.history.size(), b.history.size());
  ASSERT_EQ(a.domains.size(), b.domains.size());
  for (const auto& [name, domain] : a.domains) {
    EXPECT_EQ(domain.lower, b.domains.at(name).lower);
    EXPECT_EQ(domain.upper, b.domains.at(name).upper);
  }
}

// Output 0 as the runtime gives it.
Tensor RunModel(const Model& model, const std::vector<Tensor>& inputs) {
  auto executable = Executable::Compile(model.graph);
  EXPECT_TRUE(executable.ok()) << executable.status();
  auto store = ParameterStore::FromValues(model.graph, model.values);
  EXPECT_TRUE(store.ok()) << store.status();
  auto session = Session::Create(*executable, *store);
  EXPECT_TRUE(session.ok()) << session.status();
  const std::vector<TensorView> views(inputs.begin(), inputs.end());
  const absl::Status ran = session->Run(views);
  EXPECT_TRUE(ran.ok()) << ran;
  return session->output(0).ToTensor();
}

TEST(PruneTest, SettlesARealNetwork) {
  const Model model = MnistNetwork();
  const PruneResult result = PruneIt(model);
  ASSERT_THAT(result.report.layers, SizeIs(2));
  const LayerReport& first = result.report.layers[0];
  const LayerReport& second = result.report.layers[1];
  EXPECT_THAT(first.zero_units, SizeIs(29));
  EXPECT_THAT(first.active_units, SizeIs(31));
  EXPECT_EQ(first.alive, 71);
  EXPECT_EQ(first.removed_units, first.zero_units);
  EXPECT_THAT(second.zero_units, SizeIs(13));
  EXPECT_THAT(second.active_units, SizeIs(34));
  EXPECT_EQ(second.alive, 87);
  EXPECT_EQ(result.report.removed(), 42);
  EXPECT_EQ(result.report.parameters_before, 89610);
  EXPECT_EQ(result.report.parameters_after, 62879);
  EXPECT_THAT(result.witnesses, SizeIs(71 + 87));

  ASSERT_THAT(result.model.history, SizeIs(1));
  const HistoryEntry& entry = result.model.history[0];
  EXPECT_EQ(entry.action, "prune");
  EXPECT_EQ(entry.grade, "domain");
  EXPECT_THAT(entry.reason, HasSubstr("interval bounds"));
  ASSERT_THAT(entry.layers, SizeIs(2));
  EXPECT_EQ(entry.layers[1].node, "h1");
  EXPECT_EQ(entry.layers[1].units_before, 100);
  EXPECT_EQ(entry.layers[1].removed, second.zero_units);
  EXPECT_EQ(result.model.domains.at("x").upper, model.domains.at("x").upper);

  // Once more removes nothing.
  ExpectSameModels(PruneIt(result.model).model, result.model);
}

// Weights of removed units set to zero, shapes kept.
Model Masked(Model model, const PruneReport& report) {
  const auto zero = [&](const std::string& name, int64_t row_step,
                        int64_t column_step, int64_t count, int64_t unit) {
    const absl::Span<float> values = model.values.at(name).data<float>();
    for (int64_t i = 0; i < count; ++i) {
      values[static_cast<size_t>(i * row_step + unit * column_step)] = 0;
    }
  };
  for (size_t layer = 0; layer < 2; ++layer) {
    const std::string here = std::to_string(layer);
    const std::string next = std::to_string(layer + 1);
    const int64_t inputs = model.values.at("w" + here).shape().dim(0);
    const int64_t outputs = model.values.at("w" + next).shape().dim(1);
    for (int64_t unit : report.layers[layer].removed_units) {
      zero("w" + here, 100, 1, inputs, unit);
      zero("b" + here, 0, 1, 1, unit);
      zero("w" + next, 1, outputs, outputs, unit);
    }
  }
  return model;
}

// How far two float32 runs of the network may be apart for one sample: in each
// layer, twice the rounding of a sum of K products and a bias, and what the
// layer before already differs by.
std::vector<double> AllowedDifference(const Model& model,
                                      const std::vector<double>& x) {
  std::vector<double> h = x;
  std::vector<double> e(x.size(), 0);
  for (const char* layer : {"0", "1", "2"}) {
    const Tensor& w = model.values.at(std::string("w") + layer);
    const Tensor& b = model.values.at(std::string("b") + layer);
    const auto units = static_cast<size_t>(b.num_elements());
    std::vector<double> z(units);
    std::vector<double> error(units);
    for (size_t u = 0; u < units; ++u) {
      double sum = b.data<float>()[u];
      double sum_abs = std::fabs(sum);
      double carried = 0;
      for (size_t k = 0; k < h.size(); ++k) {
        const double weight = w.data<float>()[k * units + u];
        sum += weight * h[k];
        sum_abs += std::fabs(weight) * (std::fabs(h[k]) + e[k]);
        carried += std::fabs(weight) * e[k];
      }
      z[u] = layer[0] == '2' ? sum : std::max(sum, 0.0);
      error[u] =
          carried + 2 * static_cast<double>(h.size() + 2) * 0x1p-24 * sum_abs;
    }
    h = z;
    e = error;
  }
  return e;
}

TEST(PruneTest, MaskedIsEqualToTheBitAndCompactWithinRounding) {
  const Model model = MnistNetwork();
  const PruneResult result = PruneIt(model);
  const std::vector<Tensor> inputs =
      MakeProbes(model.graph, model.domains, 64, /*seed=*/5);
  const Tensor before = RunModel(model, inputs);
  EXPECT_EQ(RunModel(Masked(model, result.report), inputs), before);
  const Tensor after = RunModel(result.model, inputs);
  double largest_share = 0;
  for (size_t sample = 0; sample < 64; ++sample) {
    const auto row = inputs[0].data<float>().subspan(784 * sample, 784);
    const std::vector<double> allowed =
        AllowedDifference(model, {row.begin(), row.end()});
    for (size_t j = 0; j < 10; ++j) {
      const double difference =
          std::fabs(static_cast<double>(before.data<float>()[10 * sample + j]) -
                    after.data<float>()[10 * sample + j]);
      EXPECT_LE(difference, allowed[j]);
      largest_share = std::max(largest_share, difference / allowed[j]);
    }
  }
  RecordProperty("largest_share_of_the_bound", std::to_string(largest_share));
}

TEST(PruneTest, WitnessesFireInsideTheDomainAndStay) {
  const Model model = MnistNetwork();
  const PruneResult result = PruneIt(model);
  LeafValues leaves;
  for (const auto& [name, value] : model.values) {
    leaves[name] = DoubleTensor(value);
  }
  for (const Witness& witness : result.witnesses) {
    EXPECT_GT(witness.pre_activation, 0);
    ASSERT_THAT(witness.inputs, SizeIs(1));
    EXPECT_EQ(witness.inputs[0].shape(), Shape({1, 784}));
    for (float x : witness.inputs[0].data<float>())
      ASSERT_TRUE(x >= 0 && x <= 1);
    const size_t layer = witness.layer == "h0" ? 0 : 1;
    const auto& removed = result.report.layers[layer].removed_units;
    EXPECT_FALSE(
        std::binary_search(removed.begin(), removed.end(), witness.unit));
    leaves["x"] = DoubleTensor(witness.inputs[0]);
    const InterpretedRun run = *Interpret(model.graph, leaves);
    const NodeId read =
        model.graph.node(model.graph.Find(witness.layer)).inputs[0];
    EXPECT_NEAR(run.nodes[static_cast<size_t>(read)][witness.unit],
                witness.pre_activation, 1e-3);
  }
}

// A random network over a box with planted dead units; all others fire at one
// point of the box. Layers read any layer before them, so some are read by
// several and some by none.
struct Planted {
  Model model;
  std::vector<std::vector<int64_t>> dead;  // by ReLU
};

// What is known of a layer's results: the range of each, and its value at the
// point where the living fire.
struct KnownValues {
  Value value;
  std::vector<double> lower;
  std::vector<double> upper;
  std::vector<double> point;
};

class Planter {
 public:
  explicit Planter(uint64_t seed) : random_(seed, RandomPurpose::kData, 5) {}

  Planted Plant() {
    AddInput();
    const int64_t hidden = 1 + Below(4);
    for (int64_t layer = 0; layer < hidden; ++layer) AddLayer(2 + Below(12));
    g_.Output("y", AddHead(layers_.back(), 2));
    g_.Output("y2", AddHead(Source(), 1));
    planted_.model.graph = *g_.Build();
    return planted_;
  }

 private:
  int64_t Below(uint32_t bound) { return random_.Below(position_++, bound); }
  float Normal() { return static_cast<float>(random_.Normal(position_++)); }
  // The last layer, or now and then another one or the input.
  const KnownValues& Source() {
    if (Below(3) > 0) return layers_.back();
    return layers_[static_cast<size_t>(
        Below(static_cast<uint32_t>(layers_.size())))];
  }

  void AddInput() {
    const int64_t inputs = 1 + Below(6);
    KnownValues x;
    x.value = g_.Input("x", {kBatch, inputs});
    InputDomain& box = planted_.model.domains["x"];
    for (int64_t i = 0; i < inputs; ++i) {
      const float lower = Normal();
      const float upper = lower + std::fabs(Normal());
      box.lower.push_back(lower);
      box.upper.push_back(upper);
      x.lower.push_back(lower);
      x.upper.push_back(upper);
      x.point.push_back(lower + random_.Uniform(position_++) * (upper - lower));
    }
    layers_.push_back(x);
  }

  // A dense node on random weights; `make_bias` gives the bias of a unit from
  // the least, the largest and the point's value of its product.
  template <typename MakeBias>
  Value Product(const KnownValues& source, int64_t units, MakeBias make_bias) {
    const auto before = static_cast<int64_t>(source.point.size());
    Tensor w(DataType::kF32, Shape({before, units}));
    Tensor b(DataType::kF32, Shape({units}));
    for (float& weight : w.data<float>()) weight = Normal();
    for (int64_t u = 0; u < units; ++u) {
      double low = 0;
      double high = 0;
      double there = 0;
      for (int64_t k = 0; k < before; ++k) {
        const auto at = static_cast<size_t>(k);
        const double weight =
            w.data<float>()[static_cast<size_t>(k * units + u)];
        low += std::min(weight * source.lower[at], weight * source.upper[at]);
        high += std::max(weight * source.lower[at], weight * source.upper[at]);
        there += weight * source.point[at];
      }
      b.data<float>()[static_cast<size_t>(u)] =
          static_cast<float>(make_bias(u, low, high, there));
    }
    const std::string number = std::to_string(products_++);
    const Value y =
        Dense(source.value,
              g_.Parameter("w" + number, w.shape(), Initializer::Zeros()),
              g_.Parameter("b" + number, b.shape(), Initializer::Zeros()));
    planted_.model.values["w" + number] = w;
    planted_.model.values["b" + number] = b;
    return y;
  }

  Value AddHead(const KnownValues& source, int64_t units) {
    return Product(source, units,
                   [](int64_t, double, double, double) { return 0.5; });
  }

  void AddLayer(int64_t units) {
    KnownValues layer;
    std::vector<int64_t> dead;
    const Value z = Product(
        Source(), units, [&](int64_t u, double low, double high, double there) {
          // One unit lives in each layer, so that what is above can.
          const bool dies = u > 0 && Below(3) == 0;
          if (dies) dead.push_back(u);
          // Margins that float32 rounding of this size cannot take away.
          const double margin = 0.001 + 1e-4 * (high - low);
          const double bias = dies ? -high - margin : 50 * margin - there;
          layer.lower.push_back(std::max(low + bias, 0.0));
          layer.upper.push_back(std::max(high + bias, 0.0));
          layer.point.push_back(std::max(there + bias, 0.0));
          return bias;
        });
    layer.value = Relu(z);
    layers_.push_back(layer);
    planted_.dead.push_back(dead);
  }

  RandomStream random_;
  uint64_t position_ = 0;
  GraphBuilder g_{"planted"};
  int products_ = 0;
  std::vector<KnownValues> layers_;
  Planted planted_;
};

TEST(PruneTest, FindsExactlyWhatWasPlanted) {
  int64_t planted_units = 0;
  for (uint64_t seed = 1; seed <= 1000; ++seed) {
    const Planted planted = Planter(seed).Plant();
    const PruneResult result = PruneIt(planted.model);
    ASSERT_THAT(result.report.layers, SizeIs(planted.dead.size()));
    for (size_t i = 0; i < planted.dead.size(); ++i) {
      const LayerReport& layer = result.report.layers[i];
      EXPECT_EQ(layer.removed_units, planted.dead[i]) << seed;
      EXPECT_EQ(layer.unknown, 0) << seed << " " << layer.name;
      planted_units += static_cast<int64_t>(planted.dead[i].size());
    }
    LeafValues leaves = RandomLeaves(planted.model, 20);
    const std::vector<Tensor> probes =
        MakeProbes(planted.model.graph, planted.model.domains, 20, seed);
    leaves["x"] = DoubleTensor(probes[0]);
    LeafValues leaves_after = RandomLeaves(result.model, 20);
    leaves_after["x"] = leaves["x"];
    // The interpreter adds in index order, where a zero term changes nothing.
    const LeafValues before = Outputs(planted.model, leaves);
    const LeafValues after = Outputs(result.model, leaves_after);
    EXPECT_EQ(before.at("y").values(), after.at("y").values());
    EXPECT_EQ(before.at("y2").values(), after.at("y2").values());
    ExpectSameModels(PruneIt(result.model).model, result.model);
  }
  EXPECT_GT(planted_units, 2500);
}

TEST(PruneTest, NoUnitRemovedFiresOnManyRandomInputs) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    const Planted planted = Planter(seed).Plant();
    const PruneResult result = PruneIt(planted.model);
    absl::StatusOr<ActivityMeter> meter = ActivityMeter::Create(planted.model);
    ASSERT_TRUE(meter.ok()) << meter.status();
    const auto activity = meter->Measure(MakeProbes(
        planted.model.graph, planted.model.domains, 10000, seed + 100));
    ASSERT_TRUE(activity.ok()) << activity.status();
    for (size_t i = 0; i < activity->size(); ++i) {
      for (int64_t unit : result.report.layers[i].removed_units) {
        EXPECT_EQ((*activity)[i].fired[static_cast<size_t>(unit)], 0);
      }
    }
  }
}

// A random network whose weights are zeros of both signs, subnormal, ordinary
// and huge, with leaky layers, sums of branches, and products in both forms.
class Extremes {
 public:
  explicit Extremes(uint64_t seed) : random_(seed, RandomPurpose::kData, 6) {}

  Model Make() {
    const int64_t inputs = 1 + Below(4);
    Value h = g_.Input("x", {kBatch, inputs});
    InputDomain& box = model_.domains["x"];
    for (int64_t i = 0; i < inputs; ++i) {
      const float end = Number();
      const float other = Below(3) == 0 ? end : Number();
      box.lower.push_back(std::min(end, other));
      box.upper.push_back(std::max(end, other));
    }
    const int64_t layers = 1 + Below(3);
    for (int64_t layer = 0; layer < layers; ++layer) {
      Value z = Product(h, 2 + Below(6));
      if (Below(4) == 0) z = LeakyRelu(z, 0.25f);
      Value unit = Relu(z);
      if (Below(3) == 0) {
        unit = Add(unit, Product(unit, unit.shape().dim(1)));
      }
      h = unit;
    }
    g_.Output("y", Product(h, 2));
    model_.graph = *g_.Build();
    return model_;
  }

 private:
  int64_t Below(uint32_t bound) { return random_.Below(position_++, bound); }
  float Number() {
    const auto normal = static_cast<float>(random_.Normal(position_++));
    switch (Below(16)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return 0.0f;
      case 4:
        return -0.0f;
      case 5:
        return normal * 1e-40f;
      case 6:
        return normal * 1e30f;
      case 7:
      case 8:
        return -1;
      default:
        return normal;
    }
  }
  Value Leaf(const std::string& name, const Shape& shape) {
    Tensor value(DataType::kF32, shape);
    for (float& x : value.data<float>()) x = Number();
    model_.values[name] = std::move(value);
    return g_.Parameter(name, shape, Initializer::Zeros());
  }
  Value Product(Value h, int64_t units) {
    const std::string number = std::to_string(products_++);
    const Value w = Leaf("w" + number, {h.shape().dim(1), units});
    const Value b = Leaf("b" + number, {units});
    return Below(2) == 0 ? Dense(h, w, b) : Add(MatMul(h, w), b);
  }

  RandomStream random_;
  uint64_t position_ = 0;
  GraphBuilder g_{"extremes"};
  int products_ = 0;
  Model model_;
};

TEST(PruneTest, ExtremeNumbersRefuteNoProof) {
  constexpr int64_t kInputs = 10000;
  int64_t proven = 0;
  int64_t removed = 0;
  int64_t without_overflow = 0;
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    const Model model = Extremes(seed).Make();
    for (const Grade grade : {Grade::kDomain, Grade::kAllInputs}) {
      PruneOptions options;
      options.grade = grade;
      const PruneResult result = PruneIt(model, options);
      const std::map<std::string, InputDomain> box =
          grade == Grade::kDomain ? model.domains
                                  : CompleteDomains(model.graph, {}, 1e6f);
      absl::StatusOr<ActivityMeter> meter = ActivityMeter::Create(model);
      ASSERT_TRUE(meter.ok()) << meter.status();
      const auto activity =
          meter->Measure(MakeProbes(model.graph, box, kInputs, seed + 300));
      ASSERT_TRUE(activity.ok()) << activity.status();
      bool finite = true;
      for (const LayerActivity& layer : *activity) {
        for (size_t i = 0; i < layer.fired.size(); ++i) {
          finite = finite && layer.undefined[i] == 0 &&
                   std::isfinite(layer.smallest[i]) &&
                   std::isfinite(layer.largest[i]);
        }
      }
      // For all inputs nothing is claimed of those that make values overflow.
      if (grade == Grade::kAllInputs && !finite) continue;
      without_overflow += finite ? 1 : 0;
      for (size_t i = 0; i < activity->size(); ++i) {
        for (int64_t unit : result.report.layers[i].zero_units) {
          const auto at = static_cast<size_t>(unit);
          EXPECT_EQ((*activity)[i].fired[at], 0) << seed << " unit " << unit;
          EXPECT_EQ((*activity)[i].undefined[at], 0) << seed;
          ++proven;
        }
      }
      removed += result.report.removed();
      LeafValues leaves = RandomLeaves(model, 100);
      leaves["x"] =
          DoubleTensor(MakeProbes(model.graph, box, 100, seed + 600)[0]);
      LeafValues leaves_after = RandomLeaves(result.model, 100);
      leaves_after["x"] = leaves["x"];
      EXPECT_EQ(Outputs(model, leaves).at("y").values(),
                Outputs(result.model, leaves_after).at("y").values())
          << seed;
    }
  }
  EXPECT_GT(proven, 500);
  EXPECT_GT(removed, 300);
  EXPECT_GT(without_overflow, 200);
}

// One input x in [0, 1] and units x, x - 2, x - 0.5, 1.
Model FourUnits() {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  w1 = parameter(dtype="f32", shape=[1, 4], initializer="constant", initializer_value=0.0)
  b1 = parameter(dtype="f32", shape=[4], initializer="constant", initializer_value=0.0)
  w2 = parameter(dtype="f32", shape=[4, 1], initializer="constant", initializer_value=0.0)
  b2 = parameter(dtype="f32", shape=[1], initializer="constant", initializer_value=0.0)
  z = dense(x, w1, b1)
  h = relu(z)
  y = dense(h, w2, b2)
  output y = y
})"));
  model.values.at("w1") = Matrix(1, {1, 1, 1, 0});
  model.values.at("b1") = Row({0, -2, -0.5f, 1});
  model.domains["x"] = {{0}, {1}};
  return model;
}

TEST(PruneTest, AUnitMadeOfItsBiasIsNotDead) {
  const PruneResult result = PruneIt(FourUnits());
  EXPECT_THAT(result.report.layers[0].removed_units, ElementsAre(1));
  EXPECT_THAT(result.report.layers[0].active_units, ElementsAre(0, 3));
  EXPECT_EQ(result.report.layers[0].alive, 3);
}

TEST(PruneTest, GradeDataRemovesWhatWasNotSeen) {
  PruneOptions options;
  options.grade = Grade::kData;
  options.samples = {Matrix(3, {0.125f, 0.25f, 0.5f})};
  const Model model = FourUnits();
  const PruneResult result = PruneIt(model, options);
  const LayerReport& layer = result.report.layers[0];
  EXPECT_THAT(layer.zero_units, ElementsAre(1));
  EXPECT_THAT(layer.observed_units, ElementsAre(2));
  EXPECT_THAT(layer.removed_units, ElementsAre(1, 2));
  EXPECT_EQ(layer.alive, 2);
  EXPECT_NEAR(layer.observed_limit, 1 - std::cbrt(0.05), 1e-15);
  EXPECT_EQ(result.report.samples, 3);
  EXPECT_EQ(result.model.history[0].grade, "data");
  EXPECT_EQ(result.model.history[0].reason,
            "the units removed were zero on all 3 samples");
  EXPECT_THAT(result.report.ToString(),
              HasSubstr("h: 1 unit was zero on all 3 samples; with 95% "
                        "confidence it fires on at most 63% of such inputs"));
  // The same samples do not make grade domain remove it; a probe wakes it.
  options.grade = Grade::kDomain;
  const LayerReport domain = PruneIt(model, options).report.layers[0];
  EXPECT_THAT(domain.removed_units, ElementsAre(1));
  EXPECT_EQ(domain.alive, 3);
}

TEST(PruneTest, GradeDataNeedsNoDomain) {
  Model model = FourUnits();
  model.domains.clear();
  PruneOptions options;
  options.grade = Grade::kData;
  options.samples = {Matrix(2, {0.25f, 0.5f})};
  const LayerReport layer = PruneIt(model, options).report.layers[0];
  EXPECT_THAT(layer.zero_units, IsEmpty());
  EXPECT_THAT(layer.removed_units, ElementsAre(1, 2));
}

TEST(PruneTest, AUnitThatIsNaNOnASampleWasNotSeenZero) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 2])
  e = exp(x)
  z = sub(e, e)
  h = relu(z)
  output y = h
})"));
  PruneOptions options;
  options.grade = Grade::kData;
  options.samples = {Matrix(2, {1, 1, 1, 1000})};
  const LayerReport layer = PruneIt(model, options).report.layers[0];
  EXPECT_THAT(layer.observed_units, ElementsAre(0));
  EXPECT_EQ(layer.unknown, 1);
}

TEST(PruneTest, GradeAllInputsIgnoresTheDomain) {
  Model model = FourUnits();
  model.values.at("w1") = Matrix(1, {1, 1, 0, 0});
  model.values.at("b1") = Row({-3000, -2, -0.0f, 1});
  PruneOptions options;
  options.grade = Grade::kAllInputs;
  const PruneResult result = PruneIt(model, options);
  const LayerReport& layer = result.report.layers[0];
  EXPECT_THAT(layer.zero_units, ElementsAre(2));
  EXPECT_THAT(layer.removed_units, ElementsAre(2));
  EXPECT_THAT(layer.active_units, ElementsAre(2, 3));
  EXPECT_EQ(layer.alive, 3);
  EXPECT_EQ(result.model.history[0].grade, "all-inputs");
  // Grade domain takes what is dead in the domain too, and says the weaker.
  const PruneResult weaker = PruneIt(model);
  EXPECT_THAT(weaker.report.layers[0].removed_units, ElementsAre(0, 1, 2));
  EXPECT_EQ(weaker.model.history[0].grade, "domain");
  // What needs no domain is told as such.
  model.values.at("b1") = Row({0, 0, -1, 1});
  EXPECT_EQ(PruneIt(model).model.history[0].grade, "all-inputs");
}

TEST(PruneTest, DomainsGivenReplaceTheDeclaredAndTravel) {
  const Model model = FourUnits();
  PruneOptions options;
  options.domains = {{"x", {{0}, {0.5f}}}};
  const PruneResult result = PruneIt(model, options);
  EXPECT_THAT(result.report.layers[0].zero_units, ElementsAre(1));
  EXPECT_EQ(result.report.layers[0].unknown, 1);  // x - 0.5 at its edge
  EXPECT_EQ(result.model.domains.at("x").upper[0], 0.5f);
}

TEST(PruneTest, ADomainInWhichUnitsWereRemovedIsNotWidened) {
  const Model pruned = PruneIt(FourUnits()).model;
  ASSERT_EQ(pruned.history[0].grade, "domain");
  PruneOptions options;
  for (const Grade grade : {Grade::kAllInputs, Grade::kDomain, Grade::kData}) {
    options.grade = grade;
    options.samples = {Matrix(1, {0.25f})};
    options.domains = {{"x", {{0}, {30}}}};
    const absl::Status refused = Prune(pruned, options).status();
    EXPECT_TRUE(absl::IsInvalidArgument(refused)) << refused;
    EXPECT_EQ(refused.message(),
              "input 'x', element 0: the new domain 0:30 is not inside 0:1, "
              "for which units were removed");
    options.domains = std::map<std::string, InputDomain>();
    EXPECT_FALSE(Prune(pruned, options).ok());
  }
  options.grade = Grade::kDomain;
  options.domains = {{"x", {{0.25f}, {0.375f}}}};
  EXPECT_THAT(PruneIt(pruned, options).report.layers[0].removed_units,
              ElementsAre(1));
}

TEST(PruneTest, InputsThatReachNoReluAreFreeInThePrunedModel) {
  Model model = FourUnits();
  GraphBuilder g("two");
  const Value x = g.Input("x", {kBatch, 1});
  const Value side = g.Input("side", {kBatch, 1});
  const Value h = Relu(Dense(x, g.Parameter("w1", {1, 4}, Initializer::Zeros()),
                             g.Parameter("b1", {4}, Initializer::Zeros())));
  g.Output("y", Add(Dense(h, g.Parameter("w2", {4, 1}, Initializer::Zeros()),
                          g.Parameter("b2", {1}, Initializer::Zeros())),
                    side));
  model.graph = *g.Build();
  const PruneResult result = PruneIt(model);
  EXPECT_EQ(result.report.removed(), 1);
  const InputDomain& free = result.model.domains.at("side");
  EXPECT_THAT(free.lower, ElementsAre(-std::numeric_limits<float>::max()));
  EXPECT_THAT(free.upper, ElementsAre(std::numeric_limits<float>::max()));
  ExpectSameModels(PruneIt(result.model).model, result.model);
}

TEST(PruneTest, AModelThatTakesTooMuchMemoryIsRefused) {
  for (const Shape& shape :
       {Shape({kBatch, 2147483647}), Shape({kBatch, 65536, 32767}),
        // Few bytes of bounds, but a sample for each of as many units.
        Shape({kBatch, 65536})}) {
    GraphBuilder g("g");
    g.Output("y", Relu(g.Input("x", shape)));
    Model model;
    model.graph = *g.Build();
    const absl::Status refused = Prune(model, Grade::kAllInputs).status();
    EXPECT_TRUE(absl::IsResourceExhausted(refused)) << refused;
    EXPECT_THAT(std::string(refused.message()),
                HasSubstr("bytes; the limit is 4294967296"));
  }
  // Once z is known, x, w1, b1, w2, b2 and z; and a sample per unit.
  const Model small = FourUnits();
  PruneOptions options;
  options.max_bytes = (1 + 4 + 4 + 4 + 1 + 4) * 16 + 4 * 4;
  EXPECT_TRUE(Prune(small, options).ok()) << Prune(small, options).status();
  --options.max_bytes;
  EXPECT_TRUE(absl::IsResourceExhausted(Prune(small, options).status()));
}

TEST(PruneTest, NothingToRemoveGivesTheModelBack) {
  Model model = FourUnits();
  model.values.at("b1") = Row({0, 0, 0, 1});
  model.history.push_back({"prune", "data", "before", {}});
  PruneOptions options;
  options.domains = {{"x", {{0}, {2}}}};
  const PruneResult result = PruneIt(model, options);
  ExpectSameModels(result.model, model);
  EXPECT_EQ(result.report.parameters_after, result.report.parameters_before);
}

TEST(PruneTest, SaysWhyProvenUnitsStay) {
  Model model = FourUnits();
  const std::string text = PrintGraph(model.graph);
  std::string shown = text;
  shown.replace(shown.find("output y"), 8, "output h = h\n  output y");
  model.graph = Parse(shown);
  const PruneResult result = PruneIt(model);
  const LayerReport& layer = result.report.layers[0];
  EXPECT_THAT(layer.zero_units, ElementsAre(1));
  EXPECT_THAT(layer.removed_units, IsEmpty());
  EXPECT_EQ(layer.refusal, "node 'h' (relu) is the output 'h'");
  EXPECT_THAT(result.report.ToString(),
              HasSubstr("h: units stay: node 'h' (relu) is the output 'h'"));
  ExpectSameModels(result.model, model);
}

// Zero units of layer 1 make layer 2 exact: its unit with bias 0 is then zero
// without any rounding, which the first pass cannot know.
TEST(PruneTest, ProvesAgainOnWhatIsLeft) {
  Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  w1 = parameter(dtype="f32", shape=[1, 2], initializer="constant", initializer_value=0.0)
  b1 = parameter(dtype="f32", shape=[2], initializer="constant", initializer_value=0.0)
  w2 = parameter(dtype="f32", shape=[2, 3], initializer="constant", initializer_value=0.0)
  b2 = parameter(dtype="f32", shape=[3], initializer="constant", initializer_value=0.0)
  w3 = parameter(dtype="f32", shape=[3, 1], initializer="constant", initializer_value=0.0)
  b3 = parameter(dtype="f32", shape=[1], initializer="constant", initializer_value=0.0)
  z1 = dense(x, w1, b1)
  h1 = relu(z1)
  z2 = dense(h1, w2, b2)
  h2 = relu(z2)
  y = dense(h2, w3, b3)
  output y = y
})"));
  model.values.at("b1") = Row({-9, -9});
  model.values.at("b2") = Row({0, 1, -1});
  model.domains["x"] = {{0}, {1}};
  const PruneResult result = PruneIt(model);
  EXPECT_THAT(result.report.layers[0].removed_units, ElementsAre(0, 1));
  EXPECT_THAT(result.report.layers[1].removed_units, ElementsAre(0, 2));
  ExpectSameOutputs(model, result.model);
  ExpectSameModels(PruneIt(result.model).model, result.model);
}

TEST(PruneTest, TwoRelusInARowShareTheirUnits) {
  Model model = FourUnits();
  std::string text = PrintGraph(model.graph);
  text.replace(text.find("y: f32[N, 1] = dense(h"), 22,
               "again = relu(h)\n  y: f32[N, 1] = dense(again");
  model.graph = Parse(text);
  const PruneResult result = PruneIt(model);
  EXPECT_THAT(result.report.layers[0].removed_units, ElementsAre(1));
  EXPECT_THAT(result.report.layers[1].removed_units, ElementsAre(1));
  EXPECT_EQ(result.report.layers[1].refusal, "");
  const Graph& graph = result.model.graph;
  EXPECT_EQ(graph.node(graph.Find("again")).type.shape, Shape({kBatch, 3}));
  ExpectSameModels(PruneIt(result.model).model, result.model);
}

TEST(PruneTest, WithoutRelusThereIsNothingToDo) {
  const Model model = RandomModel(Parse(R"(graph g {
  x = input(dtype="f32", shape=[-1, 1])
  y = neg(x)
  output y = y
})"));
  const PruneResult result = PruneIt(model);
  EXPECT_THAT(result.report.layers, IsEmpty());
  ExpectSameModels(result.model, model);
}

TEST(PruneTest, ErrorsSayWhatIsMissing) {
  const Model good = FourUnits();
  const auto message = [](const Model& model, const PruneOptions& options) {
    return std::string(Prune(model, options).status().message());
  };
  Model model = good;
  model.domains.clear();
  EXPECT_EQ(message(model, {}),
            "grade domain needs a domain for input 'x', which has none");
  EXPECT_EQ(std::string(Prune(good, Grade::kData).status().message()),
            "grade data needs samples");
  PruneOptions options;
  options.samples = {Matrix(2, {0.5f, 1.5f})};
  EXPECT_EQ(message(good, options),
            "node 'x' (input): sample 1, element 0 is 1.5: outside the domain "
            "[0, 1]");
  options.samples = {Matrix(1, {0.5f, 0.5f})};
  EXPECT_THAT(message(good, options), HasSubstr("expected f32[1, 1]"));
  options.samples.clear();
  options.domains = {{"z", {{0}, {1}}}};
  EXPECT_THAT(message(good, options), HasSubstr("domain of 'z'"));
  model = good;
  model.values.at("w1").data<float>()[0] = std::nanf("");
  EXPECT_THAT(message(model, {}),
              HasSubstr("'w1': element 0 is nan: expected"));
}

// Bounds that lie: the unit is called zero and fires.
class LyingOp : public LoweredPassOp {
 public:
  IntervalTensor Bounds(absl::Span<const IntervalTensor* const> inputs,
                        const Shape& /*output*/) const override {
    IntervalTensor bounds = *inputs[0];
    for (double& upper : bounds.upper) upper = -1;
    for (double& lower : bounds.lower) lower = -1;
    return bounds;
  }
};

TEST(PruneTest, AProofThatASampleRefutesIsAnInternalError) {
  GraphBuilder g("g");
  const Value x = g.Input("x", {kBatch, 1});
  g.Output("y", Relu(Apply(std::make_shared<LyingOp>(), {x}), "h"));
  Model model;
  model.graph = *g.Build();
  model.domains["x"] = {{0}, {1}};
  PruneOptions options;
  options.samples = {Matrix(1, {0.5f})};
  const absl::Status status = Prune(model, options).status();
  EXPECT_EQ(status.code(), absl::StatusCode::kInternal);
  EXPECT_EQ(status.message(),
            "unit 0 of 'h' was proven zero and fires on sample 0");
}

TEST(GradeTest, NamesGoRound) {
  for (Grade grade : {Grade::kAllInputs, Grade::kDomain, Grade::kData}) {
    EXPECT_EQ(*ParseGrade(GradeName(grade)), grade);
  }
  EXPECT_EQ(ParseGrade("proof").status().message(),
            "grade 'proof' is none of all-inputs, domain and data");
}

}  // namespace
}  // namespace espalier
