// Ops that move elements, in sessions: integers, updates, labels that are
// made by a step, batches of every size.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/elementwise.h"
#include "ops/gather.h"
#include "ops/reduce.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "tests/runtime/compare_with_interpreter.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::vector<int32_t> Integers(const TensorView& view) {
  const auto data = view.data<int32_t>();
  return {data.begin(), data.end()};
}

TEST(MovesTest, OfIntegersKeepEveryBit) {
  GraphBuilder g("integers");
  const Value x = g.Input("x", {2, 3}, DataType::kI32);
  const Value i = g.Input("i", {2}, DataType::kI32);
  g.Output("transpose", Transpose(x, {1, 0}));
  g.Output("slice", Slice(x, {1}, {0}, {3}, {2}));
  g.Output("pad", Pad(x, {1, 0}, {0, 0}));
  g.Output("concat", Concat({x, x}, 1));
  g.Output("gather", Gather(x, i, 1));
  const Graph graph = *g.Build();
  Running running = Start(graph);
  // As floats these would be NaN of many kinds and subnormal numbers.
  constexpr int32_t kLeast = INT32_MIN, kMost = INT32_MAX;
  const std::vector<int32_t> values = {kLeast, kMost, -1, 1, 0x7f800001, -2};
  const Tensor input({2, 3}, absl::MakeConstSpan(values));
  const std::vector<int32_t> picked = {2, 0};
  ASSERT_OK(
      running.session->Run({input, Tensor({2}, absl::MakeConstSpan(picked))}));
  EXPECT_THAT(Integers(running.session->output(0)),
              ElementsAre(kLeast, 1, kMost, 0x7f800001, -1, -2));
  EXPECT_THAT(Integers(running.session->output(1)),
              ElementsAre(kLeast, -1, 1, -2));
  EXPECT_THAT(Integers(running.session->output(2)),
              ElementsAre(0, 0, 0, kLeast, kMost, -1, 1, 0x7f800001, -2));
  EXPECT_THAT(Integers(running.session->output(3)),
              ElementsAre(kLeast, kMost, -1, kLeast, kMost, -1,  //
                          1, 0x7f800001, -2, 1, 0x7f800001, -2));
  EXPECT_THAT(Integers(running.session->output(4)),
              ElementsAre(-1, kLeast, -2, 1));
}

TEST(MovesTest, UpdateStatesFromThemselves) {
  GraphBuilder g("ring");
  const Value x = g.Input("x", {1, 2});
  const Value last = g.State("last", {3, 2}, 0);
  g.Update(last, Concat({Slice(last, {0}, {1}, {3}), x}, 0));
  const Value square = g.State("square", {2, 2}, 1);
  g.Update(square, Transpose(Add(square, x), {1, 0}));
  g.Output("y", Sum(last));
  const Graph graph = *g.Build();
  Running running = Start(graph);
  for (uint64_t run = 0; run < 5; ++run) {
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, 1, run));
  }
}

// One of them straight into the state that another part is taken of next.
TEST(MovesTest, PartsOfOneArray) {
  GraphBuilder g("parts");
  const Value x = g.Input("x", {kBatch, 200});
  const Value left = Slice(x, {1}, {0}, {70});
  const Value right = Slice(x, {1}, {70}, {200});
  g.Output("left", left);
  g.Output("right", right);
  const Value state = g.State("state", {30, 200}, 1);
  g.Output("state_left", Slice(state, {1}, {0}, {100}));
  const Value right_of_state = Slice(state, {1}, {100}, {200});
  g.Update(g.State("right_of_state", {30, 100}, 0), right_of_state);
  g.Update(state, Concat({right_of_state, Slice(state, {1}, {50}, {150})}, 1));
  const Graph graph = *g.Build();
  Running running = Start(graph);
  for (const int64_t batch : {1, 40, 0, 300}) {
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, batch, static_cast<uint64_t>(batch)));
  }
}

TEST(MovesTest, BatchesOfEverySize) {
  GraphBuilder g("batches");
  const Value x = g.Input("x", {kBatch, 3, 4});
  const Value i = g.Input("i", {kBatch}, DataType::kI32);
  const Value table = g.Parameter("table", {3, 4}, Initializer::Normal(1));
  const Value rows = Gather(table, i);
  const Value moved = Concat(
      {Transpose(x, {0, 2, 1}),
       Pad(Slice(x, {1}, {0}, {3}, {2}), {0, 1, 0}, {0, 0, 0}, {0, 1, 0})},
      2);
  g.Output("moved", moved);
  g.Output("rows", rows);
  g.Output("gradient", Gradients(Sum(Mul(rows, Sum(x, {1}))), {table})[0]);
  const Graph graph = *g.Build();
  for (int threads : {1, 2}) {
    CompileOptions options;
    options.threads = threads;
    Running running = Start(graph, options);
    for (int64_t batch : {0, 1, 2, 7, 3000, 1, 0}) {
      SCOPED_TRACE(batch);
      RunAndCompare(graph, *running.store, *running.session,
                    RandomInputs(graph, batch, 1));
    }
  }
}

// Labels that no run can look at beforehand.
TEST(MovesTest, LabelsMadeByAStepAreChecked) {
  GraphBuilder g("labels");
  const Value logits = g.Input("logits", {kBatch, 3});
  const Value table = g.Input("table", {4}, DataType::kI32);
  const Value labels =
      Gather(table, g.Input("i", {kBatch}, DataType::kI32), 0, "labels");
  const Value loss = Sum(SoftmaxCrossEntropy(logits, labels));
  g.Output("loss", loss);
  g.Output("gradient", Gradients(loss, {logits})[0]);
  const Graph graph = *g.Build();
  Running running = Start(graph);
  std::vector<Tensor> inputs = RandomInputs(graph, 4, 1);
  RunAndCompare(graph, *running.store, *running.session, inputs);
  inputs[1].data<int32_t>()[2] = 3;
  inputs[2].data<int32_t>()[1] = 2;
  EXPECT_THAT(
      running.session->Run({inputs[0], inputs[1], inputs[2]}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("run: labels 'labels': element 1 is 3: expected a "
                         "class from 0 to 2")));
  inputs[2].data<int32_t>()[1] = 0;
  EXPECT_OK(running.session->Run({inputs[0], inputs[1], inputs[2]}));
}

// The same bits with one thread and with several, run after run.
TEST(MovesTest, ScatterAddsAreRepeatable) {
  GraphBuilder g("repeatable");
  const Value values = g.Input("values", {kBatch, 40});
  const Value i = g.Input("i", {kBatch}, DataType::kI32);
  g.Output("y", ScatterAdd(values, i, 3));
  const Graph graph = *g.Build();
  const std::vector<Tensor> inputs = RandomInputs(graph, 5000, 1);
  std::vector<Tensor> results;
  for (int threads : {1, 2, 3, 2}) {
    CompileOptions options;
    options.threads = threads;
    Running running = Start(graph, options);
    for (int run = 0; run < 2; ++run) {
      ASSERT_OK(running.session->Run({inputs[0], inputs[1]}));
      results.push_back(running.session->output(0).ToTensor());
    }
  }
  for (const Tensor& result : results) EXPECT_EQ(result, results[0]);
}

}  // namespace
}  // namespace espalier
