// Transposes, slices, splits, joins and gathers of an ONNX file. Expected
// values are NumPy's, for samples that count up from 0.
#include <cstdint>
#include <limits>
#include <numeric>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/onnx/import_helpers.h"
#include "tests/serialization/onnx/onnx_file.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

std::vector<double> CountUp(int64_t elements) {
  std::vector<double> values(static_cast<size_t>(elements));
  std::iota(values.begin(), values.end(), 0.0);
  return values;
}

// An x of [N, 3, 4] before a node whose result is y.
OnnxFile Before(int opset, const std::string& op_type,
                const std::vector<std::string>& inputs = {"x"}) {
  return OnnxFile(opset)
      .Input("x", {-1, 3, 4})
      .Node(op_type, inputs, "y")
      .Output("y");
}

// Of two samples.
std::vector<double> Computed(const OnnxFile& file) {
  return Computed(file, {2, 3, 4}, CountUp(24));
}

TEST(OnnxMovementTest, Transpose) {
  const std::vector<double> turned = {0,  4,  8,  1,  5,  9,  2,  6,
                                      10, 3,  7,  11, 12, 16, 20, 13,
                                      17, 21, 14, 18, 22, 15, 19, 23};
  EXPECT_THAT(Computed(Before(13, "Transpose").SetInts("perm", {0, 2, 1})),
              ElementsAreArray(turned));
  // Without a batch in the file, all of it is turned round.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {3, 4})
                           .Node("Transpose", {"x"}, "y")
                           .Output("y"),
                       {2, 3, 4}, CountUp(24)),
              ElementsAreArray(turned));
  EXPECT_THAT(Refusal(Before(13, "Transpose")),
              HasSubstr("axis 0 is the batch: it stays in front"));
  for (const Ints& perm : std::vector<Ints>{
           {0, 1}, {0, 1, 1}, {0, 1, 3}, {0, -1, 1}, {0, 1, kLeast}, {}}) {
    EXPECT_THAT(Refusal(Before(13, "Transpose").SetInts("perm", perm)),
                HasSubstr("expected each of the 3 once"));
  }
}

// The same slice as attributes and as inputs.
OnnxFile Sliced(const Ints& starts, const Ints& ends, const Ints& axes,
                const Ints& steps = {}) {
  OnnxFile file = Before(13, "Slice", {"x", "starts", "ends", "axes", "steps"});
  if (steps.empty()) file.last_node().mutable_input()->RemoveLast();
  file.Ints("starts", starts).Ints("ends", ends).Ints("axes", axes);
  return steps.empty() ? file : file.Ints("steps", steps);
}

TEST(OnnxMovementTest, SliceByAttributes) {
  EXPECT_THAT(Computed(Before(9, "Slice")
                           .SetInts("axes", {1, 2})
                           .SetInts("starts", {2, -3})
                           .SetInts("ends", {kMost, -1})),
              ElementsAre(9, 10, 21, 22));
  // All axes from the first on: the batch stays whole.
  EXPECT_THAT(Computed(Before(9, "Slice")
                           .SetInts("starts", {0, 1, 3})
                           .SetInts("ends", {2147483647, 2, 4})),
              ElementsAre(7, 19));
  EXPECT_THAT(Refusal(Before(9, "Slice")
                          .SetInts("axes", {1})
                          .SetInts("starts", {0, 1})
                          .SetInts("ends", {1, 2})),
              HasSubstr("2 starts, 2 ends, 1 axes and 2 steps"));
}

