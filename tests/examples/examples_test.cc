// Runs the programs in examples/ and looks at what they leave behind.
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "serialization/model_file.h"
#include "tests/serialization/scratch_folder.h"
#include "training/builtin.h"
#include "training/evaluate.h"
#include "training/predictor.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The lines of standard output; the program must succeed.
std::vector<std::string> RunIn(const ScratchFolder& folder,
                               const std::string& program) {
  const std::string command =
      absl::StrCat("cd '", folder.path(), "' && '", ESPALIER_PROGRAMS, "/",
                   program, "' > out");
  EXPECT_EQ(std::system(command.c_str()), 0) << program;
  return absl::StrSplit(folder.Read("out"), '\n', absl::SkipEmpty());
}

TEST(ExamplesTest, CosineFitsSavesAndPrunes) {
  const ScratchFolder folder;
  const std::vector<std::string> lines = RunIn(folder, "cosine");
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_THAT(lines[1], HasSubstr("dense/relu"));
  const Model model = Load(folder.File("cosine.pb")).value();
  // The noise alone has the variance 0.0064.
  const Dataset cosine = builtin::Cosine(200);
  EXPECT_LT(Evaluate(model, cosine).value().loss, 0.008);
  const Model pruned = Load(folder.File("cosine-pruned.onnx")).value();
  Predictor before = Predictor::Create(model).value();
  Predictor after = Predictor::Create(pruned).value();
  const Tensor a = before.Run(cosine.features()).value();
  const Tensor b = after.Run(cosine.features()).value();
  for (int64_t i = 0; i < a.num_elements(); ++i) {
    EXPECT_NEAR(a.data<float>()[i], b.data<float>()[i], 1e-5) << i;
  }
}

TEST(ExamplesTest, CurvatureIsExact) {
  const ScratchFolder folder;
  EXPECT_THAT(RunIn(folder, "curvature"), ElementsAre("3 6", "12 0", "27 -18"));
}

TEST(ExamplesTest, PredictAsksTheSavedModel) {
  const ScratchFolder folder;
  RunIn(folder, "cosine");
  const std::vector<std::string> lines = RunIn(folder, "predict");
  const std::vector<float> x = {0, 0.25f, 0.5f, 0.75f, 1};
  ASSERT_EQ(lines.size(), x.size());
  Predictor predictor =
      Predictor::Create(Load(folder.File("cosine.pb")).value()).value();
  const Tensor y = predictor.Run(Tensor({5, 1}, x)).value();
  for (size_t i = 0; i < x.size(); ++i) {
    float printed = 0;
    ASSERT_TRUE(absl::SimpleAtof(lines[i], &printed)) << lines[i];
    EXPECT_NEAR(printed, y.data<float>()[i], 1e-5);
    EXPECT_NEAR(printed, std::cos(6 * x[i]), 0.15);
  }
}

}  // namespace
}  // namespace espalier
