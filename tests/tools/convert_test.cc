#include "gmock/gmock.h"
#include "graph/builder.h"
#include "ops/elementwise.h"
#include "serialization/model_file.h"
#include "serialization/onnx/export.h"
#include "tests/tools/espalier_command.h"
#include "tests/tools/small_model.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class ConvertTest : public ::testing::Test {
 protected:
  ConvertTest() { EXPECT_TRUE(Save(SmallModel(), model_).ok()); }

  void ExpectDone(const std::vector<std::string>& arguments) {
    const CommandResult result = RunEspalier(arguments);
    EXPECT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(result.out, "");
    EXPECT_EQ(result.err, "");
  }

  void ExpectRefused(const std::vector<std::string>& arguments, int exit_code,
                     const std::string& message) {
    const CommandResult result = RunEspalier(arguments);
    EXPECT_EQ(result.exit_code, exit_code);
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_THAT(folder_.Names(), ElementsAre("m.pb"));
  }

  ScratchFolder folder_;
  const std::string model_ = folder_.File("m.pb");
};

TEST_F(ConvertTest, ToTextAndBack) {
  ExpectDone({"convert", model_, folder_.File("m.pbtxt")});
  EXPECT_THAT(folder_.Read("m.pbtxt"), HasSubstr("kind: \"dense\""));
  ExpectDone({"convert", folder_.File("m.pbtxt"), folder_.File("n.pb")});
  EXPECT_EQ(folder_.Read("n.pb"), folder_.Read("m.pb"));
}

// Text has no checksum, so it is what people edit.
TEST_F(ConvertTest, ChecksTextAsItChecksFiles) {
  ExpectDone({"convert", model_, folder_.File("m.pbtxt")});
  std::string text = folder_.Read("m.pbtxt");
  text.replace(text.find("dense"), 5, "dance");
  folder_.Write("m.pbtxt", text);
  const CommandResult result =
      RunEspalier({"convert", folder_.File("m.pbtxt"), folder_.File("n.pb")});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("dance"));
  EXPECT_EQ(folder_.Read("n.pb"), "");
}

TEST_F(ConvertTest, FoldsBatchNormWhereAsked) {
  const std::string from = folder_.File("n.pb");
  ASSERT_EQ(RunEspalier({"train", "--data", "builtin:moons", "--hidden", "4",
                         "--batch-norm", "--epochs", "1", "--output", from})
                .exit_code,
            0);
  ExpectDone({"convert", from, folder_.File("kept.pbtxt")});
  EXPECT_THAT(folder_.Read("kept.pbtxt"), HasSubstr("batch_normalize"));
  const std::string folded = folder_.File("folded.pb");
  ExpectDone({"convert", from, folded, "--fold-batch-norm"});
  ExpectDone({"convert", folded, folder_.File("folded.pbtxt")});
  EXPECT_THAT(folder_.Read("folded.pbtxt"), Not(HasSubstr("batch_normalize")));
  EXPECT_EQ(
      RunEspalier({"compare", from, folded, "--tolerance", "1e-5"}).exit_code,
      0);
  // Also of a model that gets its weights on the way.
  ExpectDone({"convert", from, folder_.File("w.npz")});
  ExpectDone({"convert", folder_.File("w.npz"), folder_.File("into.pb"),
              "--into", from, "--fold-batch-norm"});
  EXPECT_EQ(folder_.Read("into.pb"), folder_.Read("folded.pb"));
  // And of the weights that are left then.
  ExpectDone(
      {"convert", from, folder_.File("folded.npz"), "--fold-batch-norm"});
  ExpectDone({"convert", folded, folder_.File("again.npz")});
  EXPECT_EQ(folder_.Read("folded.npz"), folder_.Read("again.npz"));
}

TEST_F(ConvertTest, ToOnnx) {
  ExpectDone({"convert", model_, folder_.File("m.onnx")});
  EXPECT_EQ(folder_.Read("m.onnx"), ExportOnnx(SmallModel()).value());
  ExpectDone({"convert", model_, folder_.File("m.onnx"), "--opset", "13"});
  EXPECT_EQ(folder_.Read("m.onnx"), ExportOnnx(SmallModel(), {13}).value());
}

TEST_F(ConvertTest, FromOnnx) {
  ExpectDone({"convert", model_, folder_.File("m.onnx")});
  ExpectDone({"convert", folder_.File("m.onnx"), folder_.File("n.pb")});
  const CommandResult compared =
      RunEspalier({"compare", model_, folder_.File("n.pb")});
  EXPECT_EQ(compared.exit_code, 0) << compared.err << compared.out;
  folder_.Write("m.onnx", folder_.Read("m.pb"));
  const CommandResult result =
      RunEspalier({"convert", folder_.File("m.onnx"), folder_.File("n.pb")});
  EXPECT_EQ(result.exit_code, 3);
  EXPECT_THAT(result.err, HasSubstr("load '"));
}