TEST(OnnxMovementTest, SliceByInputs) {
  EXPECT_THAT(Computed(Sliced({0, 1}, {3, 100}, {1, 2}, {2, 1})),
              ElementsAre(1, 2, 3, 9, 10, 11, 13, 14, 15, 21, 22, 23));
  EXPECT_THAT(
      Computed(Sliced({-2, -1}, {kMost, kLeast}, {1, -1}, {1, -1})),
      ElementsAre(7, 6, 5, 4, 11, 10, 9, 8, 19, 18, 17, 16, 23, 22, 21, 20));
  EXPECT_THAT(Computed(Sliced({-1}, {-100}, {2}, {-2})),
              ElementsAre(3, 1, 7, 5, 11, 9, 15, 13, 19, 17, 23, 21));
  EXPECT_THAT(
      Computed(Sliced({2}, {kLeast}, {1}, {-2})),
      ElementsAre(8, 9, 10, 11, 0, 1, 2, 3, 20, 21, 22, 23, 12, 13, 14, 15));
  // A step beyond the end takes one element.
  EXPECT_THAT(
      Computed(Sliced({1, 3}, {kMost, kLeast}, {1, 2}, {kMost, kLeast})),
      ElementsAre(7, 19));
  // Nothing, and all of it.
  EXPECT_THAT(Imported(Sliced({3}, {2}, {1})), HasSubstr("y: f32[N, 0, 4]"));
  EXPECT_THAT(Imported(Sliced({kMost}, {kMost}, {2})),
              HasSubstr("y: f32[N, 3, 0]"));
  EXPECT_THAT(Imported(Sliced({kLeast, 0}, {kMost, 3}, {2, 1})),
              HasSubstr("output y = x"));
  EXPECT_THAT(Imported(Sliced({0}, {kMost}, {0})), HasSubstr("output y = x"));
}

TEST(OnnxMovementTest, SlicesThatAreNone) {
  EXPECT_THAT(Refusal(Sliced({0}, {1}, {0})),
              HasSubstr("axis 0 is the batch: a slice would change its size"));
  EXPECT_THAT(Refusal(Sliced({0}, {1}, {1}, {0})), HasSubstr("a step is 0"));
  EXPECT_THAT(Refusal(Sliced({0}, {1}, {3})), HasSubstr("axis 3 is not one"));
  EXPECT_THAT(Refusal(Sliced({0}, {1}, {kLeast})), HasSubstr("is not one"));
  EXPECT_THAT(Refusal(Sliced({0, 0}, {1, 1}, {1, -2})),
              HasSubstr("axis 1 is named twice"));
  EXPECT_THAT(Refusal(Sliced({0}, {1, 2}, {1})), HasSubstr("1 starts, 2 ends"));
  EXPECT_THAT(Refusal(Sliced(Ints(13, 0), {1}, {1})),
              HasSubstr("expected a list of at most 12"));
  EXPECT_THAT(Refusal(Before(13, "Slice", {"x", "x", "x"})),
              HasSubstr("input 1 is not constant"));
}

TEST(OnnxMovementTest, Split) {
  const auto split = [](int opset, const std::vector<std::string>& inputs) {
    OnnxFile file = Before(opset, "Split", inputs);
    file.AddResult("z").Set("axis", -1).Output("z");
    return file;
  };
  const std::string halves =
      "y: f32[N, 3, 2] = slice(x; axes=[2], starts=[0], ends=[2], steps=[1])\n"
      "z: f32[N, 3, 2] = slice(x; axes=[2], starts=[2], ends=[4], steps=[1])\n";
  const std::string one_and_three =
      "y: f32[N, 3, 1] = slice(x; axes=[2], starts=[0], ends=[1], steps=[1])\n"
      "z: f32[N, 3, 3] = slice(x; axes=[2], starts=[1], ends=[4], steps=[1])\n";
  EXPECT_THAT(Imported(split(7, {"x"})), HasSubstr(halves));
  EXPECT_THAT(Imported(split(13, {"x"})), HasSubstr(halves));
  EXPECT_THAT(Imported(split(18, {"x"}).Set("num_outputs", 2)),
              HasSubstr(halves));
  EXPECT_THAT(Imported(split(11, {"x"}).SetInts("split", {1, 3})),
              HasSubstr(one_and_three));
  EXPECT_THAT(Imported(split(13, {"x", "s"}).Ints("s", {1, 3})),
              HasSubstr(one_and_three));
  // Since opset 18 the last part may be smaller.
  const auto uneven = [](int opset) {
    OnnxFile file = OnnxFile(opset).Input("x", {-1, 3});
    file.Node("Split", {"x"}, "y").AddResult("z").Set("axis", 1);
    if (opset >= 18) file.Set("num_outputs", 2);
    return file.Output("y").Output("z");
  };
  EXPECT_THAT(Imported(uneven(18)),
              HasSubstr("starts=[2], ends=[3], steps=[1]"));
  EXPECT_THAT(Refusal(uneven(13)),
              HasSubstr("3 elements cannot be split into 2 equal parts"));
  // A result without a name is none; those of nobody need none.
  OnnxFile unnamed = split(13, {"x", "s"}).Ints("s", {1, 3});
  unnamed.last_node().set_output(1, "");
  unnamed.model.mutable_graph()->mutable_output()->RemoveLast();
  EXPECT_THAT(Imported(unnamed), HasSubstr("ends=[1]"));
}

