#include "training/task_losses.h"

#include <set>
#include <string>

#include "gmock/gmock.h"
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
                       testing::StartsWith("the data is for classification, "
                                           "which takes cross-entropy")));
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

}  // namespace
}  // namespace espalier
