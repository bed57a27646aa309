#include "training/epoch_report.h"

#include <limits>

#include "gtest/gtest.h"

namespace espalier {
namespace {

EpochReport Report() {
  EpochReport report;
  report.epoch = 2;
  report.steps = 90;
  report.seconds = 0.125;
  report.learning_rate = 1e-3f;
  report.loss = 1.0 / 3;
  return report;
}

TEST(EpochReportTest, IsALineOfJson) {
  EpochReport report = Report();
  EXPECT_EQ(report.ToJson(),
            "{\"epoch\": 2, \"steps\": 90, \"seconds\": 0.125, "
            "\"learning_rate\": 0.001, \"loss\": 0.3333333333333333}");
  report.validation_loss = 1e-20;
  report.validation_accuracy = 1;
  EXPECT_EQ(report.ToJson(),
            "{\"epoch\": 2, \"steps\": 90, \"seconds\": 0.125, "
            "\"learning_rate\": 0.001, \"loss\": 0.3333333333333333, "
            "\"validation_loss\": 1e-20, \"validation_accuracy\": 1}");
}

TEST(EpochReportTest, LeavesOutWhatIsNotFinite) {
  EpochReport report = Report();
  report.loss = std::numeric_limits<double>::quiet_NaN();
  report.validation_loss = std::numeric_limits<double>::infinity();
  EXPECT_EQ(report.ToJson(),
            "{\"epoch\": 2, \"steps\": 90, \"seconds\": 0.125, "
            "\"learning_rate\": 0.001}");
}

TEST(TrainProgressTest, TellsWhereTheTrainingIs) {
  TrainProgress progress;
  progress.epoch = 3;
  progress.epochs = 60;
  progress.step = 12;
  progress.steps = 45;
  progress.loss = 0.25;
  EXPECT_EQ(progress.ToString(), "epoch 3/60, step 12/45, loss 0.25");
  EpochReport last = Report();
  last.validation_loss = 0.5;
  last.validation_accuracy = 0.75;
  progress.last_epoch = &last;
  EXPECT_EQ(progress.ToString(),
            "epoch 3/60, step 12/45, loss 0.25, validation loss 0.5, "
            "accuracy 0.75");
}

}  // namespace
}  // namespace espalier
