#include "training/dataset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/testing/tensors.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Row r is {10 r, 10 r + 1}, its label r mod 3.
Dataset Numbered(int64_t rows) {
  Tensor features(DataType::kF32, {rows, 2});
  Tensor labels(DataType::kI32, {rows});
  for (int64_t r = 0; r < rows; ++r) {
    features.data<float>()[2 * r] = static_cast<float>(10 * r);
    features.data<float>()[2 * r + 1] = static_cast<float>(10 * r + 1);
    labels.data<int32_t>()[r] = static_cast<int32_t>(r % 3);
  }
  return Dataset::Create(std::move(features), std::move(labels)).value();
}

std::string Error(Tensor features, Tensor targets, Dataset::Info info = {}) {
  const absl::StatusOr<Dataset> data =
      Dataset::Create(std::move(features), std::move(targets), std::move(info));
  return std::string(data.status().message());
}

// Which rows the batches hold, in order; checks that features and labels belong
// together.
std::vector<int64_t> RowsOf(BatchRange range) {
  std::vector<int64_t> rows;
  for (const Batch& batch : range) {
    EXPECT_EQ(batch.inputs().size(), 2u);
    EXPECT_EQ(batch.targets().shape().dim(0), batch.rows());
    const absl::Span<const float> x = batch.features().data<float>();
    const absl::Span<const int32_t> labels = batch.targets().data<int32_t>();
    for (int64_t i = 0; i < batch.rows(); ++i) {
      const auto row = static_cast<int64_t>(x[2 * i]) / 10;
      EXPECT_EQ(x[2 * i + 1], x[2 * i] + 1);
      EXPECT_EQ(labels[i], row % 3);
      rows.push_back(row);
    }
  }
  return rows;
}

std::vector<int64_t> UpTo(int64_t count) {
  std::vector<int64_t> rows;
  for (int64_t r = 0; r < count; ++r) rows.push_back(r);
  return rows;
}

std::vector<int64_t> Sorted(std::vector<int64_t> rows) {
  std::sort(rows.begin(), rows.end());
  return rows;
}

TEST(BatchesTest, HoldEveryRowOnceInRandomOrder) {
  const Dataset data = Numbered(103);
  BatchRange range = data.Batches(10, /*seed=*/1);
  EXPECT_EQ(range.size(), 11);
  std::vector<int64_t> sizes;
  for (const Batch& batch : range) sizes.push_back(batch.rows());
  EXPECT_EQ(sizes,
            (std::vector<int64_t>{10, 10, 10, 10, 10, 10, 10, 10, 10, 10, 3}));
  const std::vector<int64_t> rows = RowsOf(std::move(range));
  EXPECT_NE(rows, UpTo(103));
  EXPECT_EQ(Sorted(rows), UpTo(103));
}

TEST(BatchesTest, OrderDependsOnSeedAndEpochOnly) {
  const Dataset data = Numbered(50);
  const std::vector<int64_t> first = RowsOf(data.Batches(7, 1, 0));
  EXPECT_EQ(RowsOf(data.Batches(7, 1, 0)), first);
  EXPECT_EQ(RowsOf(data.Batches(16, 1, 0)), first);
  EXPECT_NE(RowsOf(data.Batches(7, 2, 0)), first);
  EXPECT_NE(RowsOf(data.Batches(7, 1, 1)), first);
  BatchRange range = data.Batches(7, 1, 0);
  range.Shuffle(1, 3);
  EXPECT_EQ(RowsOf(range), RowsOf(data.Batches(7, 1, 3)));
}

TEST(BatchesTest, ReuseTheirBuffers) {
  const Dataset data = Numbered(40);
  BatchRange range = data.Batches(10, 1);
  const void* buffer = range.begin()->features().raw();
  for (const Batch& batch : range) EXPECT_EQ(batch.features().raw(), buffer);
  range.Shuffle(1, 1);
  EXPECT_EQ(range.begin()->features().raw(), buffer);
}

TEST(BatchesTest, AllRowsInOneAreNeitherShuffledNorCopied) {
  const Dataset data = Numbered(5);
  for (int64_t batch_size : {0, 5, 99}) {
    BatchRange range = data.Batches(batch_size, 1);
    EXPECT_EQ(range.size(), 1);
    EXPECT_EQ(range.begin()->features().raw(), data.features().raw());
    EXPECT_EQ(range.begin()->targets().raw(), data.targets().raw());
    EXPECT_EQ(RowsOf(range), UpTo(5));
  }
}

