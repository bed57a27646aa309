// What sessions refuse, and what of it they say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>
#include <vector>

#include "ops/binary.h"
#include "runtime/session.h"
#include "tests/runtime/compare_with_interpreter.h"
#include "tests/runtime/session_graphs.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;

class SessionErrorTest : public ::testing::Test {
 protected:
  SessionErrorTest()
      : graph_(ClassifierGraph(4, 5, /*train=*/true)),
        running_(Start(graph_)),
        inputs_(RandomInputs(graph_, 6, 1)) {}

  absl::Status Run() { return running_.session->Run({inputs_[0], inputs_[1]}); }
  void ExpectError(const std::string& message) {
    const std::map<std::string, Tensor> before = running_.store->Values();
    EXPECT_THAT(Run(), StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr(message)));
    EXPECT_EQ(running_.store->Values(), before);
  }

  const Graph graph_;
  Running running_;
  std::vector<Tensor> inputs_;
};

TEST_F(SessionErrorTest, CountOfInputs) {
  EXPECT_THAT(running_.session->Run({inputs_[0]}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("run: expected 2 inputs, found 1")));
}

TEST_F(SessionErrorTest, TypeOfAnInput) {
  inputs_[1] = RandomTensor({DataType::kF32, {6}}, 1);
  ExpectError("run: input 'labels': expected i32[N], found f32[6]");
}

TEST_F(SessionErrorTest, ShapeOfAnInput) {
  inputs_[0] = RandomTensor({DataType::kF32, {6, 5}}, 1);
  ExpectError("run: input 'x': expected f32[N, 4], found f32[6, 5]");
  inputs_[0] = RandomTensor({DataType::kF32, {6, 4, 1}}, 1);
  ExpectError("run: input 'x': expected f32[N, 4], found f32[6, 4, 1]");
}

TEST_F(SessionErrorTest, BatchesThatDiffer) {
  inputs_[1] = RandomTensor({DataType::kI32, {7}}, 1);
  ExpectError("run: input 'labels': has a batch of 7, an earlier input of 6");
}

TEST_F(SessionErrorTest, ValuesThatAreNotFinite) {
  inputs_[0].data<float>()[5] = NAN;
  ExpectError("run: input 'x': element 5 is nan: expected a finite number");
  inputs_[0].data<float>()[5] = -INFINITY;
  ExpectError("run: input 'x': element 5 is -inf: expected a finite number");
}

TEST_F(SessionErrorTest, LabelsOutsideTheirClasses) {
  inputs_[1].data<int32_t>()[2] = 3;
  ExpectError(
      "run: labels 'labels': element 2 is 3: expected a class from 0 to 2");
  inputs_[1].data<int32_t>()[2] = -1;
  ExpectError("element 2 is -1");
}

TEST_F(SessionErrorTest, DoesNotKeepLaterRunsFromWorking) {
  inputs_[0].data<float>()[5] = NAN;
  EXPECT_FALSE(Run().ok());
  inputs_[0].data<float>()[5] = 1;
  RunAndCompare(graph_, *running_.store, *running_.session, inputs_);
}

TEST(SessionErrorsTest, TellsWhichLeafIsNoLongerFinite) {
  for (int64_t size : {5, 50000}) {
    GraphBuilder g("diverges");
    const Value x = g.Input("x", {});
    std::vector<Value> leaves;
    for (const char* name : {"a", "b", "c"}) {
      leaves.push_back(g.Parameter(name, {size}, Initializer::Constant(2)));
      const Value factor = name[0] == 'b' ? x : g.Constant(1.5f);
      g.Update(leaves.back(), Mul(leaves.back(), factor));
    }
    const Graph graph = MustBuild(g);
    Running running = Start(graph);
    ASSERT_TRUE(running.session.ok());
    EXPECT_OK(running.session->Run({Tensor::Scalar(1e38f)}));
    EXPECT_THAT(
        running.session->Run({Tensor::Scalar(1e38f)}),
        StatusIs(absl::StatusCode::kOutOfRange,
                 HasSubstr("the new value of node 'b': element 0 is inf")));
  }
}

TEST(SessionErrorsTest, RefusesStoresThatDoNotFit) {
  const Graph small = ClassifierGraph(4, 5, /*train=*/false);
  const Graph large = ClassifierGraph(4, 6, /*train=*/false);
  GraphBuilder g("other");
  g.Output("y", g.Parameter("w", {2}, Initializer::Zeros()));
  const Graph other = MustBuild(g);
  const auto executable = Executable::Compile(small);
  ASSERT_TRUE(executable.ok());
  EXPECT_THAT(
      Session::Create(*executable, ParameterStore::Initialised(large, 1)),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("session: node 'dense/weight' (parameter) has type "
                         "f32[4, 5]; the parameter store has f32[4, 6]")));
  EXPECT_THAT(
      Session::Create(*executable, ParameterStore::Initialised(other, 1)),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("is not in the parameter store")));
  EXPECT_THAT(Session::Create(nullptr, nullptr),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("")));
}

TEST(SessionErrorsTest, OneSessionUpdatesAStore) {
  const Graph graph = CosineGraph();
  Running running = Start(graph);
  ASSERT_TRUE(running.session.ok());
  EXPECT_THAT(Session::Create(running.executable, running.store),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("another session updates")));
  // Until it is gone.
  { const Session gone = *std::move(running.session); }
  EXPECT_OK(Session::Create(running.executable, running.store));
}

TEST(SessionErrorsTest, RefusesArenasAboveTheLimit) {
  const Graph graph = ClassifierGraph(300, 200, /*train=*/false);
  CompileOptions options;
  options.max_arena_bytes = 1 << 20;
  Running running = Start(graph, options);
  ASSERT_TRUE(running.session.ok());
  const std::vector<Tensor> few = RandomInputs(graph, 2, 1);
  const std::vector<Tensor> many = RandomInputs(graph, 2000, 1);
  EXPECT_OK(running.session->Run({few[0]}));
  EXPECT_THAT(running.session->Run({many[0]}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("the limit is 1048576")));
  EXPECT_OK(running.session->Run({few[0]}));
}

}  // namespace
}  // namespace espalier
