#include <cmath>

#include "gmock/gmock.h"
#include "graph/builder.h"
#include "ops/elementwise.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::Contains;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class RunTest : public ::testing::Test {
 protected:
  RunTest() { EXPECT_TRUE(Save(SmallModel(), model_).ok()); }

  // Writes an array of points and gives its path.
  std::string Points(const Shape& shape, const std::vector<float>& values) {
    const std::string path = folder_.File("x.npy");
    EXPECT_TRUE(WriteNpy(path, Tensor(shape, values)).ok());
    return path;
  }

  ScratchFolder folder_;
  const std::string model_ = folder_.File("m.pb");
  const std::string y_ = folder_.File("y.npy");
};

TEST_F(RunTest, GivesTheOutput) {
  const std::string x = Points({3, 2}, {1, 0, 0, 0, 0.5, 1});
  const CommandResult result =
      RunEspalier({"run", model_, "--input", x, "--output", y_, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  const Tensor y = *ReadNpy(y_);
  EXPECT_EQ(y.shape(), Shape({3, 1}));
  EXPECT_THAT(y.data<float>(), ElementsAre(4.0f, 0.0f, 1.5f));
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "samples"), 3);
  EXPECT_EQ(NumberIn(report, "outside"), 0);
}

TEST_F(RunTest, InputsAndOutputsByName) {
  const std::string x = Points({1, 2}, {1, 0});
  EXPECT_EQ(
      RunEspalier({"run", model_, "--input", "x=" + x, "--output", "y=" + y_})
          .exit_code,
      0);
  EXPECT_THAT(ReadNpy(y_)->data<float>(), ElementsAre(4.0f));
}

TEST_F(RunTest, OutsideTheDomain) {
  const std::string x = Points({2, 2}, {1, 0, 3, 1});
  const std::vector<std::string> line = {"run",      model_, "--input",  x,
                                         "--output", y_,     "--outside"};
  const auto outside = [&line](const std::string& what) {
    std::vector<std::string> arguments = line;
    arguments.push_back(what);
    return RunEspalier(arguments);
  };
  const CommandResult error = outside("error");
  EXPECT_EQ(error.exit_code, 3);
  EXPECT_THAT(error.err, HasSubstr("x"));
  EXPECT_THAT(folder_.Names(), Not(Contains("y.npy")));
  const CommandResult warn = outside("warn");
  EXPECT_EQ(warn.exit_code, 0);
  EXPECT_THAT(warn.err, HasSubstr("warning: "));
  const CommandResult ignore = outside("ignore");
  EXPECT_EQ(ignore.exit_code, 0);
  EXPECT_THAT(ignore.err, IsEmpty());
  // y(3, 1) = 4 + 2 + 6, all units but the last firing.
  EXPECT_THAT(ReadNpy(y_)->data<float>(), ElementsAre(4.0f, 12.0f));
  EXPECT_EQ(outside("perhaps").exit_code, 2);
}

TEST_F(RunTest, AfterAPruneForTheDomainOutsideIsAnError) {
  const std::string x = Points({1, 2}, {3, 1});
  const std::string small = folder_.File("small.pb");
  ASSERT_EQ(
      RunEspalier({"run", model_, "--input", x, "--output", y_}).exit_code, 0);
  ASSERT_EQ(RunEspalier({"prune", model_, "--output", small}).exit_code, 0);
  EXPECT_EQ(RunEspalier({"run", small, "--input", x, "--output", y_}).exit_code,
            3);
  EXPECT_EQ(RunEspalier({"run", small, "--input", x, "--output", y_,
                         "--outside", "ignore"})
                .exit_code,
            0);
}

