// What holds of every command: flags take no value, --threads, and which exit
// code an output that cannot be written has.
#include <signal.h>
#include <sys/resource.h>

#include <cstdlib>

#include "gmock/gmock.h"
#include "graph/tensor.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::UnorderedElementsAreArray;
using Line = std::vector<std::string>;

class SharedOptionsTest : public ::testing::Test {
 protected:
  SharedOptionsTest() {
    EXPECT_TRUE(Save(SmallModel(), model_).ok());
    EXPECT_TRUE(
        WriteNpy(x_, Tensor(Shape({200, 2}), std::vector<float>(400, 0.5f)))
            .ok());
  }

  Line TrainLine(const std::string& output) const {
    return {"train",    "--data", "builtin:moons", "--hidden", "90",
            "--epochs", "1",      "--output",      output};
  }

  ScratchFolder folder_;
  const std::string model_ = folder_.File("m.pb");
  const std::string x_ = folder_.File("x.npy");
  const std::string table_ = folder_.Write("d.csv", "a,b,y\n1,0,4\n0,1,3\n");
};

Line With(Line line, const Line& more) {
  line.insert(line.end(), more.begin(), more.end());
  return line;
}

// A variable of the environment, set while it lives.
class Environment {
 public:
  Environment(const char* name, const char* value)
      : name_(name), before_(std::getenv(name) ? std::getenv(name) : "") {
    ::setenv(name, value, 1);
  }
  Environment(const Environment&) = delete;
  Environment& operator=(const Environment&) = delete;
  ~Environment() {
    if (before_.empty()) {
      ::unsetenv(name_);
    } else {
      ::setenv(name_, before_.c_str(), 1);
    }
  }

 private:
  const char* name_;
  const std::string before_;
};

// Runs a line whose files may have so many bytes, what it prints included.
CommandResult RunWithFilesUpTo(rlim_t bytes, const Line& line) {
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before;
  EXPECT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  const rlimit small = {bytes, before.rlim_max};
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
  CommandResult result = RunEspalier(line);
  EXPECT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
  return result;
}

TEST_F(SharedOptionsTest, FlagsTakeNoValue) {
  const std::string output = folder_.File("out.pb");
  const Line convert = {"convert", model_, output};
  const Line prune = {"prune", model_, "--output", output};
  const Line run = {"run", model_, "--input", x_, "--output", x_};
  const std::pair<Line, std::string> cases[] = {
      {convert, "--force"},
      {convert, "--external-weights"},
      {convert, "--fold-batch-norm"},
      {{"inspect", model_}, "--text"},
      {{"inspect", model_}, "--plan"},
      {{"inspect", model_}, "--json"},
      {{"compare", model_, model_}, "--json"},
      {{"evaluate", model_, "--data", table_}, "--json"},
      {run, "--force"},
      {prune, "--force"},
      {TrainLine(output), "--force"},
      {TrainLine(output), "--batch-norm"},
  };
  const std::vector<std::string> before = folder_.Names();
  const std::string x = folder_.Read("x.npy");
  for (const auto& [line, flag] : cases) {
    const CommandResult result = RunEspalier(With(line, {flag + "=false"}));
    EXPECT_EQ(result.exit_code, 2) << line[0] << " " << flag;
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(result.err, HasSubstr("error: " + flag +
                                      ": takes no value, found 'false'\n"
                                      "hint: see 'espalier " +
                                      line[0] + " --help'"));
  }
  EXPECT_THAT(folder_.Names(), UnorderedElementsAreArray(before));
  EXPECT_EQ(folder_.Read("x.npy"), x);
}

TEST_F(SharedOptionsTest, ThreadsOfEachCommandThatRunsAModel) {
  const std::string y = folder_.File("y.npy");
  const Line lines[] = {
      TrainLine(folder_.File("t.pb")),
      {"run", model_, "--input", x_, "--output", y},
      {"evaluate", model_, "--data", table_, "--task", "regression"},
      {"prune", model_, "--output", folder_.File("p.pb")},
      {"compare", model_, model_},
  };
  for (const Line& line : lines) {
    EXPECT_THAT(RunEspalier({line[0], "--help"}).out,
                HasSubstr("--threads T              to run on (as many as "
                          "OpenMP takes)\n"));
    for (const char* threads : {"1", "2"}) {
      const CommandResult result =
          RunEspalier(With(line, {"--threads", threads}));
      EXPECT_EQ(result.exit_code, 0) << line[0] << ": " << result.err;
    }
    for (const char* threads : {"0", "-1", "1000000", "two"}) {
      const CommandResult result =
          RunEspalier(With(line, {"--threads", threads}));
      EXPECT_EQ(result.exit_code, 2) << line[0];
      EXPECT_THAT(result.err,
                  HasSubstr("--threads: expected a whole number from 1 to"));
    }
  }
  EXPECT_EQ(folder_.Read("p.pb"), [&] {
    RunEspalier({"prune", model_, "--output", folder_.File("q.pb")});
    return folder_.Read("q.pb");
  }());
}

