// Damage is seen: every file that differs from a model file in one bit, in one
// byte or by its length is refused as damaged.
#include <iostream>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/layers.h"
#include "ops/registry.h"
#include "serialization/model_codec.h"
#include "tests/testing/random_tensors.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

// A model of the builder's graph, with random weights and a counter's zeros.
Model Finish(GraphBuilder& g) {
  Model model;
  absl::StatusOr<Graph> graph = g.Build();
  EXPECT_OK(graph);
  if (!graph.ok()) return model;
  model.graph = *std::move(graph);
  TestRandom random(1);
  for (const Node& node : model.graph.nodes()) {
    if (node.op->kind() != "parameter" && node.op->kind() != "state") continue;
    Tensor value(node.type.dtype, node.type.shape);
    if (node.type.dtype == DataType::kF32) {
      for (float& element : value.data<float>()) {
        element = static_cast<float>(random.Uniform(-1, 1));
      }
    }
    model.values.emplace(node.name, std::move(value));
  }
  return model;
}

Model DenseModel() {
  GraphBuilder g("dense");
  const Value x = g.Input("x", {kBatch, 40});
  g.Output("y", layers::Dense(layers::Dense(x, 80, Activation::kRelu), 4));
  Model model = Finish(g);
  model.producer = "espalier";
  return model;
}

Model BatchNormModel() {
  GraphBuilder g("batch_norm");
  Value h = g.Input("x", {kBatch, 30});
  layers::DenseOptions options;
  options.batch_norm = layers::BatchNormOptions();
  h = layers::Dense(h, 60, Activation::kRelu, options);
  h = layers::Dropout(h, 0.5f);
  g.Output("y", layers::Dense(h, 20, Activation::kSigmoid, options));
  return Finish(g);
}

Model PrunedModel() {
  GraphBuilder g("pruned");
  const Value x = g.Input("x", {kBatch, 60});
  g.Output("y", layers::Dense(layers::Dense(x, 50, Activation::kRelu), 1));
  Model model = Finish(g);
  InputDomain domain;
  domain.lower.assign(60, -0.5f);
  domain.upper.assign(60, 2);
  model.domains.emplace("x", domain);
  HistoryEntry::Layer layer = {"dense/relu", 800, {}};
  for (int64_t unit = 0; unit < 750; ++unit) layer.removed.push_back(unit);
  model.history = {{"prune", "domain", "interval bounds", {layer}},
                   {"prune", "all-inputs", "linear bounds", {}}};
  return model;
}

// Rows of a table, picked by the counter of the runs.
Model IntegerModel() {
  GraphBuilder g("integers");
  const Value i = g.Input("i", {kBatch}, DataType::kI32);
  const Value step = g.State("step", {}, 0, DataType::kI32);
  const Value table = g.Parameter("table", {55, 64}, Initializer::Zeros());
  std::vector<int32_t> rows(40);
  for (size_t k = 0; k < rows.size(); ++k) rows[k] = static_cast<int32_t>(k);
  const Value listed = g.Constant(Tensor({40}, rows), "rows");
  g.Output("y", Gather(table, i));
  g.Output("listed", Gather(table, listed));
  g.Update(step, g.Constant(Tensor({}, std::vector<int32_t>{1})));
  return Finish(g);
}

Model ClassModel() {
  GraphBuilder g("classes");
  const Value x = g.Input("x", {kBatch, 10});
  g.Output("y", layers::Dense(Exp(x), 260));
  Model model = Finish(g);
  for (int i = 0; i < 260; ++i) {
    model.class_names.push_back(absl::StrCat("class number ", i, " \xC3\xA9"));
  }
  return model;
}

// Tries files that differ from a good one; counts them and those that are not
// called damaged.
class Damage {
 public:
  explicit Damage(std::string good) : good_(std::move(good)) {}

  void FlipBits() {
    for (size_t i = 0; i < good_.size(); ++i) {
      for (int bit = 0; bit < 8; ++bit) {
        TryByte(i, static_cast<char>(good_[i] ^ (1 << bit)));
      }
    }
  }

  void SetBytes() {
    for (size_t i = 0; i < good_.size(); ++i) {
      for (const int byte : {0x00, 0x7F, 0x80, 0xFF}) {
        const char set = static_cast<char>(byte);
        if (good_[i] != set) TryByte(i, set);
      }
    }
  }

  void Truncate() {
    for (size_t size = 0; size < good_.size(); ++size) {
      Try(absl::string_view(good_).substr(0, size));
    }
  }

  int64_t variants() const { return variants_; }
  int64_t unseen() const { return unseen_; }

 private:
  void TryByte(size_t i, char byte) {
    std::swap(good_[i], byte);
    Try(good_);
    std::swap(good_[i], byte);
  }

  void Try(absl::string_view bytes) {
    ++variants_;
    const absl::Status status = DecodeModel(bytes, StandardOps()).status();
    if (!absl::IsDataLoss(status)) ++unseen_;
  }

  std::string good_;  // again after every trial
  int64_t variants_ = 0;
  int64_t unseen_ = 0;
};

TEST(DamageTest, EveryDamagedFileIsRefused) {
  int64_t variants = 0;
  for (const Model& model : {DenseModel(), BatchNormModel(), PrunedModel(),
                             IntegerModel(), ClassModel()}) {
    ASSERT_OK_AND_ASSIGN(const std::string good, EncodeModel(model));
    ASSERT_OK(DecodeModel(good, StandardOps()));
    Damage damage(good);
    damage.FlipBits();
    damage.SetBytes();
    damage.Truncate();
    EXPECT_EQ(damage.unseen(), 0) << model.graph.name();
    std::cout << model.graph.name() << ": " << good.size() << " bytes, "
              << damage.variants() << " variants\n";
    variants += damage.variants();
  }
  std::cout << variants << " variants, all refused\n";
  EXPECT_GE(variants, 1000000);
}

}  // namespace
}  // namespace espalier
