// Random graphs: whatever is fused, moved or computed in place, a session gives
// what the interpreter gives, run after run, at changing batch sizes.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "graph/builder.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/softmax.h"
#include "tests/runtime/compare_with_interpreter.h"
#include "tests/testing/random_tensors.h"

namespace espalier {
namespace {

constexpr int64_t kWidth = 4;

class GraphMaker {
 public:
  explicit GraphMaker(uint64_t seed)
      : random_(seed), g_(absl::StrCat("random_", seed)) {}

  absl::StatusOr<Graph> Make() {
    AddLeaves();
    for (int64_t i = 5 + random_.Below(40); i > 0; --i) AddNode();
    for (int i = 0; i < 4; ++i) g_.Output(absl::StrCat("y", i), Pick());
    AddUpdates();
    return g_.Build();
  }

 private:
  void AddLeaves() {
    values_.push_back(g_.Input("x", {kBatch, kWidth}));
    values_.push_back(g_.Input("column", {kBatch, 1}));
    const std::vector<Shape> shapes = {
        {kWidth},         {kWidth}, {1, kWidth}, {kWidth, kWidth},
        {kWidth, kWidth}, {},       {}};
    for (const Shape& shape : shapes) {
      const std::string name = absl::StrCat("leaf", leaves_.size());
      leaves_.push_back(random_.Below(2) == 0
                            ? g_.Parameter(name, shape, Initializer::Normal(1))
                            : g_.State(name, shape, 0.5f));
    }
    values_.insert(values_.end(), leaves_.begin(), leaves_.end());
    values_.push_back(g_.Constant(0.75f));
  }

  Value Pick() {
    return values_[static_cast<size_t>(
        random_.Below(static_cast<int64_t>(values_.size())))];
  }

  // A value of this shape that there is already; empty if there is none.
  Value PickShape(const Shape& shape) {
    std::vector<Value> fitting;
    for (const Value& value : values_) {
      if (value.shape() == shape) fitting.push_back(value);
    }
    if (fitting.empty()) return Value();
    return fitting[static_cast<size_t>(
        random_.Below(static_cast<int64_t>(fitting.size())))];
  }

  void AddNode() {
    const Value a = Pick();
    const Value made = random_.Below(3) == 0 ? Other(a) : Elementwise(a);
    // Bounded, so that long chains stay comparable.
    if (made.valid()) {
      values_.push_back(random_.Below(3) == 0 ? Tanh(made) : Sigmoid(made));
      if (random_.Below(2) == 0) values_.push_back(Relu(made));
    }
  }

  Value Elementwise(Value a) {
    const Value b = Pick();
    if (!BroadcastShapes(a.shape(), b.shape()).ok()) return Abs(a);
    switch (random_.Below(6)) {
      case 0:
        return Add(a, b);
      case 1:
        return Sub(a, Mul(b, b));
      case 2:
        return Mul(a, b);
      case 3:
        return Add(Mul(a, b), Scale(a, 0.5f));
      case 4:
        return Div(a, Add(Square(b), g_.Constant(1.0f)));
      default:
        return LeakyRelu(Sub(b, a), 0.25f);
    }
  }

  Value Other(Value a) {
    const Shape shape = a.shape();
    switch (random_.Below(6)) {
      case 0:
        return Mean(a);
      case 1:
        return shape.rank() > 0 ? Mean(a, {0}) : a;
      case 2:
        return shape.rank() == 2 ? Mean(a, {1}, /*keep_axes=*/true) : a;
      case 3:
        return shape.rank() == 2 && shape.dim(1) == kWidth
                   ? Relu(MatMul(a, PickShape({kWidth, kWidth})))
                   : a;
      case 4:
        return shape.rank() > 0 && shape.dim(shape.rank() - 1) == kWidth
                   ? Softmax(a)
                   : a;
      default:
        return shape == Shape({kBatch, kWidth})
                   ? MatMul(a, PickShape(shape), /*transpose_a=*/true)
                   : a;
    }
  }

  void AddUpdates() {
    for (const Value& leaf : leaves_) {
      if (random_.Below(3) == 0) continue;
      g_.Update(leaf, PickShape(leaf.shape()));
    }
  }

  TestRandom random_;
  GraphBuilder g_;
  std::vector<Value> values_;
  std::vector<Value> leaves_;
};

class RandomGraphTest : public ::testing::TestWithParam<int> {};

TEST_P(RandomGraphTest, RunsAsTheInterpreterDoes) {
  for (int i = 0; i < 40; ++i) {
    const auto seed = static_cast<uint64_t>(40 * GetParam() + i);
    SCOPED_TRACE(seed);
    const absl::StatusOr<Graph> graph = GraphMaker(seed).Make();
    ASSERT_TRUE(graph.ok()) << graph.status();
    CompileOptions options;
    options.max_programs = 2;
    options.threads = 1;
    Running running = Start(*graph, options, seed);
    ASSERT_TRUE(running.session.ok());
    SCOPED_TRACE(running.executable->PlanText());
    for (int64_t batch : {3, 1, 20, 3}) {
      RunAndCompare(*graph, *running.store, *running.session,
                    RandomInputs(*graph, batch, seed), 3e-5);
      if (HasFatalFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RandomGraphTest, ::testing::Range(0, 5));

}  // namespace
}  // namespace espalier