TEST_F(ConvertTest, ToWeightsBesideAndBack) {
  ExpectDone({"convert", model_, folder_.File("n.pb"), "--external-weights"});
  // The model, the new one and its weights.
  EXPECT_EQ(folder_.Names().size(), 3u);
  ExpectDone(
      {"convert", folder_.File("n.pb"), folder_.File("n.pb"), "--force"});
  EXPECT_EQ(folder_.Read("n.pb"), folder_.Read("m.pb"));
  EXPECT_EQ(folder_.Names().size(), 2u);
  ExpectDone({"convert", model_, folder_.File("n.onnx"), "--external-weights"});
  ExpectDone({"convert", folder_.File("n.onnx"), folder_.File("o.pb")});
  const CommandResult compared =
      RunEspalier({"compare", model_, folder_.File("o.pb")});
  EXPECT_EQ(compared.exit_code, 0) << compared.err << compared.out;
}

TEST_F(ConvertTest, WeightsOutAndIn) {
  ExpectDone({"convert", model_, folder_.File("w.npz")});
  ExpectDone({"convert", folder_.File("w.npz"), folder_.File("w.safetensors")});
  ExpectDone({"convert", folder_.File("w.safetensors"), folder_.File("n.pb"),
              "--into", model_});
  EXPECT_EQ(folder_.Read("n.pb"), folder_.Read("m.pb"));
  // Of a model with other names.
  GraphBuilder g("other");
  g.Output("y", g.Parameter("p", {2}, Initializer::Zeros()));
  Model other;
  other.graph = g.Build().value();
  other.values["p"] = Tensor(DataType::kF32, {2});
  ASSERT_TRUE(Save(other, folder_.File("o.pb")).ok());
  for (const std::string& weights :
       {folder_.File("w.npz"), folder_.File("w.safetensors")}) {
    const CommandResult result =
        RunEspalier({"convert", weights, folder_.File("p.pb"), "--into",
                     folder_.File("o.pb")});
    EXPECT_EQ(result.exit_code, 3);
    EXPECT_THAT(result.err,
                HasSubstr("error: '" + weights +
                          "': the tensors are not the model's; missing: 'p'; "
                          "of no parameter or state: "));
    EXPECT_EQ(folder_.Read("p.pb"), "");
  }
}

TEST_F(ConvertTest, Usage) {
  ExpectRefused({"convert", "w.npz", folder_.File("n.pb")}, 2,
                "name the model that gets them with --into");
  ExpectRefused({"convert", model_, folder_.File("n.pb"), "--into", model_}, 2,
                "--into: expected weights");
  ExpectRefused(
      {"convert", model_, folder_.File("m.pbtxt"), "--external-weights"}, 2,
      "is one file");
  ExpectRefused({"convert", model_, model_}, 2, "would overwrite the input");
  ExpectRefused({"convert", model_, folder_.File("m.bin")}, 2,
                "ends in .pb, .pbtxt or .onnx, that of weights in .npz or "
                ".safetensors");
  ExpectRefused({"convert", folder_.File("m.bin"), folder_.File("n.pb")}, 3,
                "ends in .pb, .pbtxt or .onnx, that of weights in .npz or "
                ".safetensors");
  ExpectRefused(
      {"convert", "w.npz", folder_.File("w.safetensors"), "--fold-batch-norm"},
      2, "--fold-batch-norm: IN 'w.npz' holds weights and no graph");
  ExpectRefused({"convert", model_, folder_.File("n.pb"), "--opset", "17"}, 2,
                "is no ONNX file");
  ExpectRefused({"convert", model_, folder_.File("m.onnx"), "--opset", "12"}, 2,
                "from 13 to 21");
  ExpectDone({"convert", model_, model_, "--force"});
}

TEST_F(ConvertTest, SaysWhyThereIsNoOnnxForm) {
  GraphBuilder g("training");
  const Value w = g.Parameter("w", {2}, Initializer::Zeros());
  g.Output("y", w);
  g.Update(w, Neg(w));
  Model model;
  model.graph = g.Build().value();
  model.values["w"] = Tensor(DataType::kF32, {2});
  ASSERT_TRUE(Save(model, model_).ok());
  ExpectRefused({"convert", model_, folder_.File("m.onnx")}, 3,
                "it is a training graph");
}

}  // namespace
}  // namespace espalier
