#include <algorithm>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "gmock/gmock.h"
#include "tests/tools/train_command.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

using TrainMisuseTest = TrainTest;

struct Misuse {
  Line arguments;
  std::string message;
};

TEST_F(TrainMisuseTest, MisuseIsSeenBeforeAnythingIsDone) {
  const std::string old = folder_.Write("old.pb", "old");
  const std::string other = folder_.Write("other.pb", "other");
  const Line line = {"--data", "builtin:digits", "--output", old};
  std::filesystem::create_symlink("nothing", folder_.File("dangling"));
  const std::string too_many = std::to_string(
      std::max(64u, 4 * std::thread::hardware_concurrency()) + 1);
  for (const Misuse& misuse : std::vector<Misuse>{
           {{"--epochs", "0"}, "--epochs: expected a whole number from 1"},
           {{"--batch-norm", "--batch", "1"}, "one row has no variance"},
           {{"--epochs", "1e3"}, "--epochs: expected a whole number from 1"},
           {{"--epochs", "99999999999999999999"}, "--epochs: expected"},
           {{"--learning-rate", "nan"}, "--learning-rate: expected a number"},
           {{"--learning-rate", "-0.1"}, "--learning-rate: expected a number"},
           {{"--learning-rate", "0"}, "--learning-rate: expected a number"},
           {{"--learning-rate", "inf"}, "--learning-rate: expected a number"},
           {{"--l1", "-1"}, "--l1: expected a number of at least 0"},
           {{"--l2", "x"}, "--l2: expected a number of at least 0"},
           {{"--dropout", "1"}, "--dropout: expected a number"},
           {{"--dropout", "-0.1"}, "--dropout: expected a number"},
           {{"--dropout", "nan"}, "--dropout: expected a number"},
           {{"--batch-norm", "--model", "m.pb"}, "excludes"},
           {{"--dropout", "0.5", "--model", "m.pb"}, "excludes"},
           {{"--hidden", ""}, "--hidden: expected"},
           {{"--hidden", ","}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "1e99"}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "0"}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "9,9,9x"}, "--hidden: expected a whole number from 1"},
           {{"--hidden", "1000000,1000000,1000000"},
            "--hidden: a model file holds"},
           {{"--batch", "-1"}, "--batch: expected"},
           {{"--seed", "-1"}, "--seed: expected"},
           {{"--threads", "0"}, "--threads: expected"},
           {{"--threads", too_many}, "--threads: expected"},
           {{"--optimizer", "adamax"}, "--optimizer: expected one of"},
           {{"--weight-decay", "0.1"}, "--weight-decay: adam has none"},
           {{"--weight-decay", "-1"}, "--weight-decay: expected a number"},
           {{"--clip-norm", "0"}, "--clip-norm: expected a number"},
           {{"--schedule", "linear"}, "--schedule: schedule 'linear': there"},
           {{"--schedule", "step:0:0.1"}, "--schedule: schedule step: the"},
           {{"--loss", "hinged"}, "--loss: expected one of"},
           {{"--loss", "huber"},
            "--loss huber: the data is for "
            "classification, which takes cross-entropy, binary"},
           {{"--activation", "maxout"}, "--activation: expected one of"},
           {{"--init", "ones"}, "--init: expected one of"},
           {{"--loss", "mse"}, "--loss mse: the data is for classification"},
           {{"--early-stop", "3"}, "--early-stop requires --validation"},
           {{"--validation", "2"},
            "--validation: as a share, expected a number "
            "above 0 and below 1, found '2'"},
           {{"--domain", "data:"}, "--domain: no data stands behind data:"},
           {{"--task", "regression"}, "--task belongs to CSV and NPY data"},
           {{"--domain", "1:0"}, "--domain: expected"},
           {{"--domain", "0:16,0:16"}, "--domain: expected one pair, or one"},
           {{"--domain", "declared"}, "--domain: only a model has"},
           {{"--log", old}, "--log and --output are one file"},
           {{"--log", folder_.path() + "/./old.pb"},
            "--log and --output are one file"},
           {{"--log", folder_.File("dangling")}, "symbolic link"},
           {{"--log", other}, "expected the name of a text file, found that"},
           {{"--log", other, "--force"}, "expected the name of a text file"},
           {{"--log", folder_.File("none/log")}, "there is no folder"},
           {{"--checkpoint", "c"}, "not expected: '--checkpoint'"},
           {{"--output", old}, "--output"},
       }) {
    const CommandResult result = Train(line, misuse.arguments);
    EXPECT_EQ(result.exit_code, 2) << result.err;
    EXPECT_THAT(result.err, HasSubstr(misuse.message));
    EXPECT_THAT(result.err, HasSubstr("hint: see 'espalier train --help'"));
    EXPECT_THAT(result.out, IsEmpty());
  }
  std::string many = "1";
  for (int i = 0; i < 1000; ++i) many += ",1";
  EXPECT_EQ(Train(line, {"--hidden", many}).exit_code, 2);
  EXPECT_EQ(Train({"--data", "builtin:digits"}).exit_code, 2);
  EXPECT_EQ(Train({"--output", old}).exit_code, 2);
  EXPECT_EQ(
      Train({"--data", "builtin:digits", "--output", folder_.File("m.txt")})
          .exit_code,
      2);
  EXPECT_EQ(
      Train({"--data", "builtin:digits", "--output", folder_.File("no/m.pb")})
          .exit_code,
      2);
  EXPECT_EQ(folder_.Read("old.pb"), "old");
  EXPECT_EQ(folder_.Read("other.pb"), "other");
  EXPECT_THAT(folder_.Names(),
              UnorderedElementsAre("dangling", "old.pb", "other.pb"));
}

}  // namespace
}  // namespace espalier