TEST(OnnxMovementTest, SplitsThatAreNone) {
  const auto split = [](const Ints& sizes, int64_t axis) {
    return Refusal(Before(13, "Split", {"x", "s"})
                       .AddResult("z")
                       .Set("axis", axis)
                       .Ints("s", sizes)
                       .Output("z"));
  };
  EXPECT_EQ(split({1, 3}, 2), "");
  EXPECT_THAT(split({1, 2}, 2), HasSubstr("parts of [1, 2] elements of 4"));
  EXPECT_THAT(split({5, -1}, 2), HasSubstr("parts of [5, -1]"));
  EXPECT_THAT(split({kMost, kMost}, 2), HasSubstr("elements of 4"));
  EXPECT_THAT(split({4}, 2), HasSubstr("for 2 results"));
  EXPECT_THAT(split({1, 1, 2}, 2), HasSubstr("a list of at most 2"));
  EXPECT_THAT(split({1, 1}, 0), HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(split({1, 1}, 3), HasSubstr("axis 3 is not one"));
  EXPECT_THAT(Refusal(Before(18, "Split").Set("num_outputs", 2).Set("axis", 2)),
              HasSubstr("'num_outputs' is 2 for 1 results"));
}

TEST(OnnxMovementTest, Concat) {
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 2})
                           .Node("Neg", {"x"}, "n")
                           .Node("Concat", {"x", "n", "x"}, "y")
                           .Set("axis", -1)
                           .Output("y"),
                       {2, 2}, {1, 2, 3, 4}),
              ElementsAre(1, 2, -1, -2, 1, 2, 3, 4, -3, -4, 3, 4));
  // A constant beside samples stands for each.
  for (const Ints& dims : std::vector<Ints>{{2}, {1, 2}}) {
    const bool leading = dims.size() == 2;
    EXPECT_THAT(Computed(OnnxFile()
                             .Input("x", dims)
                             .Floats("c", dims, {7, 8})
                             .Node("Concat", {"c", "x"}, "y")
                             .Set("axis", leading ? 1 : 0)
                             .Output("y"),
                         {2, 2}, {1, 2, 3, 4}),
                ElementsAre(7, 8, 1, 2, 7, 8, 3, 4));
  }
  EXPECT_THAT(Imported(Before(13, "Concat").Set("axis", 1)),
              HasSubstr("output y = x"));
}