TEST_F(RunTest, InputsThatDoNotFit) {
  const auto run = [this](const std::string& x) {
    const CommandResult result =
        RunEspalier({"run", model_, "--input", x, "--output", y_});
    EXPECT_THAT(result.out, IsEmpty());
    EXPECT_THAT(folder_.Names(), Not(Contains("y.npy")));
    EXPECT_THAT(result.err, HasSubstr(x));
    return result.exit_code;
  };
  EXPECT_EQ(run(Points({2, 3}, {1, 2, 3, 4, 5, 6})), 3);
  EXPECT_EQ(run(Points({1, 2}, {1, NAN})), 3);
  EXPECT_EQ(run(Points({1, 2}, {1, INFINITY})), 3);
  EXPECT_EQ(run(Points({0, 2}, {})), 3);
  EXPECT_EQ(run(Points({}, {1})), 3);
  EXPECT_EQ(run(folder_.Write("bad.npy", "not an array")), 3);
  EXPECT_EQ(run(folder_.File("none.npy")), 3);
}

TEST_F(RunTest, AModelWithoutTheBatch) {
  GraphBuilder g("fixed");
  g.Output("y", Neg(g.Input("x", {2, 2})));
  Model model;
  model.graph = g.Build().value();
  model.domains["x"] = {{0, 0, 0, 0}, {1, 1, 1, 1}};
  ASSERT_TRUE(Save(model, model_).ok());
  const std::string x = Points({2, 2}, {0, 1, 0, 2});
  const CommandResult result =
      RunEspalier({"run", model_, "--input", x, "--output", y_, "--json",
                   "--outside", "warn"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(NumberIn(ParseJson(result.out), "samples"), 1);
  EXPECT_EQ(NumberIn(ParseJson(result.out), "outside"), 1);
  EXPECT_EQ(ReadNpy(y_)->shape(), Shape({2, 2}));
  EXPECT_EQ(RunEspalier({"compare", model_, model_}).exit_code, 0);
}

TEST_F(RunTest, OutputsOfOneFile) {
  GraphBuilder g("two");
  const Value x = g.Input("x", {kBatch, 2});
  g.Output("a", Neg(x));
  g.Output("b", x);
  Model model;
  model.graph = g.Build().value();
  ASSERT_TRUE(Save(model, model_).ok());
  const CommandResult result =
      RunEspalier({"run", model_, "--input", Points({1, 2}, {1, 0}), "--output",
                   "a=" + y_, "--output", "b=" + folder_.path() + "/./y.npy"});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("'a' and 'b' would go to one file"));
}

// More samples than are run at a time.
TEST_F(RunTest, ManySamples) {
  std::vector<float> points;
  for (int i = 0; i < 5000; ++i) {
    points.push_back(1);
    points.push_back(0);
  }
  const std::string x = Points({5000, 2}, points);
  const CommandResult result =
      RunEspalier({"run", model_, "--input", x, "--output", y_});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(ReadNpy(y_)->data<float>(), Each(4.0f));
  EXPECT_EQ(ReadNpy(y_)->shape(), Shape({5000, 1}));
}

TEST_F(RunTest, UsageErrors) {
  const std::string x = Points({1, 2}, {1, 0});
  EXPECT_EQ(RunEspalier({"run", model_, "--input", x}).exit_code, 2);
  EXPECT_EQ(RunEspalier({"run", model_, "--output", y_}).exit_code, 2);
  EXPECT_EQ(
      RunEspalier({"run", model_, "--input", x, "--input", x, "--output", y_})
          .exit_code,
      2);
  const CommandResult over =
      RunEspalier({"run", model_, "--input", x, "--output", x});
  EXPECT_EQ(over.exit_code, 2);
  EXPECT_THAT(over.err, HasSubstr("--force"));
  EXPECT_EQ(RunEspalier({"run", model_, "--input", x, "--output", x, "--force"})
                .exit_code,
            0);
  EXPECT_THAT(ReadNpy(x)->data<float>(), ElementsAre(4.0f));
}

TEST_F(RunTest, OutputsAreNpyFiles) {
  const CommandResult result =
      RunEspalier({"run", model_, "--input", Points({1, 2}, {1, 0}), "--output",
                   folder_.File("y.csv")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_THAT(result.err, HasSubstr("expected a name that ends in .npy"));
}

}  // namespace
}  // namespace espalier
