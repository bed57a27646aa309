#include "gmock/gmock.h"
#include "graph/builder.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "serialization/model_file.h"
#include "serialization/npy.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CompareTest : public ::testing::Test {
 protected:
  // Saves the small model with another bias at its end.
  std::string WithBias(const std::string& name, float bias) {
    Model model = SmallModel();
    model.values["out/bias"].data<float>()[0] = bias;
    EXPECT_TRUE(Save(model, folder_.File(name)).ok());
    return folder_.File(name);
  }

  ScratchFolder folder_;
};

TEST_F(CompareTest, EqualModels) {
  const CommandResult result = RunEspalier(
      {"compare", WithBias("a.pb", 0), WithBias("b.pb", 0), "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "samples"), 1000);
  EXPECT_EQ(NumberIn(report, "max_abs_difference"), 0);
}

TEST_F(CompareTest, DifferentModels) {
  const std::string a = WithBias("a.pb", 0);
  const std::string b = WithBias("b.pb", 0.125f);
  const CommandResult result = RunEspalier({"compare", a, b, "--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  EXPECT_THAT(result.err, IsEmpty());
  EXPECT_NEAR(NumberIn(ParseJson(result.out), "max_abs_difference"), 0.125,
              1e-6);
  // max|a| is below 4 in the domain, and close to it on 1000 points.
  EXPECT_EQ(RunEspalier({"compare", a, b, "--tolerance", "0.04"}).exit_code, 0);
  EXPECT_EQ(RunEspalier({"compare", a, b, "--tolerance", "0.03"}).exit_code, 1);
  const CommandResult text = RunEspalier({"compare", a, b});
  EXPECT_THAT(text.out, HasSubstr("different on 1,000 samples"));
}

TEST_F(CompareTest, OnData) {
  const std::string x = folder_.File("x.npy");
  const std::vector<float> points = {0, 0, 1, 0};
  ASSERT_TRUE(WriteNpy(x, Tensor(Shape({2, 2}), points)).ok());
  const CommandResult result =
      RunEspalier({"compare", WithBias("a.pb", 0), WithBias("b.pb", 0.125f),
                   "--data", x, "--json"});
  EXPECT_EQ(result.exit_code, 1) << result.err;
  const auto report = ParseJson(result.out);
  EXPECT_EQ(NumberIn(report, "samples"), 2);
  EXPECT_EQ(NumberIn(report, "max_abs_difference"), 0.125);
}

// An ONNX file does not take every name that a model may have.
TEST_F(CompareTest, NamesThatChanged) {
  const auto save = [&](const std::string& file, const std::string& input,
                        const std::vector<std::string>& outputs) {
    GraphBuilder g("g");
    const Value x = g.Input(input, {kBatch, 1});
    for (const std::string& output : outputs) g.Output(output, Neg(x));
    Model model;
    model.graph = *g.Build();
    model.domains[input] = {{-1}, {1}};
    EXPECT_TRUE(Save(model, folder_.File(file)).ok());
    return folder_.File(file);
  };
  const std::string a = save("a.pb", "x.1", {"21", "22"});
  const std::string b = save("b.pb", "x_1", {"_21", "_22"});
  const CommandResult renamed = RunEspalier({"compare", a, b});
  EXPECT_EQ(renamed.exit_code, 0) << renamed.err;
  const std::string c = save("c.pb", "x.1", {"22", "21"});
  const CommandResult swapped = RunEspalier({"compare", a, c});
  EXPECT_EQ(swapped.exit_code, 3);
  EXPECT_THAT(swapped.err, HasSubstr("different outputs: 21 f32[N, 1], 22"));
}

// What is not a finite number is equal to itself only, and no tolerance of
// an infinite max|a| covers the rest.
TEST_F(CompareTest, OutputsThatAreNotFinite) {
  const std::string x = folder_.File("x.npy");
  const std::vector<float> points = {-1, 0, 1};
  ASSERT_TRUE(WriteNpy(x, Tensor(Shape({3, 1}), points)).ok());
  const auto save = [&](const std::string& name, Value (*function)(Value)) {
    GraphBuilder g("g");
    g.Output("y", function(g.Input("x", {kBatch, 1})));
    Model model;
    model.graph = *g.Build();
    EXPECT_TRUE(Save(model, folder_.File(name)).ok());
    return folder_.File(name);
  };
  // NaN, -inf, 0.
  const std::string log = save("log.pb", [](Value v) { return Log(v, "y"); });
  const std::string sum =
      save("sum.pb", [](Value v) { return Add(Log(v), v, "y"); });
  const std::string same =
      save("same.pb", [](Value v) { return Identity(v, "y"); });
  EXPECT_EQ(RunEspalier({"compare", log, log, "--data", x}).exit_code, 0);
  // NaN, -inf, 1: max|a-b| is 1.
  const CommandResult finite =
      RunEspalier({"compare", log, sum, "--data", x, "--json"});
  EXPECT_EQ(finite.exit_code, 1);
  EXPECT_EQ(NumberIn(ParseJson(finite.out), "max_abs_difference"), 1);
  for (const auto& [a, b] : {std::make_pair(log, same), {same, log}}) {
    const CommandResult result =
        RunEspalier({"compare", a, b, "--data", x, "--tolerance", "1000"});
    EXPECT_EQ(result.exit_code, 1) << result.out;
    EXPECT_THAT(result.out, HasSubstr("inf"));
  }
}

TEST_F(CompareTest, ModelsThatCannotBeCompared) {
  const std::string a = WithBias("a.pb", 0);
  Model without = SmallModel();
  without.domains.clear();
  ASSERT_TRUE(Save(without, folder_.File("w.pb")).ok());
  const std::string w = folder_.File("w.pb");
  EXPECT_EQ(RunEspalier({"compare", a, w}).exit_code, 0);
  const CommandResult undeclared = RunEspalier({"compare", w, w});
  EXPECT_EQ(undeclared.exit_code, 2);
  EXPECT_THAT(undeclared.err, HasSubstr("--data D"));

  const std::string m = folder_.File("m.pb");
  ASSERT_EQ(RunEspalier({"train", "--data", "builtin:cosine", "--epochs", "1",
                         "--output", m})
                .exit_code,
            0);
  const CommandResult other = RunEspalier({"compare", a, m});
  EXPECT_EQ(other.exit_code, 3);
  EXPECT_THAT(other.err, HasSubstr("different inputs: x f32[N, 2] and x f32"));
  EXPECT_THAT(other.err, HasSubstr("'" + a + "' and '" + m + "': "));
  EXPECT_EQ(RunEspalier({"compare", a}).exit_code, 2);
  EXPECT_EQ(RunEspalier({"compare", a, a, "--tolerance", "-1"}).exit_code, 2);
  EXPECT_EQ(RunEspalier({"compare", a, a, "--split", "test"}).exit_code, 2);
}

}  // namespace
}  // namespace espalier