TEST(OnnxMovementTest, ConcatsThatAreNone) {
  const auto joined = [](const Ints& dims, int64_t axis) {
    return Refusal(
        Before(13, "Concat", {"x", "c"}).Set("axis", axis).Floats("c", dims));
  };
  EXPECT_THAT(joined({1, 3, 4}, 1), HasSubstr("has no batch, others have"));
  EXPECT_THAT(joined({1, 2, 3}, 1),
              HasSubstr("input 1 has shape [1, 2, 3], input 0 [1, 3, 4]"));
  EXPECT_THAT(joined({3, 4}, 1), HasSubstr("expected equal dimensions"));
  EXPECT_THAT(joined({1, 3, 4}, 3), HasSubstr("axis 3 is not one"));
  EXPECT_THAT(Refusal(Before(13, "Concat", {"x", "x"}).Set("axis", 0)),
              HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(Refusal(Before(13, "Concat", {"x", "x"})),
              HasSubstr("has no attribute 'axis'"));
  EXPECT_THAT(
      Refusal(
          Before(13, "Concat", {"x", "i"}).Set("axis", 1).Listed(6, "i", {1})),
      HasSubstr("inputs are FLOAT and INT32"));
}

OnnxFile Gathered(const Ints& indices, int64_t axis) {
  return Before(13, "Gather", {"x", "i"}).Set("axis", axis).Ints("i", indices);
}

TEST(OnnxMovementTest, GatherByConstants) {
  EXPECT_THAT(Computed(Gathered({2, 0, -1}, 1)),
              ElementsAre(8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11, 20, 21, 22,
                          23, 12, 13, 14, 15, 20, 21, 22, 23));
  // Evenly spaced ones are a slice, a single number leaves its axis out.
  EXPECT_THAT(Imported(Gathered({-4, 2}, -1)),
              HasSubstr("slice(x; axes=[2], starts=[0], ends=[3], steps=[2])"));
  OnnxFile number = Gathered({1}, 2);
  number.last_tensor().clear_dims();
  EXPECT_THAT(Imported(number), HasSubstr("y: f32[N, 3] = reshape"));
  EXPECT_THAT(Computed(number), ElementsAre(1, 5, 9, 13, 17, 21));
  OnnxFile matrix = Gathered({0, 2, 1, 3}, 2);
  matrix.last_tensor().set_dims(0, 2);
  matrix.last_tensor().add_dims(2);
  EXPECT_THAT(Imported(matrix), HasSubstr("y: f32[N, 3, 2, 2] = gather"));
  const std::vector<double> found = Computed(matrix);
  EXPECT_THAT(std::vector<double>(found.begin(), found.begin() + 8),
              ElementsAre(0, 2, 1, 3, 4, 6, 5, 7));
}

TEST(OnnxMovementTest, GatherByAnInput) {
  for (const int type : {6, 7}) {
    const OnnxFile file = OnnxFile()
                              .InputOf(type, "i", {-1, 2})
                              .Floats("table", {3, 2})
                              .Node("Gather", {"table", "i"}, "y")
                              .Output("y");
    EXPECT_EQ(Imported(file),
              "i: i32[N, 2] = input(dtype=\"i32\", shape=[-1, 2])\n"
              "y: f32[N, 2, 2] = gather(table, i; axis=0)\n"
              "output y = y\n");
    EXPECT_THAT(Computed(file, {1, 2}, {2, 0}), ElementsAre(5, 6, 1, 2));
    const absl::StatusOr<Model> model = ImportOnnx(file.bytes());
    EXPECT_EQ(model->values.count("table"), 1u);  // a parameter
  }
  EXPECT_THAT(Refusal(OnnxFile()
                          .InputOf(9, "i", {-1, 2})
                          .Floats("table", {3, 2})
                          .Node("Gather", {"table", "i"}, "y")
                          .Output("y")),
              HasSubstr("input 1 is BOOL: expected INT32 or INT64"));
}

TEST(OnnxMovementTest, GathersThatAreNone) {
  EXPECT_THAT(Refusal(Gathered({3}, 1)),
              HasSubstr("index 3 along an axis of 3 elements"));
  EXPECT_THAT(Refusal(Gathered({-4}, 1)), HasSubstr("index -4 along"));
  EXPECT_THAT(Refusal(Gathered({kLeast}, 1)), HasSubstr("along an axis of 3"));
  EXPECT_THAT(Refusal(Gathered({0}, 0)),
              HasSubstr("axis 0 is the batch: samples cannot be picked"));
  EXPECT_THAT(Refusal(Gathered({0}, -4)), HasSubstr("axis -4 is not one"));
  EXPECT_THAT(Refusal(Before(13, "Gather", {"x", "i"}).Floats("i", {1})),
              HasSubstr("input 1 is FLOAT: expected INT32 or INT64"));
  EXPECT_THAT(Refusal(Before(13, "Gather", {"x", "x"})),
              HasSubstr("input 1 is FLOAT: expected INT32 or INT64"));
}

// x of [N, 2, 2], from opset 11 on with the pads as an input.
OnnxFile Padded(int opset, const Ints& pads) {
  OnnxFile file = OnnxFile(opset).Input("x", {-1, 2, 2}).Output("y");
  if (opset >= 11) return file.Ints("p", pads).Node("Pad", {"x", "p"}, "y");
  return file.Node("Pad", {"x"}, "y").SetInts("pads", pads);
}

TEST(OnnxMovementTest, Pad) {
  const auto computed = [](const OnnxFile& file) {
    return Computed(file, {1, 2, 2}, {1, 2, 3, 4});
  };
  for (const int opset : {2, 10, 11, 13, 18, 21}) {
    EXPECT_THAT(computed(Padded(opset, {0, 0, 1, 0, 1, 2})),
                ElementsAre(0, 1, 2, 0, 0, 0, 3, 4, 0, 0, 0, 0, 0, 0, 0));
  }
  EXPECT_THAT(Imported(Padded(13, Ints(6))), HasSubstr("output y = x"));
  // Negative pads take off.
  EXPECT_THAT(computed(Padded(13, {0, -1, 0, 0, 0, 0})), ElementsAre(3, 4));
  EXPECT_THAT(computed(Padded(13, {0, -1, 1, 0, 0, -1})), ElementsAre(0, 3));
  EXPECT_THAT(computed(OnnxFile(18)
                           .Input("x", {-1, 2, 2})
                           .Ints("p", {1, 0})
                           .Floats("zero", {}, {0})
                           .Ints("axes", {-1})
                           .Node("Pad", {"x", "p", "zero", "axes"}, "y")
                           .Output("y")),
              ElementsAre(0, 1, 2, 0, 3, 4));
  // A batch in front of all that the file says.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {2})
                           .Ints("p", {0, 1})
                           .Node("Pad", {"x", "p"}, "y")
                           .Output("y"),
                       {2, 2}, {1, 2, 3, 4}),
              ElementsAre(1, 2, 0, 3, 4, 0));
}

