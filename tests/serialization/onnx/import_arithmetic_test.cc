#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/onnx/import_helpers.h"

namespace espalier {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsNan;

constexpr float kInfinity = std::numeric_limits<float>::infinity();

// y of x and the constant c = 1, 2, ...
OnnxFile WithConstant(const std::string& op_type,
                      const std::vector<std::string>& inputs,
                      const std::vector<int64_t>& shape = {2}, int opset = 13) {
  return OnnxFile(opset)
      .Input("x", {-1, 2})
      .Floats("c", shape)
      .Node(op_type, inputs, "y")
      .Output("y");
}

std::vector<double> OfTwo(const OnnxFile& file, double a, double b) {
  return Computed(file, {1, 2}, {a, b});
}

TEST(OnnxImportArithmeticTest, UnaryOps) {
  const auto computed = [](const std::string& op_type, double a, double b) {
    return OfTwo(
        OnnxFile().Input("x", {-1, 2}).Node(op_type, {"x"}, "y").Output("y"), a,
        b);
  };
  EXPECT_THAT(computed("Abs", -3, 2), ElementsAre(3, 2));
  EXPECT_THAT(computed("Exp", 0, 1), ElementsAre(1, std::exp(1)));
  EXPECT_THAT(computed("Log", 1, -1), ElementsAre(0, IsNan()));
  EXPECT_THAT(computed("Neg", -3, 2), ElementsAre(3, -2));
  EXPECT_THAT(computed("Reciprocal", -4, 0), ElementsAre(-0.25, kInfinity));
  EXPECT_THAT(computed("Sign", -4, 0), ElementsAre(-1, 0));
  EXPECT_THAT(computed("Sqrt", 4, -1), ElementsAre(2, IsNan()));
  EXPECT_THAT(Refusal(WithConstant("Reciprocal", {"x", "c"})),
              HasSubstr("has 2 inputs: expected at most 1"));
}

TEST(OnnxImportArithmeticTest, ByConstantsOnEitherSide) {
  const auto computed = [](const std::string& op_type, bool left) {
    return OfTwo(left ? WithConstant(op_type, {"c", "x"})
                      : WithConstant(op_type, {"x", "c"}),
                 8, 8);
  };
  EXPECT_THAT(computed("Add", false), ElementsAre(9, 10));
  EXPECT_THAT(computed("Add", true), ElementsAre(9, 10));
  EXPECT_THAT(computed("Sub", false), ElementsAre(7, 6));
  EXPECT_THAT(computed("Sub", true), ElementsAre(-7, -6));
  EXPECT_THAT(computed("Mul", false), ElementsAre(8, 16));
  EXPECT_THAT(computed("Div", false), ElementsAre(8, 4));
  EXPECT_THAT(computed("Div", true), ElementsAre(0.125, 0.25));
  EXPECT_THAT(Refusal(WithConstant("Sub", {"x", "c"}, {3})),
              HasSubstr("node 'y' ('Sub' of domain 'ai.onnx', opset 13): "));
  EXPECT_THAT(Refusal(WithConstant("Sub", {"x"})), HasSubstr("no input 1"));
  EXPECT_THAT(Refusal(WithConstant("Sub", {"x", "d"})),
              HasSubstr("reads 'd', which nothing before it gives"));
}

// Before opset 7.
TEST(OnnxImportArithmeticTest, OperandsAtAnAxis) {
  const auto add = [](const std::vector<int64_t>& shape) {
    return OnnxFile(6)
        .Input("x", {-1, 2, 2})
        .Floats("c", shape)
        .Node("Add", {"x", "c"}, "y")
        .Output("y");
  };
  const auto computed = [](const OnnxFile& file) {
    return Computed(file, {1, 2, 2}, {0, 0, 0, 0});
  };
  EXPECT_THAT(computed(add({2}).Set("broadcast", 1)), ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(computed(add({2}).Set("broadcast", 1).Set("axis", 1)),
              ElementsAre(1, 1, 2, 2));
  EXPECT_THAT(computed(add({2}).Set("broadcast", 1).Set("axis", 2)),
              ElementsAre(1, 2, 1, 2));
  EXPECT_THAT(computed(add({}).Set("broadcast", 1)), ElementsAre(1, 1, 1, 1));
  EXPECT_THAT(Refusal(add({2})), HasSubstr("without 'broadcast'"));
  EXPECT_THAT(Refusal(add({2, 2}).Set("broadcast", 1).Set("axis", 2)),
              HasSubstr("shape [2, 2] at axis 2 of [N, 2, 2]"));
  EXPECT_THAT(Refusal(add({2}).Set("broadcast", 1).Set("axis", 3)),
              HasSubstr("axis 3 is not one of the 3 axes"));
  EXPECT_THAT(computed(OnnxFile(6)
                           .Input("x", {-1, 2, 2})
                           .Node("Mul", {"x", "x"}, "y")
                           .Output("y")),
              ElementsAre(0, 0, 0, 0));
}

TEST(OnnxImportArithmeticTest, OfAnyNumberOfValues) {
  const auto computed = [](const std::string& op_type,
                           const std::vector<std::string>& inputs) {
    return OfTwo(WithConstant(op_type, inputs), -1, 8);
  };
  EXPECT_THAT(computed("Max", {"x"}), ElementsAre(-1, 8));
  EXPECT_THAT(computed("Max", {"x", "c", "x"}), ElementsAre(1, 8));
  EXPECT_THAT(computed("Min", {"c", "x"}), ElementsAre(-1, 2));
  EXPECT_THAT(computed("Sum", {"x"}), ElementsAre(-1, 8));
  EXPECT_THAT(computed("Sum", {"x", "c", "c"}), ElementsAre(1, 12));
  EXPECT_THAT(computed("Mean", {"x"}), ElementsAre(-1, 8));
  EXPECT_THAT(computed("Mean", {"x", "c", "c", "x"}), ElementsAre(0, 5));
  // Each stretches to the shape of all.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 1})
                           .Floats("c", {2})
                           .Floats("d", {})
                           .Node("Sum", {"x", "c", "d"}, "y")
                           .Output("y"),
                       {2, 1}, {10, 20}),
              ElementsAre(12, 13, 22, 23));
  for (const std::string op_type : {"Max", "Min", "Sum", "Mean"}) {
    EXPECT_THAT(Refusal(WithConstant(op_type, {})), HasSubstr("no input 0"));
    EXPECT_THAT(Refusal(WithConstant(op_type, {"x", "", "c"})),
                HasSubstr("has no input 1"));
    EXPECT_THAT(Refusal(WithConstant(op_type, {"x", "c"}, {3})),
                HasSubstr(absl::StrCat("node 'y' ('", op_type, "' of")));
  }
}

