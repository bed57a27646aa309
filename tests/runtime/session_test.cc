#include "runtime/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <omp.h>

#include <cmath>
#include <limits>
#include <thread>

#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/gates.h"
#include "ops/reduce.h"
#include "ops/softmax.h"
#include "tests/runtime/compare_with_interpreter.h"
#include "tests/runtime/session_graphs.h"
#include "tests/testing/status_matchers.h"
#include "transforms/autodiff.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

TEST(SessionTest, TrainsACurveAsTheInterpreterDoes) {
  const Graph graph = CosineGraph();
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  SCOPED_TRACE(running.executable->PlanText());
  EXPECT_LE(running.executable->num_steps(), 9);
  for (uint64_t step = 0; step < 5; ++step) {
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, 200, 10 * step));
    if (HasFatalFailure()) return;
  }
}

TEST(SessionTest, TrainsAClassifierAtAnyBatchSize) {
  for (const auto& [inputs, hidden] :
       {std::make_pair(5, 7), std::make_pair(300, 200)}) {
    const Graph graph = ClassifierGraph(inputs, hidden, /*train=*/true);
    CompileOptions options;
    options.max_programs = 2;
    Running running = Start(graph, options);
    ASSERT_TRUE(running.session.ok());
    SCOPED_TRACE(running.executable->PlanText());
    for (int64_t batch : {17, 2, 1, 0, 17, 64, 1}) {
      RunAndCompare(graph, *running.store, *running.session,
                    RandomInputs(graph, batch, batch), 3e-5);
      if (HasFatalFailure()) return;
    }
  }
}

TEST(SessionTest, ElementwiseResultsEqualTheInterpreters) {
  GraphBuilder g("elementwise");
  const Value x = g.Input("x", {kBatch, 3, 5});
  const Value row = g.Parameter("row", {5}, Initializer::Normal(1));
  const Value column = g.Parameter("column", {3, 1}, Initializer::Normal(1));
  const Value plane = g.Parameter("plane", {3, 5}, Initializer::Normal(1));
  const Value y = Mul(Tanh(Add(x, column)), Sub(plane, Sigmoid(row)));
  g.Output("y", y);
  g.Output("rows", Mean(y, {2}));
  g.Output("columns", Sum(y, {0}));
  g.Output("middle", Sum(Square(y), {0, 2}, /*keep_axes=*/true));
  g.Output("mean", Mean(y));
  g.Output("softmax", Softmax(y));
  g.Output("log_softmax", LogSoftmax(y));
  g.Output("centred", Sub(y, Mean(y, {0})));
  const Graph graph = MustBuild(g);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  for (int64_t batch : {1, 2, 0, 17, 1000}) {
    SCOPED_TRACE(batch);
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, batch, batch));
    if (HasFatalFailure()) return;
  }
}

// Rows of these lengths are summed by steps of their own, and inside others;
// batches of no and of one row too.
TEST(SessionTest, SumsInsideStepsEqualTheInterpreters) {
  for (const int64_t columns : {127, 128, 300}) {
    GraphBuilder g("sums");
    const Value x = g.Input("x", {kBatch, columns});
    const Value slope = g.Parameter("slope", {columns}, Initializer::Normal(1));
    const Value y = Mul(Prelu(x, slope), Square(x));
    g.Output("rows", Sum(y, {0}));
    g.Output("columns", Mean(y, {1}));
    g.Output("all", Sum(y));
    g.Output("slope", Gradients(Sum(y), {slope})[0]);
    g.Output("centered", Sub(y, Mean(y, {1}, true)));
    const auto graph = g.Build();
    ASSERT_OK(graph);
    Running running = Start(*graph);
    ASSERT_TRUE(running.session.ok());
    for (const int64_t batch : {0, 1, 2, 700}) {
      RunAndCompare(*graph, *running.store, *running.session,
                    RandomInputs(*graph, batch, 1));
    }
  }
}

