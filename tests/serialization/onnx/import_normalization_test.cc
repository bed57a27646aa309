#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/onnx/import_helpers.h"

namespace espalier {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// (x - mean) / sqrt(variance + 0) * scale + shift of two channels.
OnnxFile BatchNorm(int opset, const std::vector<int64_t>& input = {-1, 2},
                   std::vector<float> variance = {4, 9}) {
  return OnnxFile(opset)
      .Input("x", input)
      .Floats("scale", {2}, {1, 3})
      .Floats("shift", {2}, {0, 1})
      .Floats("mean", {2}, {1, 2})
      .Floats("variance", {2}, std::move(variance))
      .Node("BatchNormalization", {"x", "scale", "shift", "mean", "variance"},
            "y")
      .SetFloat("epsilon", 1e-30f)
      .Output("y");
}

std::vector<double> OfTwo(const OnnxFile& file) {
  return Computed(file, {1, 2}, {3, 5});
}

testing::Matcher<std::vector<double>> Are(double a, double b) {
  return ElementsAre(DoubleNear(a, 1e-9), DoubleNear(b, 1e-9));
}

TEST(OnnxImportNormalizationTest, BatchNormOfEachOpset) {
  for (const int opset : {7, 9, 14, 15}) {
    EXPECT_THAT(OfTwo(BatchNorm(opset)), Are(1, 4)) << opset;
    EXPECT_THAT(OfTwo(BatchNorm(opset).SetFloat("momentum", 0.5f)), Are(1, 4));
  }
  EXPECT_THAT(OfTwo(BatchNorm(6).Set("is_test", 1)), Are(1, 4));
  EXPECT_THAT(OfTwo(BatchNorm(7).Set("spatial", 0)), Are(1, 4));
  EXPECT_THAT(OfTwo(BatchNorm(14).Set("training_mode", 0)), Are(1, 4));
  EXPECT_THAT(Imported(BatchNorm(15)), HasSubstr("= batch_normalize("));
  OnnxFile standard = BatchNorm(15);
  standard.last_node().clear_attribute();
  EXPECT_THAT(OfTwo(standard),
              Are(2 / std::sqrt(4.00001), 9 / std::sqrt(9.00001) + 1));
}

TEST(OnnxImportNormalizationTest, BatchNormOfHigherRanks) {
  const auto are = ElementsAre(DoubleNear(1, 1e-9), DoubleNear(2, 1e-9),
                               DoubleNear(4, 1e-9), DoubleNear(7, 1e-9));
  EXPECT_THAT(Computed(BatchNorm(15, {-1, 2, 2}), {1, 2, 2}, {3, 5, 5, 8}),
              are);
  EXPECT_THAT(
      Computed(BatchNorm(15, {-1, 2, 1, 2}), {1, 2, 1, 2}, {3, 5, 5, 8}), are);
  EXPECT_THAT(Refusal(BatchNorm(15, {-1, 3})),
              HasSubstr("node 'y' ('BatchNormalization' of domain 'ai.onnx', "
                        "opset 15): "));
}

// An input without a batch, to which the file gives a 1.
TEST(OnnxImportNormalizationTest, BatchNormBehindABatchInFront) {
  OnnxFile file = OnnxFile(15).Input("x", {2}).Ints("s", {1, 2});
  file.Node("Reshape", {"x", "s"}, "r");
  const OnnxFile norm = BatchNorm(15);
  file.model.mutable_graph()->mutable_initializer()->MergeFrom(
      norm.model.graph().initializer());
  *file.model.mutable_graph()->add_node() = norm.model.graph().node(0);
  file.last_node().set_input(0, "r");
  file.Output("y");
  EXPECT_THAT(Imported(file), HasSubstr("y: f32[N, 1, 2] = "));
  EXPECT_THAT(OfTwo(file), Are(1, 4));
}

TEST(OnnxImportNormalizationTest, BatchNormRefusals) {
  constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THAT(Refusal(BatchNorm(6)), HasSubstr("training mode"));
  EXPECT_THAT(Refusal(BatchNorm(14).Set("training_mode", 1)),
              HasSubstr("training mode"));
  EXPECT_THAT(Refusal(BatchNorm(9).Set("spatial", 1)),
              HasSubstr("'spatial' is not understood"));
  EXPECT_THAT(Refusal(BatchNorm(7, {-1, 2, 2}).Set("spatial", 0)),
              HasSubstr("'spatial' is not 1"));
  EXPECT_THAT(Refusal(BatchNorm(15, {-1, 2}, {4, -1})),
              HasSubstr("node 'y' ('BatchNormalization' of domain 'ai.onnx', "
                        "opset 15): a variance, of input 4, is -1: expected "
                        "none below 0"));
  EXPECT_THAT(Refusal(BatchNorm(15, {-1, 2}, {kNaN, 1})),
              HasSubstr("is nan: expected none below 0"));
  OnnxFile trains = BatchNorm(9);
  trains.last_node().add_output("running_mean");
  EXPECT_THAT(OfTwo(trains), Are(1, 4));
  trains.Output("running_mean");
  EXPECT_THAT(Refusal(trains),
              HasSubstr("its result 1, 'running_mean', is not computed"));
}

OnnxFile LayerNorm(const std::vector<int64_t>& input,
                   const std::vector<int64_t>& scale, int64_t axis) {
  return OnnxFile(17)
      .Input("x", input)
      .Floats("scale", scale)
      .Floats("shift", {}, {10})
      .Node("LayerNormalization", {"x", "scale", "shift"}, "y")
      .SetFloat("epsilon", 1e-30f)
      .Set("axis", axis)
      .Output("y");
}

TEST(OnnxImportNormalizationTest, LayerNormFromAnAxisOn) {
  const auto near = [](double a) { return DoubleNear(a, 1e-9); };
  // Rows of mean 2 and deviation 1.
  EXPECT_THAT(Computed(LayerNorm({-1, 2, 2}, {2}, -1), {1, 2, 2}, {1, 3, 3, 1}),
              ElementsAre(near(9), near(12), near(11), near(8)));
  EXPECT_THAT(
      Computed(LayerNorm({-1, 2, 2}, {2, 2}, 1), {1, 2, 2}, {1, 3, 3, 1}),
      ElementsAre(near(9), near(12), near(13), near(6)));
  // Factors that stretch.
  EXPECT_THAT(
      Computed(LayerNorm({-1, 2, 2}, {2, 1}, -2), {1, 2, 2}, {1, 3, 3, 1}),
      ElementsAre(near(9), near(11), near(12), near(8)));
  EXPECT_THAT(Imported(LayerNorm({-1, 2, 2}, {2, 2}, 1)),
              HasSubstr("y: f32[N, 2, 2] = "));
  EXPECT_THAT(Computed(OnnxFile(17)
                           .Input("x", {-1, 2})
                           .Floats("scale", {2})
                           .Node("LayerNormalization", {"x", "scale"}, "y")
                           .SetFloat("epsilon", 1e-30f)
                           .Output("y"),
                       {1, 2}, {1, 3}),
              Are(-1, 2));
}

TEST(OnnxImportNormalizationTest, LayerNormStatistics) {
  for (const int result : {1, 2}) {
    OnnxFile file = LayerNorm({-1, 2, 2}, {2}, -1).SetFloat("epsilon", 0);
    file.last_node().clear_attribute();
    file.SetFloat("epsilon", 1e-30f);
    file.last_node().add_output("mean");
    file.last_node().add_output("inverse");
    file.model.mutable_graph()->clear_output();
    file.Output(result == 1 ? "mean" : "inverse");
    EXPECT_THAT(Computed(file, {1, 2, 2}, {1, 3, 0, 8}),
                result == 1 ? Are(2, 4) : Are(1, 0.25));
    EXPECT_THAT(Imported(file), HasSubstr(": f32[N, 2, 1] = "));
  }
}

TEST(OnnxImportNormalizationTest, LayerNormRefusals) {
  EXPECT_THAT(Refusal(LayerNorm({-1, 2}, {2}, 0)),
              HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(Refusal(LayerNorm({-1, 2}, {2}, 2)),
              HasSubstr("axis 2 is not one of the 2 axes of x"));
  EXPECT_THAT(Refusal(LayerNorm({-1, 2}, {3}, 1)),
              HasSubstr("input 1 has shape [3]: expected one that stretches to "
                        "[2]"));
  EXPECT_THAT(Refusal(LayerNorm({-1, 2}, {2}, 1).Set("stash_type", 10)),
              HasSubstr("'stash_type' is 10"));
}

TEST(OnnxImportNormalizationTest, DropoutOfEachOpset) {
  const auto dropout = [](int opset) {
    return OnnxFile(opset)
        .Input("x", {-1, 2})
        .Node("Dropout", {"x"}, "y")
        .Output("y");
  };
  const auto training = [&](int64_t dims, char mode) {
    OnnxFile file = dropout(13).Floats("ratio", {}, {0.5f}).Floats("mode", {});
    file.last_tensor().set_data_type(onnx::TensorProto::BOOL);
    file.last_tensor().set_raw_data(std::string(1, mode));
    if (dims > 0) file.last_tensor().add_dims(dims);
    file.last_node().add_input("ratio");
    file.last_node().add_input("mode");
    return file;
  };
  for (const int opset : {7, 10, 11, 12, 13}) {
    EXPECT_THAT(Imported(dropout(opset)), HasSubstr("output y = x")) << opset;
  }
  EXPECT_THAT(Imported(dropout(7).SetFloat("ratio", 0.3f)),
              HasSubstr("output y = x"));
  EXPECT_THAT(Imported(dropout(12).Set("seed", 3)), HasSubstr("output y = x"));
  EXPECT_THAT(Refusal(dropout(12).SetFloat("ratio", 0.3f)),
              HasSubstr("'ratio' is not understood"));
  EXPECT_THAT(Imported(dropout(6).Set("is_test", 1)),
              HasSubstr("output y = x"));
  EXPECT_THAT(Refusal(dropout(6)), HasSubstr("training mode"));
  EXPECT_THAT(Imported(training(0, 0)), HasSubstr("output y = x"));
  EXPECT_THAT(Imported(training(1, 0)), HasSubstr("output y = x"));
  EXPECT_THAT(Refusal(training(0, 1)),
              HasSubstr("node 'y' ('Dropout' of domain 'ai.onnx', opset 13): "
                        "training mode"));
  OnnxFile mask = dropout(13);
  mask.last_node().add_output("mask");
  EXPECT_THAT(Imported(mask), HasSubstr("output y = x"));
  EXPECT_THAT(Refusal(mask.Output("mask")),
              HasSubstr("its result 1, 'mask', is not computed"));
}

}  // namespace
}  // namespace espalier