TEST(OnnxImportArithmeticTest, PowerWithAConstantExponent) {
  const auto power = [](float exponent, double a, double b) {
    return OfTwo(OnnxFile()
                     .Input("x", {-1, 2})
                     .Floats("e", {}, {exponent})
                     .Node("Pow", {"x", "e"}, "y")
                     .Output("y"),
                 a, b);
  };
  EXPECT_THAT(power(0, -3, 0), ElementsAre(1, 1));
  EXPECT_THAT(power(1, -3, 0), ElementsAre(-3, 0));
  EXPECT_THAT(power(2, -3, 0), ElementsAre(9, 0));
  EXPECT_THAT(power(3, -3, 2), ElementsAre(-27, 8));
  EXPECT_THAT(power(10, -2, 1), ElementsAre(1024, 1));
  EXPECT_THAT(power(-2, -2, 0), ElementsAre(0.25, kInfinity));
  EXPECT_THAT(power(0.5f, 9, -1), ElementsAre(3, IsNan()));
  const std::vector<double> roots = power(0.5f, -0.0, 0);
  EXPECT_THAT(roots, ElementsAre(0, 0));
  EXPECT_FALSE(std::signbit(roots[0]));
  EXPECT_THAT(power(2.5f, 4, 0), ElementsAre(DoubleNear(32, 1e-12), 0));
  EXPECT_THAT(power(-0.5f, 4, -1),
              ElementsAre(DoubleNear(0.5, 1e-12), IsNan()));
  EXPECT_THAT(OfTwo(OnnxFile()
                        .Input("x", {-1, 2})
                        .Ints("e", {3})
                        .Node("Pow", {"x", "e"}, "y")
                        .Output("y"),
                    2, -1),
              ElementsAre(8, -1));
}

TEST(OnnxImportArithmeticTest, PowerOfAConstantBase) {
  EXPECT_THAT(OfTwo(OnnxFile()
                        .Input("x", {-1, 2})
                        .Floats("b", {1}, {2})
                        .Node("Pow", {"b", "x"}, "y")
                        .Output("y"),
                    -1, 10),
              ElementsAre(DoubleNear(0.5, 1e-6), DoubleNear(1024, 1e-3)));
}

TEST(OnnxImportArithmeticTest, OtherPowersAreRefused) {
  const auto refusal = [](const std::vector<std::string>& inputs,
                          const std::vector<int64_t>& shape, float value) {
    return Refusal(OnnxFile()
                       .Input("x", {-1, 2})
                       .Floats("c", shape, {value})
                       .Floats("d", {2})
                       .Node("Pow", inputs, "y")
                       .Output("y"));
  };
  EXPECT_THAT(refusal({"x", "x"}, {}, 0), HasSubstr("expected one constant"));
  EXPECT_THAT(refusal({"x", "c"}, {2}, 0), HasSubstr("expected one constant"));
  EXPECT_THAT(refusal({"x", "c"}, {1, 1, 1}, 2),
              HasSubstr("expected one constant"));
  EXPECT_THAT(refusal({"c", "x"}, {}, -2), HasSubstr("one above 0 as base"));
  EXPECT_THAT(refusal({"d", "d"}, {}, 0),
              HasSubstr("powers of constants are computed of one number"));
  EXPECT_THAT(refusal({"x", "c"}, {}, 65), HasSubstr("expected at most 64"));
  EXPECT_THAT(refusal({"x", "c"}, {}, kInfinity),
              HasSubstr("expected a finite one"));
}

// In time that grows as the file does.
TEST(OnnxImportArithmeticTest, OfVeryManyValues) {
  constexpr int kInputs = 20000;
  const OnnxFile file =
      WithConstant("Max", std::vector<std::string>(kInputs, "x"));
  EXPECT_THAT(OfTwo(file, -1, 8), ElementsAre(-1, 8));
}

}  // namespace
}  // namespace espalier