// -inf * 0 and what is selected by it.
TEST(SessionTest, ASlopeOfZeroKeepsNan) {
  GraphBuilder g("slope");
  const Value x = g.Input("x", {2});
  const Value zero = g.Constant(0.0f);
  const Value a = Neg(Exp(x));
  const Value y = SelectGreater(a, zero, a, Mul(a, zero));
  g.Output("z", SelectGreater(y, zero, x, zero));
  const Graph graph = MustBuild(g);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  Tensor input(DataType::kF32, {2});
  input.data<float>()[0] = 1000;
  RunAndCompare(graph, *running.store, *running.session, {input});
  const Tensor z = running.session->output(0).ToTensor();
  EXPECT_TRUE(std::isnan(z.data<float>()[0]));
  EXPECT_EQ(z.data<float>()[1], 0);
}

TEST(SessionTest, UpdatesReadTheValuesFromBefore) {
  GraphBuilder g("updates");
  const Value x = g.Input("x", {4});
  const auto leaf = [&](absl::string_view name) {
    return g.Parameter(name, {4}, Initializer::Normal(1));
  };
  const Value a = leaf("a"), b = leaf("b"), c = leaf("c"), d = leaf("d");
  const Value e = leaf("e"), f = leaf("f"), h = leaf("h"), s = leaf("s");
  const Value w = g.Parameter("w", {4, 4}, Initializer::Normal(1));
  const Value count = g.State("count", {}, 1.0f);
  g.Update(a, b);  // a swap
  g.Update(b, a);
  g.Update(c, Sub(c, d));  // each reads the other
  g.Update(d, Sub(d, c));
  g.Update(e, Add(f, x));  // a rotation
  g.Update(f, h);
  g.Update(h, e);
  g.Update(w, MatMul(w, w));
  g.Update(s, x);
  g.Update(count, Add(count, g.Constant(1.0f)));
  g.Output("a", a);
  g.Output("x", x);
  g.Output("w", w);
  g.Output("count", count);
  g.Output("next", Add(count, g.Constant(1.0f)));
  const Graph graph = MustBuild(g);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  SCOPED_TRACE(running.executable->PlanText());
  for (uint64_t seed : {1, 2, 3}) {
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, 1, seed));
    if (HasFatalFailure()) return;
  }
}

TEST(SessionTest, KeepsIntegersApart) {
  GraphBuilder g("integers");
  const Value labels = g.Input("labels", {kBatch}, DataType::kI32);
  const Value kept = g.State("kept", {2}, 7, DataType::kI32);
  const Value other = g.State("other", {2}, -3, DataType::kI32);
  g.Update(kept, other);
  g.Update(other, kept);
  g.Output("labels", labels);
  g.Output("kept", kept);
  const Graph graph = MustBuild(g);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  RunAndCompare(graph, *running.store, *running.session,
                RandomInputs(graph, 5, 1), 0);
  RunAndCompare(graph, *running.store, *running.session,
                RandomInputs(graph, 3, 2), 0);
}

TEST(SessionTest, OutputsMayBeLeaves) {
  GraphBuilder g("leaves");
  const Value x = g.Input("x", {kBatch, 2});
  g.Output("x", x);
  g.Output("w", g.Parameter("w", {3}, Initializer::Normal(1)));
  g.Output("c", g.Constant(Tensor({2}, absl::Span<const float>({1, 2}))));
  g.Output("again", x);
  const Graph graph = MustBuild(g);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  EXPECT_EQ(running.session->output(0).shape(), Shape({0}));
  RunAndCompare(graph, *running.store, *running.session,
                RandomInputs(graph, 4, 1), 0);
}

// An evaluation graph over the store of a training one sees each new value,
// also where it packs weights.
TEST(SessionTest, SharesAStoreWithAnotherGraph) {
  const Graph train = ClassifierGraph(300, 200, /*train=*/true);
  const Graph infer = ClassifierGraph(300, 200, /*train=*/false);
  Running training = Start(train);
  ASSERT_TRUE(training.session.ok());
  const auto executable = Executable::Compile(infer);
  ASSERT_TRUE(executable.ok());
  auto session = Session::Create(*executable, training.store);
  ASSERT_TRUE(session.ok()) << session.status();
  for (uint64_t seed : {1, 2, 3}) {
    RunAndCompare(train, *training.store, *training.session,
                  RandomInputs(train, 64, seed), 3e-5);
    RunAndCompare(infer, *training.store, *session,
                  RandomInputs(infer, 64, seed), 3e-5);
    if (HasFatalFailure()) return;
  }
}

