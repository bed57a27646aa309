// A trained network of 200 units: what is found, how exact the pruned one is.
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "pruning/probes.h"
#include "tests/pruning/mnist_network.h"
#include "tests/pruning/prune_helpers.h"
#include "tests/transforms/test_models.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

TEST(PruneMnistTest, SettlesARealNetwork) {
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

TEST(PruneMnistTest, MaskedIsEqualToTheBitAndCompactWithinRounding) {
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

TEST(PruneMnistTest, WitnessesFireInsideTheDomainAndStay) {
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

}  // namespace
}  // namespace espalier