TEST(BatchesTest, InOrderAreViewsOfTheData) {
  const Dataset data = Numbered(7);
  BatchRange range = data.BatchesInOrder(3);
  EXPECT_EQ(range.begin()->features().raw(), data.features().raw());
  EXPECT_EQ(RowsOf(range), UpTo(7));
}

TEST(DatasetTest, TellsTaskAndClasses) {
  const Dataset labels = Numbered(5);
  EXPECT_EQ(labels.task(), Task::kClassification);
  EXPECT_EQ(labels.num_classes(), 3);
  EXPECT_THAT(labels.class_names(), ElementsAre("0", "1", "2"));
  const Dataset numbers =
      Dataset::Create(Floats({2, 1}, {1, 2}), Floats({2, 2}, {1, 2, 3, 4}))
          .value();
  EXPECT_EQ(numbers.task(), Task::kRegression);
  EXPECT_EQ(numbers.num_classes(), 0);
  EXPECT_THAT(numbers.class_names(), ElementsAre());
  Dataset::Info info;
  info.class_names = {"no", "yes", "perhaps"};
  const Dataset named =
      Dataset::Create(Floats({2, 1}, {1, 2}), Ints({0, 1}), info).value();
  EXPECT_EQ(named.num_classes(), 3);
  EXPECT_EQ(named.class_names(), info.class_names);
}

TEST(DatasetTest, RefusesWhatDoesNotFit) {
  EXPECT_EQ(Error(Floats({2, 1}, {1, 2}), Ints({0, 1, 1})),
            "features have 2 rows, targets 3: expected as many");
  EXPECT_THAT(Error(Floats({2}, {1, 2}), Ints({0, 1})),
              HasSubstr("expected f32 [rows, elements, ...]"));
  EXPECT_THAT(Error(Ints({1}), Ints({0})), HasSubstr("features are i32[1]"));
  EXPECT_THAT(Error(Floats({2, 1}, {1, 2}), Floats({2}, {0, 1})),
              HasSubstr("expected i32 [rows] or f32 [rows, outputs]"));
  EXPECT_THAT(Error(Floats({0, 1}, {}), Ints({})), HasSubstr("no data"));
  EXPECT_THAT(Error(Floats({2, 0}, {}), Ints({0, 0})), HasSubstr("no data"));
}

TEST(DatasetTest, RefusesValuesThatAreNotFinite) {
  EXPECT_EQ(Error(Floats({2, 2}, {1, 2, 3, kNan}), Ints({0, 1})),
            "features: row 1, element 1 is nan: expected a number");
  EXPECT_EQ(Error(Floats({1, 1}, {1}), Floats({1, 1}, {-INFINITY})),
            "targets: row 0, element 0 is -inf: expected a number");
}

TEST(DatasetTest, RefusesLabelsOutOfRange) {
  const Tensor x = Floats({2, 1}, {1, 2});
  EXPECT_EQ(Error(x, Ints({0, -1})),
            "label -1 of row 1 is out of range: expected 0 to 65535");
  EXPECT_EQ(Error(x, Ints({65536, 0})),
            "label 65536 of row 0 is out of range: expected 0 to 65535");
  Dataset::Info info;
  info.class_names = {"a", "b"};
  EXPECT_EQ(Error(x, Ints({1, 2}), info),
            "label 2 of row 1 is out of range: expected 0 to 1");
}

TEST(DatasetTest, ChecksLabelsForAModelsClasses) {
  Dataset::Info info;
  info.name = "data";
  const Dataset data =
      Dataset::Create(Floats({3, 1}, {1, 2, 3}), Ints({0, 2, 1}), info).value();
  EXPECT_TRUE(data.CheckLabels(3).ok());
  EXPECT_EQ(data.CheckLabels(2).message(),
            "data 'data': label 2 of row 1: expected 0 to 1, of 2 classes");
  EXPECT_EQ(data.CheckLabels(1).message(),
            "data 'data': label 2 of row 1: expected 0 to 0, of 1 class");
}

TEST(DatasetTest, HoldsFeaturesAgainstTheirDomain) {
  Dataset::Info info;
  info.domain = InputDomain{{0, 0}, {1, 2}};
  const Tensor labels = Ints({0, 1});
  EXPECT_EQ(Error(Floats({2, 2}, {0, 0, 1, 2}), labels, info), "");
  EXPECT_EQ(Error(Floats({2, 2}, {0, 0, 1, 3}), labels, info),
            "features: sample 1, element 1 is 3: outside the domain "
            "[0, 2]");
  EXPECT_THAT(Error(Floats({2, 1}, {0, 0}), labels, info),
              HasSubstr("domain: expected 1 pairs"));
  const Dataset data = Numbered(3);
  EXPECT_FALSE(data.WithDomain({{0, 0}, {20, 20}}).ok());
  const Dataset bounded = data.WithDomain({{0, 0}, {21, 21}}).value();
  EXPECT_EQ(bounded.domain()->upper, std::vector<float>({21, 21}));
  EXPECT_FALSE(data.domain().has_value());
}