TEST(SessionTest, GivesTheSameBitsAgain) {
  const Graph graph = ClassifierGraph(200, 300, /*train=*/true);
  const auto train = [&] {
    Running running = Start(graph);
    EXPECT_TRUE(running.session.ok());
    for (int64_t batch : {64, 17, 64}) {
      std::vector<Tensor> inputs = RandomInputs(graph, batch, 5);
      EXPECT_OK(running.session->Run({inputs[0], inputs[1]}));
    }
    return running.store->Values();
  };
  const std::map<std::string, Tensor> once = train();
  EXPECT_EQ(once, train());
}

TEST(SessionTest, RunsOnManyThreadsOverOneStore) {
  const Graph graph = ClassifierGraph(100, 120, /*train=*/false);
  CompileOptions options;
  options.threads = 1;
  options.max_programs = 2;
  const auto executable = Executable::Compile(graph, options);
  ASSERT_TRUE(executable.ok());
  const auto store = ParameterStore::Initialised(graph, 1);
  const auto run = [&](Session& session, int64_t batch) {
    const std::vector<Tensor> inputs = RandomInputs(graph, batch, 1);
    EXPECT_OK(session.Run({inputs[0]}));
    return session.output(0).ToTensor();
  };
  constexpr int64_t kBatches = 5;
  std::vector<Tensor> expected;
  {
    auto session = Session::Create(*executable, store);
    ASSERT_TRUE(session.ok());
    for (int64_t batch = 0; batch < kBatches; ++batch) {
      expected.push_back(run(*session, 10 * batch));
    }
  }
  const auto fresh_store = ParameterStore::Initialised(graph, 1);
  std::vector<std::thread> threads;
  for (int64_t t = 0; t < 2; ++t) {
    threads.emplace_back([&, t] {
      auto session = Session::Create(*executable, fresh_store);
      ASSERT_TRUE(session.ok());
      for (int64_t i = 0; i < 40; ++i) {
        const int64_t batch = (i * (t + 1)) % kBatches;
        ASSERT_EQ(run(*session, 10 * batch),
                  expected[static_cast<size_t>(batch)]);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
}

TEST(SessionTest, LeavesProcessorAndOpenMpAsTheyWere) {
  const Graph graph = ClassifierGraph(100, 120, /*train=*/false);
  CompileOptions options;
  options.threads = 2;
  Running running = Start(graph, options);
  ASSERT_TRUE(running.session.ok());
  omp_set_num_threads(3);
  const std::vector<Tensor> inputs = RandomInputs(graph, 64, 1);
  ASSERT_OK(running.session->Run({inputs[0]}));
  EXPECT_EQ(omp_get_max_threads(), 3);
  volatile float tiny = std::numeric_limits<float>::min();
  EXPECT_GT(tiny / 2, 0.0f);
  int flushed = 0;
#pragma omp parallel num_threads(2) reduction(+ : flushed)
  flushed += tiny / 2 == 0;
  EXPECT_EQ(flushed, 0);
}

TEST(SessionTest, TakesDenormalNumbersForZero) {
  GraphBuilder g("denormal");
  const Value x = g.Input("x", {kBatch, 2});
  g.Output("y", Mul(x, g.Constant(0.5f)));
  const Graph graph = MustBuild(g);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  const float tiny = std::numeric_limits<float>::min();
  const Tensor x_value({1, 2}, absl::Span<const float>({tiny, 1.0f}));
  ASSERT_OK(running.session->Run({x_value}));
  EXPECT_EQ(running.session->output(0).data<float>()[0], 0);
  EXPECT_EQ(running.session->output(0).data<float>()[1], 0.5f);
}

TEST(SessionTest, InfersAtAnyBatchSize) {
  const Graph graph = ClassifierGraph(300, 200, /*train=*/false);
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  for (int64_t batch : {17, 0, 1, 100}) {
    RunAndCompare(graph, *running.store, *running.session,
                  RandomInputs(graph, batch, batch), 3e-5);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace espalier
