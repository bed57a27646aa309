#include "tools/command.h"

#include <new>
#include <stdexcept>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/options.h"

namespace espalier {
namespace tools {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

// Repeats what it was given, or fails as it is told.
class Echo : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "M", "", model_, "the model");
    AddInteger(app, "--epochs", "E", {1, 9}, epochs_, "how often");
    AddChoice(app, "--grade", {"domain", "data"}, grade_, "how sure");
    AddRepeatable(app, "--input", "X", inputs_, "what");
    AddText(app, "--fail", "HOW", fail_, "fails");
    AddFlag(app, "--loud", loud_, "in capitals");
  }
  absl::StatusOr<Outcome> Run() override {
    if (fail_ == "usage") return UsageError("--x and --y");
    if (fail_ == "input") return absl::DataLossError("m.pb: cut");
    if (fail_ == "ours") return absl::InternalError("bug");
    if (fail_ == "memory") throw std::bad_alloc();
    if (fail_ == "exception") throw std::runtime_error("thrown");
    if (fail_ == "no") return Outcome{"no\n", kNo};
    if (loud_) return Outcome{"LOUD\n"};
    std::string text = model_ + " " + std::to_string(epochs_) + " " + grade_;
    for (const std::string& input : inputs_) text += " " + input;
    return Outcome{text + "\n"};
  }

 private:
  std::string model_;
  std::string grade_ = "domain";
  std::string fail_;
  std::vector<std::string> inputs_;
  int64_t epochs_ = 1;
  bool loud_ = false;
};

// Does nothing without --data.
class Need : public Command {
 public:
  void AddOptions(CLI::App& app) override {
    AddText(app, "M", "", model_, "the model")->required();
    AddText(app, "--data", "D", data_, "the data")->required();
  }
  absl::StatusOr<Outcome> Run() override { return Outcome{data_ + "\n"}; }

 private:
  std::string model_;
  std::string data_;
};

struct Ran {
  int code;
  std::string out;
  std::string err;
};

Ran RunLine(std::vector<const char*> arguments) {
  const CommandRow table[] = {
      {"echo", "Repeats.", "  espalier echo m.pb\n  espalier echo n.pb\n",
       [] { return std::unique_ptr<Command>(new Echo); }},
      {"need", "Needs.", "  espalier need m.pb --data D\n",
       [] { return std::unique_ptr<Command>(new Need); }}};
  arguments.insert(arguments.begin(), "espalier");
  ::testing::internal::CaptureStdout();
  ::testing::internal::CaptureStderr();
  Ran ran;
  ran.code = RunCommandLine(table, static_cast<int>(arguments.size()),
                            arguments.data());
  ran.out = ::testing::internal::GetCapturedStdout();
  ran.err = ::testing::internal::GetCapturedStderr();
  return ran;
}

TEST(CommandTest, RunsTheCommandThatIsNamed) {
  const Ran ran = RunLine(
      {"echo", "m.pb", "--epochs", "3", "--input", "a", "--input", "b"});
  EXPECT_EQ(ran.code, 0);
  EXPECT_EQ(ran.out, "m.pb 3 domain a b\n");
  EXPECT_THAT(ran.err, IsEmpty());
}

// Each --input takes one value: what follows is the model.
TEST(CommandTest, RepeatableOptionsTakeOneValueEach) {
  EXPECT_EQ(RunLine({"echo", "--input", "a", "m.pb"}).out, "m.pb 1 domain a\n");
  EXPECT_EQ(RunLine({"echo", "--input=-1:1", "m.pb", "--input", "[b]"}).out,
            "m.pb 1 domain -1:1 [b]\n");
}

TEST(CommandTest, FlagsAreGivenOrNot) {
  EXPECT_EQ(RunLine({"echo", "m.pb", "--loud"}).out, "LOUD\n");
  EXPECT_EQ(RunLine({"echo", "m.pb"}).out, "m.pb 1 domain\n");
}

TEST(CommandTest, HelpStartsWithExamples) {
  const Ran of_command = RunLine({"echo", "--help"});
  EXPECT_EQ(of_command.code, 0);
  EXPECT_THAT(of_command.out, StartsWith("Examples:\n  espalier echo m.pb\n"));
  EXPECT_THAT(of_command.out, HasSubstr("--epochs E"));
  EXPECT_THAT(of_command.err, IsEmpty());
  const Ran of_all = RunLine({"--help"});
  EXPECT_EQ(of_all.code, 0);
  EXPECT_THAT(of_all.out,
              StartsWith("Examples:\n  espalier echo m.pb\n  espalier "
                         "need m.pb --data D\n\n"));
  EXPECT_THAT(of_all.out, HasSubstr("Repeats."));
  EXPECT_THAT(RunLine({"--version"}).out, StartsWith("espalier "));
}

