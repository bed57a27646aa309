// Networks of zeros, subnormal and huge numbers.
#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include "graph/philox.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/gates.h"
#include "pruning/activity.h"
#include "pruning/probes.h"
#include "tests/pruning/prune_helpers.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

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

TEST(PruneExtremesTest, ExtremeNumbersRefuteNoProof) {
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

}  // namespace
}  // namespace espalier
