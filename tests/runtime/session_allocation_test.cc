// A steady run allocates nothing.
#include <gtest/gtest.h>

#include <new>

#include "graph/builder.h"
#include "ops/concat.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/layers.h"
#include "ops/losses.h"
#include "ops/optimizers.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/transpose.h"
#include "runtime/onednn/matmul.h"
#include "tests/runtime/compare_with_interpreter.h"
#include "tests/testing/counted_memory.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

constexpr int kRuns = 20;

Graph TrainingGraph(int64_t inputs, int64_t hidden) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, inputs});
  const Value labels = g.Input("labels", {kBatch}, DataType::kI32);
  const Value h = layers::Dense(x, hidden, Activation::kRelu);
  const Value loss = MeanSoftmaxCrossEntropy(layers::Dense(h, 3), labels);
  const std::vector<Value> parameters = g.Parameters();
  const std::vector<Value> updated =
      Adam(parameters, Gradients(loss, parameters), g.Constant(0.01f));
  for (size_t i = 0; i < parameters.size(); ++i) {
    g.Update(parameters[i], updated[i]);
  }
  g.Output("loss", loss);
  return *g.Build();
}

// Allocations of kRuns runs, over two batch sizes and two places in memory of
// the inputs, all of which have been seen before.
int64_t CountRuns(const Graph& graph, int64_t batch) {
  CompileOptions options;
  options.threads = 2;
  Running running = Start(graph, options);
  EXPECT_TRUE(running.session.ok());
  std::vector<std::vector<Tensor>> inputs;
  for (int64_t size : {batch, batch, batch + 1}) {
    inputs.push_back(RandomInputs(graph, size, 1));
  }
  const auto run = [&](size_t i) {
    const TensorView views[] = {inputs[i][0], inputs[i][1]};
    return running.session->Run(views);
  };
  // Twice: a larger arena makes the session bind its programs again.
  for (size_t i = 0; i < 6; ++i) EXPECT_OK(run(i % 3));
  bool ok = true;
  const int64_t before = Allocations();
  for (int i = 0; i < kRuns; ++i) ok &= run(static_cast<size_t>(i % 3)).ok();
  const int64_t after = Allocations();
  EXPECT_TRUE(ok);
  return after - before;
}

TEST(SessionAllocationTest, CountsAllocations) {
  const int64_t before = Allocations();
  ::operator delete(::operator new(4));
  EXPECT_EQ(Allocations() - before, 1);
}

TEST(SessionAllocationTest, SmallProductsAllocateNothing) {
  EXPECT_EQ(CountRuns(TrainingGraph(4, 5), 10), 0);
}

TEST(SessionAllocationTest, MovesAllocateNothing) {
  GraphBuilder g("moves");
  const Value x = g.Input("x", {kBatch, 60, 80});
  const Value i = g.Input("i", {kBatch}, DataType::kI32);
  const std::vector<int32_t> order = {2, 0, 1};
  const Value made =
      Gather(g.Constant(Tensor({3}, absl::MakeConstSpan(order))), i);
  const Value table = g.Parameter("table", {3, 80}, Initializer::Normal(1));
  g.Output(
      "moved",
      Pad(Concat({Transpose(x, {0, 2, 1}),
                  Slice(Reshape(x, {kBatch, 80, 60}), {2}, {0}, {60}, {2})},
                 2),
          {0, 1, 0}, {0, 0, 1}));
  const Value rows = Gather(table, made);
  g.Output("gradient", Gradients(Sum(Square(rows)), {table})[0]);
  EXPECT_EQ(CountRuns(*g.Build(), 50), 0);
}

TEST(SessionAllocationTest, LargeProductsAllocateWhatBareOnesDo) {
  constexpr int64_t kBatch = 64, kInputs = 200, kHidden = 300;
  // The two large products of a step, forward and of the weight's gradient.
  std::vector<float> a(300 * 300), b(300 * 300), y(300 * 300);
  std::vector<std::shared_ptr<const onednn::MatMul>> products;
  std::vector<std::unique_ptr<onednn::MatMulCall>> calls;
  std::vector<AlignedBytes> scratch;
  for (const bool gradient : {false, true}) {
    onednn::MatMulOptions options;
    options.m = gradient ? kInputs : kBatch;
    options.n = kHidden;
    options.k = gradient ? kBatch : kInputs;
    options.transpose_a = gradient;
    options.bias = !gradient;
    options.activation =
        gradient ? MatMulActivation::kNone : MatMulActivation::kRelu;
    ASSERT_OK_AND_ASSIGN(auto product, onednn::MatMul::Create(options));
    scratch.push_back(espalier::AllocateAligned(
        static_cast<size_t>(product->scratch_bytes())));
    ASSERT_OK_AND_ASSIGN(auto call,
                         product->Bind({a.data(), b.data(), b.data(), y.data(),
                                        scratch.back().get()}));
    ASSERT_OK(call->Run());
    products.push_back(std::move(product));
    calls.push_back(std::move(call));
  }
  bool ok = true;
  const int64_t before = Allocations();
  for (int i = 0; i < kRuns; ++i) {
    for (const auto& call : calls) ok &= call->Run().ok();
  }
  const int64_t bare = Allocations() - before;
  EXPECT_TRUE(ok);
  EXPECT_LE(CountRuns(TrainingGraph(kInputs, kHidden), kBatch), bare);
}

}  // namespace
}  // namespace espalier