struct Misuse {
  std::vector<const char*> arguments;
  const char* message;
};

TEST(CommandTest, MisuseNamesWhatIsWrongAndWhereToLook) {
  const Misuse cases[] = {
      {{}, "hint: see 'espalier --help'"},
      {{"ehco"}, "error: no such command: 'ehco'; did you mean echo?"},
      {{}, "error: a command is required"},
      {{"echo", "--epoch", "3"}, "'--epoch'; did you mean --epochs?"},
      {{"echo", "--epoch=3"}, "'--epoch=3'; did you mean --epochs?"},
      {{"echo", "m.pb", "n.pb"}, "error: not expected: 'n.pb'"},
      {{"--loud", "echo", "m.pb"},
       "error: not expected: '--loud'; it belongs behind the command: espalier "
       "echo ... --loud\n"},
      {{"--epochs=3", "echo"},
       "'--epochs=3'; it belongs behind the command: espalier echo ... "
       "--epochs\n"},
      {{"--lout", "echo"}, "'--lout'; did you mean --loud?"},
      {{"echo", "m.pb", "--", "--loud"}, "error: not expected: '--loud'\n"},
      {{"echo", "m.pb", ""}, "error: not expected: ''\n"},
      {{"", "echo"}, "error: not expected: ''\n"},
      {{"need", "m.pb", "--dat", "D"},
       "error: not expected: '--dat'; did you mean --data?\nhint: see "
       "'espalier need --help'"},
      {{"need", "m.pb"}, "--data is required"},
      {{"echo", "--epochs", "0"},
       "--epochs: expected a whole number from 1 to"},
      {{"echo", "--epochs", "-1"}, "found '-1'"},
      {{"echo", "--epochs", ""}, "--epochs: expected a value"},
      {{"echo", "--epochs", "--json"},
       "--epochs: expected a value, found '--json'"},
      {{"echo", "--epochs"}, "--epochs"},
      {{"echo", "--epochs", "1", "--epochs", "2"}, "--epochs"},
      {{"echo", "--grade", "x"},
       "--grade: expected one of domain, data, found"},
      {{"echo", "--loud=false"}, "--loud: takes no value, found 'false'"},
      {{"echo", "--loud=3"}, "--loud: takes no value, found '3'"},
      {{"echo", "--help=false"}, "--help: takes no value, found 'false'"},
      {{"--help=false"}, "--help: takes no value, found 'false'"},
      {{"--version=0"}, "--version: takes no value, found '0'"},
      {{"echo", "--fail", "usage"},
       "error: --x and --y\nhint: see 'espalier "
       "echo --help'\n"},
  };
  for (const Misuse& misuse : cases) {
    const Ran ran = RunLine(misuse.arguments);
    EXPECT_EQ(ran.code, 2) << ran.err;
    EXPECT_THAT(ran.err, HasSubstr(misuse.message));
    EXPECT_THAT(ran.err, HasSubstr("hint: see 'espalier"));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

TEST(CommandTest, OtherFailures) {
  const Ran input = RunLine({"echo", "--fail", "input"});
  EXPECT_EQ(input.code, 3);
  EXPECT_EQ(input.err, "error: m.pb: cut\n");
  EXPECT_EQ(RunLine({"echo", "--fail", "no"}).code, 1);
  EXPECT_EQ(RunLine({"echo", "--fail", "no"}).out, "no\n");
  const Ran memory = RunLine({"echo", "--fail", "memory"});
  EXPECT_EQ(memory.code, 4);
  EXPECT_EQ(memory.err, "error: out of memory\n");
  for (const char* fault : {"ours", "exception"}) {
    const Ran ran = RunLine({"echo", "--fail", fault});
    EXPECT_EQ(ran.code, 70);
    EXPECT_THAT(ran.err, StartsWith("error: "));
    EXPECT_THAT(ran.err, Not(HasSubstr("hint:")));
    EXPECT_THAT(ran.out, IsEmpty());
  }
}

}  // namespace
}  // namespace tools
}  // namespace espalier
