#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "graph/builder.h"
#include "graph/leaves.h"
#include "ops/gates.h"
#include "ops/layers.h"
#include "serialization/model_file.h"
#include "tests/tools/small_model.h"
#include "tests/tools/train_command.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class TrainFurtherTest : public TrainTest {
 protected:
  // The model is one of the classes "upper" and "lower".
  void TrainMoons() {
    ASSERT_EQ(Train({"--data", "builtin:moons", "--hidden", "4", "--epochs",
                     "1", "--output", model_})
                  .exit_code,
              0);
  }
};

// A table of 64 elements and a label, 0 in one row and 1 in the other.
std::string TwoRowsOfDigits() {
  std::string rows;
  for (const char* label : {"0", "1"}) {
    for (int i = 0; i < 64; ++i) absl::StrAppend(&rows, i % 16, ",");
    absl::StrAppend(&rows, label, "\n");
  }
  return rows;
}

TEST_F(TrainFurtherTest, TrainsAModelFurther) {
  const CommandResult first = Train(digits_, {"--json"});
  ASSERT_EQ(first.exit_code, 0) << first.err;
  const std::string second = folder_.File("second.pb");
  const Line line = {"--data", "builtin:digits", "--model", model_, "--epochs",
                     "1",      "--output",       second};
  const CommandResult further = Train(line, {"--json"});
  ASSERT_EQ(further.exit_code, 0) << further.err;
  EXPECT_LT(NumberIn(ParseJson(further.out), "loss"),
            NumberIn(ParseJson(first.out), "loss"));
  EXPECT_EQ(Load(second)->domains.size(), 1u);
  EXPECT_EQ(Train(line, {"--hidden", "3"}).exit_code, 2);
  EXPECT_EQ(Train(line, {"--init", "he"}).exit_code, 2);
  EXPECT_EQ(Train(line, {"--activation", "tanh"}).exit_code, 2);
  // Over the model itself only with --force.
  const Line over = {"--data", "builtin:digits", "--model", model_, "--epochs",
                     "1",      "--output",       model_};
  EXPECT_EQ(Train(over).exit_code, 2);
  EXPECT_EQ(Train(over, {"--force"}).exit_code, 0);
}

// As docs/weights.md and the help say.
TEST_F(TrainFurtherTest, OfOnnxOnlyWeightsAndBiasesAreParameters) {
  GraphBuilder g("prelu");
  const Value x = g.Input("x", {kBatch, 2});
  const Value normal = layers::LayerNorm(layers::Dense(x, 3));
  const Value slope = g.Parameter("slope", {3}, Initializer::Constant(0.5f));
  g.Output("y", layers::Dense(Prelu(normal, slope), 2));
  Model model;
  model.graph = g.Build().value();
  for (const NodeId id : model.graph.parameters()) {
    const Node& node = model.graph.node(id);
    Tensor value(node.type.dtype, node.type.shape);
    for (float& number : value.data<float>()) number = 0.5f;
    model.values.emplace(node.name, std::move(value));
  }
  EXPECT_EQ(model.values.size(), 7u);
  const std::string onnx = folder_.File("m.onnx");
  ASSERT_TRUE(Save(model, onnx).ok());
  const std::string second = folder_.File("second.pb");
  ASSERT_EQ(Train({"--data", "builtin:moons", "--model", onnx, "--epochs", "1",
                   "--output", second})
                .exit_code,
            0);
  const Model trained = Load(second).value();
  EXPECT_EQ(trained.values.size(), 4u);
  const Node& kept = trained.graph.node(trained.graph.Find("slope"));
  ASSERT_NE(ConstantValue(*kept.op), nullptr);
  EXPECT_EQ(ConstantValue(*kept.op)->data<float>()[0], 0.5f);
  EXPECT_THAT(Train({"--help"}).out, HasSubstr("of one from ONNX, slopes of"));
}

TEST_F(TrainFurtherTest, ClassNamesStay) {
  TrainMoons();
  // A table has no names for its classes.
  const std::string data =
      folder_.Write("two.csv", "a,b,c\n0,0,0\n0,1,1\n1,0,1\n");
  const std::string second = folder_.File("second.pb");
  const Line line = {
      "--data",  data,   "--target", "c", "--task",   "classification",
      "--model", model_, "--epochs", "1", "--output", second};
  const CommandResult result = Train(line);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("warning")));
  EXPECT_THAT(Load(second)->class_names, ElementsAre("upper", "lower"));
}

