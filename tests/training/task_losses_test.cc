#include "training/task_losses.h"

#include <algorithm>
#include <cmath>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "graph/interpreter.h"
#include "gtest/gtest.h"
#include "tests/testing/status_matchers.h"

namespace espalier {
namespace {

TEST(TaskLossesTest, AreFoundByNameAndTask) {
  std::set<absl::string_view> names;
  for (const TaskLoss& loss : TaskLosses()) {
    EXPECT_TRUE(names.insert(loss.name).second) << loss.name;
    ASSERT_OK_AND_ASSIGN(const TaskLoss found,
                         FindTaskLoss(loss.name, loss.task));
    EXPECT_EQ(found.name, loss.name);
    EXPECT_EQ(found.make, loss.make);
    const Task other = loss.task == Task::kRegression ? Task::kClassification
                                                      : Task::kRegression;
    EXPECT_FALSE(FindTaskLoss(loss.name, other).ok()) << loss.name;
  }
}

TEST(TaskLossesTest, TheFirstOfATaskIsItsDefault) {
  EXPECT_EQ(FindTaskLoss("", Task::kClassification)->name, "cross-entropy");
  EXPECT_EQ(FindTaskLoss("", Task::kRegression)->name, "mse");
}

TEST(TaskLossesTest, ErrorsSayWhatThereIs) {
  EXPECT_THAT(FindTaskLoss("mse", Task::kClassification),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "the data is for classification, which takes "
                       "cross-entropy, binary-cross-entropy, hinge"));
  EXPECT_THAT(FindTaskLoss("quartic", Task::kRegression),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "there is no loss 'quartic': the data is for "
                       "regression, which takes mse, mae, huber"));
}

TEST(TaskLossesTest, GiveScalarsOfWhatTheirTaskHas) {
  for (const TaskLoss& loss : TaskLosses()) {
    GraphBuilder g("loss");
    const Value y = g.Input("y", {kBatch, 3});
    const Value target = loss.task == Task::kClassification
                             ? g.Input("t", {kBatch}, DataType::kI32)
                             : g.Input("t", {kBatch, 3});
    const Value value = loss.make(y, target);
    EXPECT_OK(g.status());
    EXPECT_EQ(value.type(), TensorType{}) << loss.name;
  }
}

// Each as the loss of its name over one-hot targets.
TEST(TaskLossesTest, ClassesAgainstTheRest) {
  const std::vector<double> x = {0.5, -2, 3, 1, 0.25, -0.5};
  const std::vector<double> t = {0, 0, 1, 1, 0, 0};  // labels 2 and 0
  double entropy = 0;
  double hinge = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double sign = 2 * t[i] - 1;
    entropy += std::log1p(std::exp(-sign * x[i])) / 6;
    hinge += std::max(0.0, 1 - sign * x[i]) / 6;
  }
  GraphBuilder g("losses");
  const Value y = g.Input("y", {kBatch, 3});
  const Value label = g.Input("t", {kBatch}, DataType::kI32);
  for (const char* name : {"binary-cross-entropy", "hinge"}) {
    g.Output(name, FindTaskLoss(name, Task::kClassification)->make(y, label));
  }
  ASSERT_OK_AND_ASSIGN(const Graph graph, g.Build());
  ASSERT_OK_AND_ASSIGN(const InterpretedRun run,
                       Interpret(graph, {{"y", DoubleTensor({2, 3}, x)},
                                         {"t", DoubleTensor({2}, {2, 0})}}));
  EXPECT_NEAR(run.outputs.at("binary-cross-entropy")[0], entropy, 1e-12);
  EXPECT_NEAR(run.outputs.at("hinge")[0], hinge, 1e-12);

  GraphBuilder flat("flat");
  FindTaskLoss("hinge", Task::kClassification)
      ->make(flat.Input("y", {kBatch}),
             flat.Input("t", {kBatch}, DataType::kI32));
  EXPECT_EQ(flat.status().message(),
            "loss of classes: the logits are f32[N]: expected [N, C]");
}

}  // namespace
}  // namespace espalier