// OpenMP itself tells of teams of threads, which are as large as --threads says
// also where the environment says otherwise.
TEST_F(SharedOptionsTest, ThreadsAreWhatTheWorkRunsOn) {
  // Pruning takes the others from so many parameters on.
  const std::string wide = folder_.File("wide.pb");
  ASSERT_EQ(
      RunEspalier({"train", "--data", "builtin:moons", "--hidden", "1100,1000",
                   "--epochs", "1", "--batch", "0", "--output", wide})
          .exit_code,
      0);
  const Line lines[] = {
      TrainLine(folder_.File("t.pb")),
      {"run", wide, "--input", x_, "--output", folder_.File("y.npy")},
      {"evaluate", wide, "--data", "builtin:moons"},
      {"prune", wide, "--output", folder_.File("p.pb")},
      {"compare", wide, wide},
  };
  const Environment display("OMP_DISPLAY_AFFINITY", "TRUE");
  const Environment format("OMP_AFFINITY_FORMAT", "team of %N");
  for (const Line& line : lines) {
    {
      const Environment three("OMP_NUM_THREADS", "3");
      EXPECT_THAT(RunEspalier(With(line, {"--threads", "1"})).err,
                  Not(HasSubstr("team of 3")))
          << line[0];
      EXPECT_THAT(RunEspalier(line).err, HasSubstr("team of 3\n")) << line[0];
    }
    const Environment one("OMP_NUM_THREADS", "1");
    const CommandResult result = RunEspalier(With(line, {"--threads", "3"}));
    EXPECT_EQ(result.exit_code, 0) << line[0] << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr("team of 3\n")) << line[0];
    EXPECT_THAT(RunEspalier(line).err, Not(HasSubstr("team of 3"))) << line[0];
  }
}

// A file that may grow no more is a limit, as a full disk is.
TEST_F(SharedOptionsTest, AFileOverTheLimitOfSizesEndsWith4) {
  const std::string wide = folder_.File("wide.pb");
  ASSERT_EQ(RunEspalier(TrainLine(wide)).exit_code, 0);
  const Line lines[] = {
      {"convert", wide, folder_.File("o.pb")},
      {"convert", wide, folder_.File("o.onnx")},
      {"convert", wide, folder_.File("o.npz")},
      {"convert", wide, folder_.File("o.safetensors")},
      {"convert", wide, folder_.File("o.pb"), "--external-weights"},
      {"run", wide, "--input", x_, "--output", folder_.File("o.npy")},
      {"prune", wide, "--domain", "-3:3", "--output", folder_.File("o.pb")},
      {"inspect", wide, "--dot", folder_.File("o.dot")},
      TrainLine(folder_.File("o.pb")),
  };
  const std::vector<std::string> before = folder_.Names();
  for (const Line& line : lines) {
    // What the command prints stays below it.
    const CommandResult result = RunWithFilesUpTo(400, line);
    EXPECT_EQ(result.exit_code, 4) << line[0] << ": " << result.err;
    EXPECT_THAT(result.err, HasSubstr("File too large"));
    EXPECT_THAT(folder_.Names(), UnorderedElementsAreArray(before));
  }
  // The line of an epoch is longer.
  const CommandResult logged =
      RunWithFilesUpTo(60, With(TrainLine(folder_.File("o.pb")),
                                {"--log", folder_.File("log.jsonl")}));
  EXPECT_EQ(logged.exit_code, 4);
  EXPECT_EQ(folder_.Read("log.jsonl").size(), 60u);
  EXPECT_EQ(folder_.Read("o.pb"), "");
}

}  // namespace
}  // namespace espalier