TEST_F(TrainFurtherTest, ClassNamesStayWhereTheDataHasFewerClasses) {
  ASSERT_EQ(Train(digits_).exit_code, 0);
  const std::string data = folder_.Write("two.csv", TwoRowsOfDigits());
  const std::string second = folder_.File("second.pb");
  const CommandResult result =
      Train({"--data", data, "--model", model_, "--epochs", "1", "--output",
             second, "--domain", "0:16"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err, Not(HasSubstr("warning")));
  EXPECT_EQ(Load(second)->class_names, Load(model_)->class_names);
  EXPECT_EQ(Load(second)->class_names.size(), 10u);
}

TEST_F(TrainFurtherTest, ClassNamesThatTheDataContradictsStayAndAreTold) {
  TrainMoons();
  const std::string second = folder_.File("second.pb");
  const CommandResult result =
      Train({"--data", "builtin:spirals", "--model", model_, "--epochs", "1",
             "--output", second});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("warning: class 0 is 'upper' of the model and 'first' "
                        "of the data 'spirals': the model keeps its names\n"));
  EXPECT_THAT(Load(second)->class_names, ElementsAre("upper", "lower"));
}

TEST_F(TrainFurtherTest, ADomainInWhichUnitsWereRemovedIsNotWidened) {
  const std::string data = folder_.Write("d.csv", "a,b,y\n0,0.5,0\n1,0,1\n");
  Model pruned = SmallModel();
  pruned.history = {{"prune", "domain", "bounds", {}}};
  ASSERT_TRUE(Save(pruned, model_).ok());
  const std::string second = folder_.File("second.pb");
  const Line line = {"--data",   data,         "--target", "y",
                     "--task",   "regression", "--model",  model_,
                     "--epochs", "1",          "--output", second};
  const CommandResult wider = Train(line, {"--domain", "-30:30"});
  EXPECT_EQ(wider.exit_code, 3) << wider.err;
  EXPECT_THAT(wider.err,
              HasSubstr("--domain: input 'x', element 0: the new domain -30:30 "
                        "is not inside 0:1, for which units were removed"));
  EXPECT_EQ(folder_.Read("second.pb"), "");
  ASSERT_EQ(Train(line).exit_code, 0) << Train(line).err;
  EXPECT_EQ(Load(second)->domains.at("x").upper[0], 1);
  EXPECT_EQ(Load(second)->history.size(), 1u);
  // Samples outside of what was promised are not trained on.
  folder_.Write("d.csv", "a,b,y\n0,0.5,0\n5,0,1\n");
  EXPECT_EQ(Train(line, {"--force"}).exit_code, 3);
}

TEST_F(TrainFurtherTest,
       TheDeclaredDomainWinsOverTheDataWhereUnitsWereRemovedInIt) {
  ASSERT_EQ(Train(digits_).exit_code, 0);
  Model pruned = *Load(model_);
  ASSERT_EQ(pruned.domains.size(), 1u);
  InputDomain& domain = pruned.domains.begin()->second;
  pruned.history = {{"prune", "domain", "bounds", {}}};
  // Pixel 0 is 0 in all of the digits, whose own domain lets it be 16.
  ASSERT_EQ(domain.upper[0], 16);
  domain.upper[0] = 0;
  ASSERT_TRUE(Save(pruned, model_).ok());
  const std::string second = folder_.File("second.pb");
  const CommandResult further =
      Train({"--data", "builtin:digits", "--model", model_, "--epochs", "1",
             "--output", second});
  ASSERT_EQ(further.exit_code, 0) << further.err;
  EXPECT_EQ(Load(second)->domains.begin()->second.upper[0], 0);
}

TEST_F(TrainFurtherTest, AModelOfFewerClassesThanTheDataIsRefused) {
  TrainMoons();
  const std::string data =
      folder_.Write("d.csv", "a,b,c\n0,0,0\n0,1,1\n1,0,2\n1,1,0\n");
  const CommandResult result = Train(
      {"--data", data, "--target", "c", "--task", "classification", "--model",
       model_, "--loss", "hinge", "--output", folder_.File("second.pb")});
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_THAT(result.err,
              HasSubstr("label 2 of row 2: expected 0 to 1, of 2 classes"));
}

TEST_F(TrainFurtherTest, ValidationDataOfMoreClassesIsRefusedByName) {
  const std::string data = folder_.Write("d.csv", "a,c\n0,0\n1,1\n");
  const std::string other = folder_.Write("other.csv", "a,c\n0,0\n1,7\n");
  const std::string wider = folder_.Write("wider.csv", "a,b,c\n0,0,0\n");
  Line line = {"--data",       data,
               "--task",       "classification",
               "--epochs",     "100000",
               "--output",     model_,
               "--log",        folder_.File("log.jsonl"),
               "--validation", other};
  CommandResult result = Train(line);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err,
              HasSubstr(absl::StrCat("validation: data '", other,
                                     "': label 7 of row 1: expected 0 to 1")));
  EXPECT_EQ(folder_.Read("log.jsonl"), "");
  line.back() = wider;
  result = Train(line);
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err,
              HasSubstr(absl::StrCat("validation: data '", wider, "': input")));
}

}  // namespace
}  // namespace espalier
