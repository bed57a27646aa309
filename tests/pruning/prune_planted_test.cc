// Networks in which dead units were planted.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/philox.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "pruning/activity.h"
#include "pruning/probes.h"
#include "tests/pruning/prune_helpers.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::SizeIs;

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

TEST(PrunePlantedTest, FindsExactlyWhatWasPlanted) {
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

TEST(PrunePlantedTest, NoUnitRemovedFiresOnManyRandomInputs) {
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

}  // namespace
}  // namespace espalier
