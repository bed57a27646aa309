// Reshapes of an ONNX file, and the arithmetic on shapes that they are given.
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/onnx/import_helpers.h"
#include "tests/serialization/onnx/onnx_file.h"

namespace espalier {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using Ints = std::vector<int64_t>;

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

std::string Reshaped(const Ints& input, const Ints& shape,
                     int64_t allow_zero = 0) {
  return Imported(OnnxFile(14)
                      .Input("x", input)
                      .Ints("s", shape)
                      .Node("Reshape", {"x", "s"}, "y")
                      .Set("allowzero", allow_zero)
                      .Output("y"));
}

TEST(OnnxShapesTest, Reshape) {
  EXPECT_THAT(Reshaped({-1, 6}, {-1, 2, 3}), HasSubstr("y: f32[N, 2, 3]"));
  EXPECT_THAT(Reshaped({-1, 6}, {0, -1, 2}), HasSubstr("y: f32[N, 3, 2]"));
  EXPECT_THAT(Reshaped({-1, 6}, {1, 3, 2}), HasSubstr("y: f32[N, 3, 2]"));
  EXPECT_THAT(Reshaped({1, 6}, {1, 3, 2}), HasSubstr("y: f32[N, 3, 2]"));
  EXPECT_THAT(Reshaped({1, 6}, {1, -1, 2}), HasSubstr("y: f32[N, 3, 2]"));
  // Where the batch would not stay in front, it gets a place of its own.
  EXPECT_THAT(Reshaped({1, 6}, {2, -1}), HasSubstr("y: f32[N, 2, 3]"));
  EXPECT_THAT(Reshaped({6}, {2, -1}), HasSubstr("y: f32[N, 2, 3]"));
  EXPECT_THAT(Reshaped({-1, 0, 6}, {-1, 6, 0}, 1), HasSubstr("-1 beside 0"));
  EXPECT_THAT(Reshaped({-1, 0, 6}, {1, 6, 0}, 1), HasSubstr("f32[N, 6, 0]"));
  EXPECT_THAT(Reshaped({-1, 6, 0}, {1, 0, 6}, 0), HasSubstr("0 elements"));
}

TEST(OnnxShapesTest, ReshapesThatAreNone) {
  EXPECT_THAT(Reshaped({-1, 6}, {-1, 3}), HasSubstr("UNIMPLEMENTED"));
  EXPECT_THAT(Reshaped({-1, 6}, {1, -1}),
              HasSubstr("all samples together would become one"));
  EXPECT_THAT(Reshaped({-1, 6}, {-1}), HasSubstr("would not stay in front"));
  EXPECT_THAT(Reshaped({-1, 6}, {}), HasSubstr("would not stay in front"));
  EXPECT_THAT(Reshaped({-1, 6}, {-1, -1}), HasSubstr("two dimensions are -1"));
  EXPECT_THAT(Reshaped({-1, 6}, {0, 5}), HasSubstr("6 elements"));
  EXPECT_THAT(Reshaped({-1, 6}, {0, 1, 0}), HasSubstr("of rank 2"));
  EXPECT_THAT(Reshaped({-1, 6}, {0, -7}), HasSubstr("is -7"));
  EXPECT_THAT(Reshaped({-1, 6}, {0, kLeast}), HasSubstr("dimension 1 "));
  EXPECT_THAT(Reshaped({-1, 6}, {-1, -7}), HasSubstr("is -7"));
  EXPECT_THAT(Reshaped({-1, 6}, {-1, int64_t{1} << 40, int64_t{1} << 40}),
              HasSubstr("too many elements"));
  EXPECT_THAT(Reshaped({-1, 6}, Ints(13, 1)), HasSubstr("at most 12"));
  EXPECT_THAT(Refusal(OnnxFile()
                          .Input("x", {-1, 6})
                          .Floats("s", {2})
                          .Node("Reshape", {"x", "s"}, "y")
                          .Output("y")),
              HasSubstr("input 1 is FLOAT: expected INT32 or INT64"));
  EXPECT_THAT(Refusal(OnnxFile()
                          .Input("x", {-1, 6})
                          .InputOf(7, "s", {2})
                          .Node("Reshape", {"x", "s"}, "y")
                          .Output("y")),
              HasSubstr("input 1 is not constant"));
}

TEST(OnnxShapesTest, Flatten) {
  const auto flattened = [](const Ints& input, int64_t axis) {
    return Imported(OnnxFile()
                        .Input("x", input)
                        .Node("Flatten", {"x"}, "y")
                        .Set("axis", axis)
                        .Output("y"));
  };
  EXPECT_THAT(flattened({-1, 2, 3}, 1), HasSubstr("y: f32[N, 6]"));
  EXPECT_THAT(flattened({-1, 2, 3}, -2), HasSubstr("y: f32[N, 6]"));
  EXPECT_THAT(flattened({1, 2, 3}, 0), HasSubstr("y: f32[N, 6]"));
  EXPECT_THAT(flattened({2, 3}, 0), HasSubstr("y: f32[N, 1, 6]"));
  EXPECT_THAT(flattened({2, 3}, 2), HasSubstr("y: f32[N, 6, 1]"));
  EXPECT_THAT(flattened({-1, 2, 3}, 0), HasSubstr("axis 0 is the batch"));
  EXPECT_THAT(flattened({-1, 2, 3}, 2), HasSubstr("would not stay in front"));
  EXPECT_THAT(flattened({-1, 2, 3}, 4), HasSubstr("axis 4 of 3"));
  EXPECT_THAT(flattened({-1, 2, 3}, kLeast), HasSubstr("of 3"));
}

// Squeeze or Unsqueeze in both their forms, which agree.
std::string WithAxes(const std::string& op_type, const Ints& input,
                     const Ints& axes) {
  const OnnxFile attribute = OnnxFile(11)
                                 .Input("x", input)
                                 .Node(op_type, {"x"}, "y")
                                 .SetInts("axes", axes)
                                 .Output("y");
  const OnnxFile constant = OnnxFile(13)
                                .Input("x", input)
                                .Ints("axes", axes)
                                .Node(op_type, {"x", "axes"}, "y")
                                .Output("y");
  if (ImportOnnx(attribute.bytes()).ok()) {
    EXPECT_EQ(Imported(attribute), Imported(constant));
  }
  EXPECT_EQ(ImportOnnx(attribute.bytes()).status().code(),
            ImportOnnx(constant.bytes()).status().code());
  return Imported(constant);
}

TEST(OnnxShapesTest, Squeeze) {
  EXPECT_THAT(WithAxes("Squeeze", {-1, 1, 3, 1}, {-1, 1}),
              HasSubstr("y: f32[N, 3]"));
  EXPECT_THAT(WithAxes("Squeeze", {1, 3}, {0}), HasSubstr("y: f32[N, 3]"));
  EXPECT_THAT(WithAxes("Squeeze", {1, 1, 3}, {0}), HasSubstr("y: f32[N, 3]"));
  EXPECT_THAT(WithAxes("Squeeze", {-1, 1}, {0}),
              HasSubstr("axis 0 is the batch: it cannot be left out"));
  EXPECT_THAT(WithAxes("Squeeze", {-1, 2}, {1}),
              HasSubstr("axis 1 has 2 elements: expected 1"));
  EXPECT_THAT(WithAxes("Squeeze", {-1, 1}, {1, -1}), HasSubstr("twice"));
  EXPECT_THAT(WithAxes("Squeeze", {-1, 1}, {2}), HasSubstr("axis 2 is not"));
  EXPECT_THAT(WithAxes("Squeeze", {-1, 1}, {kLeast}), HasSubstr("is not one"));
  EXPECT_THAT(WithAxes("Squeeze", {-1, 1}, {}), HasSubstr("0 axes are named"));
  for (const int opset : {11, 13}) {
    EXPECT_THAT(Imported(OnnxFile(opset)
                             .Input("x", {-1, 1, 3, 1})
                             .Node("Squeeze", {"x"}, "y")
                             .Output("y")),
                HasSubstr("y: f32[N, 3]"));
  }
}

TEST(OnnxShapesTest, Unsqueeze) {
  EXPECT_THAT(WithAxes("Unsqueeze", {-1, 3}, {-1, 1}),
              HasSubstr("y: f32[N, 1, 3, 1]"));
  EXPECT_THAT(WithAxes("Unsqueeze", {1, 3}, {0}), HasSubstr("y: f32[N, 1, 3]"));
  EXPECT_THAT(WithAxes("Unsqueeze", {3}, {0}), HasSubstr("y: f32[N, 1, 3]"));
  EXPECT_THAT(WithAxes("Unsqueeze", {-1, 3}, {0}),
              HasSubstr("axis 0 is the batch: it stays in front"));
  EXPECT_THAT(WithAxes("Unsqueeze", {-1, 3}, {3}), HasSubstr("axis 3 is not"));
  EXPECT_THAT(WithAxes("Unsqueeze", {-1, 3}, {1, 1}), HasSubstr("twice"));
  EXPECT_THAT(WithAxes("Unsqueeze", {-1, 3}, Ints(13, 1)), HasSubstr("12"));
  EXPECT_THAT(WithAxes("Unsqueeze", {-1, 3}, {}), HasSubstr("0 axes"));
  EXPECT_THAT(WithAxes("Unsqueeze", {-1, 3}, {kLeast}), HasSubstr("not one"));
}

// As PyTorch writes x.view(x.size(0), -1).
OnnxFile ViewByShape(const Ints& input) {
  OnnxFile file = OnnxFile().Input("x", input).Ints("zero", {0});
  file.last_tensor().clear_dims();
  return file.Ints("axes", {0})
      .Ints("rest", {-1})
      .Node("Shape", {"x"}, "shape")
      .Node("Gather", {"shape", "zero"}, "size")
      .Set("axis", 0)
      .Node("Unsqueeze", {"size", "axes"}, "list")
      .Node("Concat", {"list", "rest"}, "target")
      .Set("axis", 0)
      .Node("Reshape", {"x", "target"}, "y")
      .Output("y");
}

TEST(OnnxShapesTest, ShapeArithmeticFolds) {
  for (const Ints& input : std::vector<Ints>{{-1, 2, 3}, {1, 2, 3}}) {
    EXPECT_EQ(Imported(ViewByShape(input)),
              "x: f32[N, 2, 3] = input(dtype=\"f32\", shape=[-1, 2, 3])\n"
              "y: f32[N, 6] = reshape(x; shape=[-1, 6])\n"
              "output y = y\n");
  }
  EXPECT_THAT(Imported(ViewByShape({2, 3})), HasSubstr("y: f32[N, 2, 3]"));
  // As tf2onnx writes it, with sizes of 32 bits: [N, 2 * 3].
  EXPECT_THAT(Imported(OnnxFile()
                           .Input("x", {-1, 2, 3})
                           .Ints("begin", {0})
                           .Ints("one", {1})
                           .Ints("all", {9})
                           .Node("Shape", {"x"}, "shape")
                           .Node("Cast", {"shape"}, "narrow")
                           .Set("to", 6)
                           .Node("Slice", {"narrow", "begin", "one"}, "n")
                           .Node("Slice", {"narrow", "one", "all"}, "sample")
                           .Node("ReduceProd", {"sample"}, "count")
                           .Node("Concat", {"n", "count"}, "joined")
                           .Set("axis", 0)
                           .Node("Cast", {"joined"}, "target")
                           .Set("to", 7)
                           .Node("Reshape", {"x", "target"}, "y")
                           .Output("y")),
              AllOf(HasSubstr("y: f32[N, 6] = reshape(x; shape=[-1, 6])"),
                    Not(HasSubstr("gather")), Not(HasSubstr("cast"))));
}

// [N, 6] reshaped to what is computed from its sizes.
std::string FromSizes(const std::string& op_type, const Ints& other,
                      const Ints& rest) {
  OnnxFile file = OnnxFile(15)
                      .Input("x", {-1, 6})
                      .Ints("c", other)
                      .Ints("rest", rest)
                      .Node("Shape", {"x"}, "n")
                      .Set("end", 1)
                      .Node(op_type, {"n", "c"}, "size")
                      .Node("Concat", {"size", "rest"}, "target")
                      .Set("axis", 0);
  return Imported(file.Node("Reshape", {"x", "target"}, "y").Output("y"));
}

TEST(OnnxShapesTest, SizesOfTheBatch) {
  EXPECT_THAT(FromSizes("Mul", {1}, {2, 3}), HasSubstr("y: f32[N, 2, 3]"));
  EXPECT_THAT(FromSizes("Div", {1}, {-1}), HasSubstr("output y"));
  EXPECT_THAT(FromSizes("Add", {0}, {3, -1}), HasSubstr("y: f32[N, 3, 2]"));
  EXPECT_THAT(FromSizes("Sub", {0}, {6}), HasSubstr("output y"));
  EXPECT_THAT(FromSizes("Mul", {2}, {3}), HasSubstr("would not stay in front"));
  EXPECT_THAT(FromSizes("Add", {1}, {6}), HasSubstr("no multiple of it"));
  EXPECT_THAT(FromSizes("Sub", {1}, {6}), HasSubstr("no multiple of it"));
  EXPECT_THAT(FromSizes("Div", {2}, {6}), HasSubstr("no multiple of it"));
  EXPECT_THAT(FromSizes("Max", {1}, {6}), HasSubstr("no multiple of it"));
  // 0 N is 0, which stands for N.
  EXPECT_THAT(FromSizes("Mul", {0}, {6}), HasSubstr("output y"));
  // N behind another dimension, or as a number.
  EXPECT_THAT(Refusal(OnnxFile(15)
                          .Input("x", {-1, 6})
                          .Ints("c", {6})
                          .Node("Shape", {"x"}, "n")
                          .Set("end", 1)
                          .Node("Concat", {"c", "n"}, "target")
                          .Set("axis", 0)
                          .Node("Reshape", {"x", "target"}, "y")
                          .Output("y")),
              HasSubstr("dimension 1 depends on the size N of the batch"));
  EXPECT_THAT(Refusal(OnnxFile()
                          .Input("x", {-1, 6})
                          .Node("Shape", {"x"}, "n")
                          .Node("Cast", {"n"}, "f")
                          .Set("to", 1)
                          .Node("Mul", {"x", "f"}, "y")
                          .Output("y")),
              HasSubstr("depends on the size N of the batch: to FLOAT"));
  EXPECT_THAT(Refusal(OnnxFile()
                          .Input("x", {-1, 6})
                          .Node("Size", {"x"}, "n")
                          .Node("Identity", {"n"}, "y")
                          .Output("y")),
              HasSubstr("'y' depends on the size N of the batch"));
}

TEST(OnnxShapesTest, Shape) {
  const auto of = [](int64_t start, int64_t end) {
    return Computed(OnnxFile(15)
                        .Input("x", {-1, 2, 3})
                        .Node("Shape", {"x"}, "s")
                        .Set("start", start)
                        .Set("end", end)
                        .Node("Cast", {"s"}, "y")
                        .Set("to", 1)
                        .Output("y"),
                    {1, 2, 3}, std::vector<double>(6));
  };
  EXPECT_THAT(of(1, 3), ElementsAre(2, 3));
  EXPECT_THAT(of(-1, 9), ElementsAre(3));
  EXPECT_THAT(of(-2, -1), ElementsAre(2));
  EXPECT_THAT(of(2, 1), ElementsAre());
}

TEST(OnnxShapesTest, Expand) {
  const auto expanded = [](const Ints& input, const Ints& shape) {
    return Imported(OnnxFile()
                        .Input("x", input)
                        .Ints("s", shape)
                        .Node("Expand", {"x", "s"}, "y")
                        .Output("y"));
  };
  EXPECT_THAT(expanded({-1, 1, 3}, {2, 1}), HasSubstr("y: f32[N, 2, 3]"));
  EXPECT_THAT(expanded({-1, 3}, {1, 3}), HasSubstr("output y = x"));
  EXPECT_THAT(expanded({1, 1, 3}, {1, 2, 3}), HasSubstr("y: f32[N, 2, 3]"));
  EXPECT_THAT(expanded({1, 3}, {2, 4, 3}), HasSubstr("y: f32[N, 2, 4, 3]"));
  EXPECT_THAT(expanded({3}, {2, 3}), HasSubstr("y: f32[N, 2, 3]"));
  EXPECT_THAT(expanded({-1, 3}, {2, 1, 1}), HasSubstr("not stay in front"));
  EXPECT_THAT(expanded({-1, 3}, {2, 1}), HasSubstr("not stay in front"));
  EXPECT_THAT(expanded({-1, 3}, {2}), HasSubstr("[1, 3]"));
  EXPECT_THAT(expanded({-1, 3}, {-1, 3}), HasSubstr("dimension 0 is -1"));
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 2, 1})
                           .Ints("s", {2, 2})
                           .Node("Expand", {"x", "s"}, "y")
                           .Output("y"),
                       {2, 2, 1}, {1, 2, 3, 4}),
              ElementsAre(1, 1, 2, 2, 3, 3, 4, 4));
  // To as many rows as there are samples.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 2})
                           .Floats("c", {2}, {7, 8})
                           .Node("Shape", {"x"}, "s")
                           .Node("Expand", {"c", "s"}, "e")
                           .Node("Concat", {"x", "e"}, "y")
                           .Set("axis", 1)
                           .Output("y"),
                       {2, 2}, {1, 2, 3, 4}),
              ElementsAre(1, 2, 7, 8, 3, 4, 7, 8));
}

}  // namespace
}  // namespace espalier
