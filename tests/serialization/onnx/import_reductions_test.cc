#include <cmath>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/onnx/import_helpers.h"

namespace espalier {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

OnnxFile Of(const std::string& op_type, int opset,
            const std::vector<int64_t>& input = {-1, 2, 3}) {
  return OnnxFile(opset)
      .Input("x", input)
      .Node(op_type, {"x"}, "y")
      .Output("y");
}

OnnxFile WithAxesInput(const std::string& op_type, int opset,
                       const std::vector<int64_t>& axes) {
  OnnxFile file = Of(op_type, opset).Ints("axes", axes);
  file.last_node().add_input("axes");
  return file;
}

OnnxFile SetAxes(OnnxFile file, const std::vector<int64_t>& axes) {
  onnx::AttributeProto* attribute = file.last_node().add_attribute();
  attribute->set_name("axes");
  attribute->set_type(onnx::AttributeProto::INTS);
  for (const int64_t axis : axes) attribute->add_ints(axis);
  return file;
}

std::vector<double> OfSix(const OnnxFile& file) {
  return Computed(file, {1, 2, 3}, {1, 2, 3, 4, 5, 9});
}

TEST(OnnxImportReductionsTest, AxesAsAttribute) {
  EXPECT_THAT(OfSix(SetAxes(Of("ReduceSum", 11), {2})), ElementsAre(6, 18));
  EXPECT_THAT(OfSix(SetAxes(Of("ReduceSum", 1), {-2})), ElementsAre(5, 7, 12));
  EXPECT_THAT(OfSix(SetAxes(Of("ReduceMean", 13), {1, 2})), ElementsAre(4));
  EXPECT_THAT(OfSix(SetAxes(Of("ReduceMax", 13), {2})), ElementsAre(3, 9));
  EXPECT_THAT(OfSix(SetAxes(Of("ReduceMin", 13), {1})), ElementsAre(1, 2, 3));
  EXPECT_THAT(Imported(SetAxes(Of("ReduceSum", 11), {2})),
              HasSubstr("y: f32[N, 2, 1] = "));
  EXPECT_THAT(Imported(SetAxes(Of("ReduceSum", 11), {2}).Set("keepdims", 0)),
              HasSubstr("y: f32[N, 2] = "));
  EXPECT_THAT(Refusal(SetAxes(Of("ReduceSum", 13), {2})),
              HasSubstr("attribute 'axes' is not understood"));
  EXPECT_THAT(Refusal(SetAxes(Of("ReduceMax", 13), {3})),
              HasSubstr("axis 3 is not one of the 3 axes of x"));
  EXPECT_THAT(Refusal(SetAxes(Of("ReduceMax", 13), {2, -1})),
              HasSubstr("node 'y' ('ReduceMax' of"));
}

TEST(OnnxImportReductionsTest, AxesAsInput) {
  EXPECT_THAT(OfSix(WithAxesInput("ReduceSum", 13, {2})), ElementsAre(6, 18));
  EXPECT_THAT(OfSix(WithAxesInput("ReduceMean", 18, {-1, 1})), ElementsAre(4));
  EXPECT_THAT(OfSix(WithAxesInput("ReduceMax", 18, {2})), ElementsAre(3, 9));
  EXPECT_THAT(OfSix(WithAxesInput("ReduceMin", 18, {1})), ElementsAre(1, 2, 3));
  EXPECT_THAT(Refusal(WithAxesInput("ReduceMin", 17, {1})),
              HasSubstr("has 2 inputs: expected at most 1"));
  OnnxFile computed = Of("ReduceSum", 13);
  computed.last_node().add_input("x");
  EXPECT_THAT(Refusal(computed), HasSubstr("node 'y' ('ReduceSum' of"));
}

TEST(OnnxImportReductionsTest, WithoutAxes) {
  // The batch is one of all axes.
  EXPECT_THAT(Imported(Of("ReduceSum", 13)), HasSubstr("y: f32[1, 1, 1] = "));
  EXPECT_THAT(Imported(Of("ReduceMean", 13).Set("keepdims", 0)),
              HasSubstr("y: f32[] = "));
  EXPECT_THAT(Imported(WithAxesInput("ReduceSum", 13, {})),
              HasSubstr("y: f32[1, 1, 1] = "));
  EXPECT_THAT(
      Imported(
          WithAxesInput("ReduceSum", 13, {}).Set("noop_with_empty_axes", 1)),
      HasSubstr("output y = x"));
  EXPECT_THAT(Imported(Of("ReduceMax", 18).Set("noop_with_empty_axes", 1)),
              HasSubstr("output y = x"));
  EXPECT_THAT(Refusal(Of("ReduceMax", 13).Set("noop_with_empty_axes", 1)),
              HasSubstr("is not understood"));
}

TEST(OnnxImportReductionsTest, SamplesAreNotMixed) {
  // A leading 1 is no batch where it is reduced: that stands before it.
  EXPECT_THAT(Imported(SetAxes(Of("ReduceMean", 13, {1, 3}), {0})),
              HasSubstr("y: f32[N, 1, 3] = "));
  EXPECT_THAT(Imported(SetAxes(Of("ReduceMean", 13, {1, 3}), {1})),
              HasSubstr("y: f32[N, 1] = "));
  // One in front is none of the file's axes.
  EXPECT_THAT(Imported(Of("ReduceMean", 13, {3}).Set("keepdims", 0)),
              HasSubstr("y: f32[N] = "));
  EXPECT_THAT(Imported(Of("Softmax", 13, {1, 3}).Set("axis", 0)),
              HasSubstr("x: f32[N, 1, 3] = "));
  EXPECT_THAT(Refusal(Of("Softmax", 13).Set("axis", 0)),
              HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(Refusal(Of("Softmax", 11).Set("axis", -3)),
              HasSubstr("axis 0 is the batch"));
}

const std::vector<int64_t> kTwoRows = {-1, 2, 2};

std::vector<double> OfTwoRows(const OnnxFile& file) {
  return Computed(file, {1, 2, 2}, {0, 0, 0, std::log(3.0)});
}

auto AreNear(double a, double b, double c, double d) {
  return ElementsAre(DoubleNear(a, 1e-12), DoubleNear(b, 1e-12),
                     DoubleNear(c, 1e-12), DoubleNear(d, 1e-12));
}

TEST(OnnxImportReductionsTest, SoftmaxOverAnAxis) {
  EXPECT_THAT(OfTwoRows(Of("Softmax", 13, kTwoRows)),
              AreNear(0.5, 0.5, 0.25, 0.75));
  EXPECT_THAT(OfTwoRows(Of("Softmax", 13, kTwoRows).Set("axis", 2)),
              AreNear(0.5, 0.5, 0.25, 0.75));
  EXPECT_THAT(OfTwoRows(Of("Softmax", 13, kTwoRows).Set("axis", 1)),
              AreNear(0.5, 0.25, 0.5, 0.75));
  EXPECT_THAT(OfTwoRows(Of("Softmax", 13, kTwoRows).Set("axis", -2)),
              AreNear(0.5, 0.25, 0.5, 0.75));
  EXPECT_THAT(
      OfTwoRows(Of("LogSoftmax", 13, kTwoRows).Set("axis", 1)),
      AreNear(std::log(0.5), std::log(0.25), std::log(0.5), std::log(0.75)));
  EXPECT_THAT(Refusal(Of("Softmax", 13, kTwoRows).Set("axis", 3)),
              HasSubstr("axis 3 is not one of the 3 axes of x"));
}

// Before opset 13 all that is behind the axis is one row.
TEST(OnnxImportReductionsTest, SoftmaxOverARow) {
  const double sixth = 1.0 / 6;
  EXPECT_THAT(OfTwoRows(Of("Softmax", 11, kTwoRows)),
              AreNear(sixth, sixth, sixth, 0.5));
  EXPECT_THAT(OfTwoRows(Of("Softmax", 12, kTwoRows).Set("axis", -1)),
              AreNear(0.5, 0.5, 0.25, 0.75));
  EXPECT_THAT(OfTwoRows(Of("LogSoftmax", 9, kTwoRows)),
              AreNear(std::log(sixth), std::log(sixth), std::log(sixth),
                      std::log(0.5)));
  EXPECT_THAT(Imported(Of("Softmax", 11, kTwoRows)),
              HasSubstr("y: f32[N, 2, 2] = "));
  OnnxImportOptions keep;
  keep.keep_leading_dimension = true;
  EXPECT_THAT(Computed(Of("Softmax", 11, {2, 1}).Set("axis", 0), {2, 1},
                       {0, std::log(3.0)}, keep),
              ElementsAre(DoubleNear(0.25, 1e-12), DoubleNear(0.75, 1e-12)));
}

}  // namespace
}  // namespace espalier