TEST(OnnxMovementTest, PadsThatAreRefused) {
  EXPECT_THAT(Refusal(Padded(13, {1, 0, 0, 0, 0, 0})),
              HasSubstr("axis 0 is the batch: it cannot be padded"));
  EXPECT_THAT(Refusal(Padded(13, {0, -2, 0, 0, -1, 0})),
              HasSubstr("axis 1 of 2 elements has pads -2 and -1"));
  EXPECT_THAT(Refusal(Padded(13, {0, 0, kLeast, 0, 0, kLeast})),
              HasSubstr("axis 2 of 2 elements has pads "));
  EXPECT_THAT(Refusal(Padded(1, Ints(6))),
              HasSubstr("the attribute 'paddings' of opset 1"));
  EXPECT_THAT(Refusal(Padded(10, {0, 0, 1})),
              HasSubstr("3 pads of 3 axes: expected two of each"));
  EXPECT_THAT(Refusal(Padded(10, {0, kMost, 0, 0, kMost, 0})),
              HasSubstr("axis 1 of 2 elements has pads 9223372036854775807"));
  EXPECT_THAT(Refusal(Padded(10, {0, kMaxDimension, 0, 0, 1, 0})),
              HasSubstr("dimension 1 of the shape is 2147483650"));
  EXPECT_THAT(Refusal(Padded(10, Ints(6)).SetFloat("value", 0.5f)),
              HasSubstr("pads with 0.5: expected 0"));
  EXPECT_THAT(Refusal(Padded(10, Ints(6)).SetFloat("value", -0.0f)),
              HasSubstr("pads with -0: expected 0"));
  const auto with = [](const std::vector<std::string>& inputs) {
    return Refusal(OnnxFile(18)
                       .Input("x", {-1, 2, 2})
                       .Input("computed", {1})
                       .Ints("p", {0, 0, 1, 0, 1, 2})
                       .Floats("one", {}, {1})
                       .Floats("two", {2})
                       .Ints("axes", {1, 1, 2})
                       .Node("Pad", inputs, "y")
                       .Output("y"));
  };
  EXPECT_THAT(with({}), HasSubstr("has no input 0"));
  EXPECT_THAT(with({"x"}), HasSubstr("has no input 1"));
  EXPECT_THAT(with({"x", "p", "one"}), HasSubstr("pads with 1: expected 0"));
  EXPECT_THAT(with({"x", "p", "two"}), HasSubstr("expected one number"));
  EXPECT_THAT(with({"x", "p", "", "axes"}), HasSubstr("named twice"));
  EXPECT_THAT(with({"x", "p", "x"}), HasSubstr("input 2 is not constant"));
  OnnxFile wrapped = Padded(19, Ints(6));
  onnx::AttributeProto* mode = wrapped.last_node().add_attribute();
  mode->set_name("mode");
  mode->set_type(onnx::AttributeProto::STRING);
  mode->set_s("wrap");
  EXPECT_THAT(Refusal(wrapped), HasSubstr("mode 'wrap': expected 'constant'"));
}

}  // namespace
}  // namespace espalier