TEST(DatasetTest, KeepsATestPart) {
  const Dataset train = Numbered(2);
  const Dataset data = train.WithTest(Numbered(5)).value();
  ASSERT_NE(data.test(), nullptr);
  EXPECT_EQ(data.num_classes(), 3);
  EXPECT_EQ(data.test()->num_classes(), 3);
  EXPECT_EQ(&data.TestOrAll(), data.test());
  EXPECT_EQ(&train.TestOrAll(), &train);
  EXPECT_EQ(data.Part(DataPart::kTrain).value().rows(), 2);
  EXPECT_EQ(data.Part(DataPart::kTrain).value().test(), nullptr);
  EXPECT_EQ(data.Part(DataPart::kTest).value().rows(), 5);
  const Dataset all = data.Part(DataPart::kAll).value();
  EXPECT_EQ(RowsOf(all.BatchesInOrder(0)),
            (std::vector<int64_t>{0, 1, 0, 1, 2, 3, 4}));
  EXPECT_FALSE(train.Part(DataPart::kTest).ok());
  EXPECT_EQ(train.Part(DataPart::kAll).value().rows(), 2);
}

TEST(DatasetTest, RefusesATestPartOfAnotherKind) {
  const Dataset wide =
      Dataset::Create(Floats({1, 3}, {1, 2, 3}), Ints({0})).value();
  EXPECT_THAT(std::string(Numbered(2).WithTest(wide).status().message()),
              HasSubstr("test part has f32[N, 3]"));
  const Dataset outside =
      Dataset::Create(Floats({1, 2}, {1, 50}), Ints({0})).value();
  const Dataset bounded = Numbered(2).WithDomain({{0, 0}, {21, 21}}).value();
  EXPECT_THAT(std::string(bounded.WithTest(outside).status().message()),
              HasSubstr("test part: features: sample 0, element 1 is 50"));
}

TEST(DatasetTest, SplitsIntoHalvesWithoutOverlap) {
  const Dataset data = Numbered(40).WithTest(Numbered(3)).value();
  const Dataset::Halves halves = data.Split(0.1, 7).value();
  const std::vector<int64_t> train = RowsOf(halves.train.BatchesInOrder(0));
  std::vector<int64_t> rows = RowsOf(halves.validation.BatchesInOrder(0));
  EXPECT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows, Sorted(rows));
  EXPECT_EQ(train, Sorted(train));
  EXPECT_EQ(halves.validation.num_classes(), 3);
  EXPECT_EQ(halves.validation.test(), nullptr);
  EXPECT_EQ(halves.train.test(), data.test());
  EXPECT_EQ(RowsOf(data.Split(0.1, 7).value().validation.BatchesInOrder(0)),
            rows);
  EXPECT_NE(RowsOf(data.Split(0.1, 8).value().validation.BatchesInOrder(0)),
            rows);
  rows.insert(rows.end(), train.begin(), train.end());
  EXPECT_EQ(Sorted(rows), UpTo(40));
}

TEST(DatasetTest, SplitLeavesRowsOnBothSides) {
  EXPECT_EQ(Numbered(3).Split(0.01, 0).value().validation.rows(), 1);
  EXPECT_EQ(Numbered(3).Split(0.99, 0).value().train.rows(), 1);
  for (double fraction : {0.0, 1.0, -0.5, static_cast<double>(kNan)}) {
    EXPECT_FALSE(Numbered(3).Split(fraction, 0).ok()) << fraction;
  }
  EXPECT_FALSE(Numbered(1).Split(0.5, 0).ok());
}

TEST(NamesTest, AreReadAndWritten) {
  for (Task task : {Task::kRegression, Task::kClassification}) {
    EXPECT_EQ(ParseTask(TaskName(task)).value(), task);
  }
  for (DataPart part : {DataPart::kTrain, DataPart::kTest, DataPart::kAll}) {
    EXPECT_EQ(ParseDataPart(DataPartName(part)).value(), part);
  }
  EXPECT_EQ(std::string(ParseDataPart("rest").status().message()),
            "unknown part of the data 'rest': one of train, test, all");
}

}  // namespace
}  // namespace espalier
