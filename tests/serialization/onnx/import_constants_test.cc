// Constants of an ONNX file, the types of what it holds, and arithmetic on what
// is known.
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/onnx/import_helpers.h"
#include "tests/serialization/onnx/onnx_file.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

// What is added to zeros: c, which is float, of at most two elements.
std::vector<double> Added(OnnxFile file) {
  file.Input("x", {-1, 2}).Node("Add", {"x", "c"}, "y").Output("y");
  return Computed(file, {1, 2}, {0, 0});
}

// The same of c of integers, cast.
std::vector<double> Integers(OnnxFile file) {
  file.Node("Cast", {"i"}, "c").Set("to", 1);
  return Added(file);
}

std::string Refused(OnnxFile file) {
  file.Input("x", {-1, 2}).Node("Cast", {"i"}, "c").Set("to", 1);
  return Refusal(file.Node("Add", {"x", "c"}, "y").Output("y"));
}

onnx::TensorProto Typed(int type, const std::string& raw, int64_t elements) {
  onnx::TensorProto tensor;
  tensor.set_data_type(type);
  tensor.add_dims(elements);
  tensor.set_raw_data(raw);
  return tensor;
}

TEST(OnnxConstantsTest, ElementsOfAllTypes) {
  const auto constant = [](const onnx::TensorProto& value) {
    return Integers(
        OnnxFile().Node("Constant", {}, "i").SetTensor("value", value));
  };
  using std::string;
  EXPECT_THAT(constant(Typed(1, string("\0\0\xC0\x3F\0\0\0\xC0", 8), 2)),
              ElementsAre(1.5, -2));
  EXPECT_THAT(constant(Typed(2, "\x01\xFF", 2)), ElementsAre(1, 255));
  EXPECT_THAT(constant(Typed(3, "\x01\xFF", 2)), ElementsAre(1, -1));
  EXPECT_THAT(constant(Typed(6, string("\x02\0\0\0\xFE\xFF\xFF\xFF", 8), 2)),
              ElementsAre(2, -2));
  EXPECT_THAT(constant(Typed(7, string("\x07\0\0\0\0\0\0\0", 8), 1)),
              ElementsAre(7, 7));
  EXPECT_THAT(constant(Typed(9, string("\0\x01", 2), 2)), ElementsAre(0, 1));
  EXPECT_THAT(constant(Typed(10, string("\0\x3E\x01\x80", 4), 2)),
              ElementsAre(1.5, -std::ldexp(1, -24)));
  EXPECT_THAT(constant(Typed(11, string("\0\0\0\0\0\0\xF8\x3F", 8), 1)),
              ElementsAre(1.5, 1.5));
  EXPECT_THAT(constant(Typed(16, string("\xC0\x3F\0\xC0", 4), 2)),
              ElementsAre(1.5, -2));
  // The same, listed.
  EXPECT_THAT(Integers(OnnxFile().Listed(2, "i", {3, 255})),
              ElementsAre(3, 255));
  EXPECT_THAT(Integers(OnnxFile().Listed(3, "i", {-3, -128})),
              ElementsAre(-3, -128));
  EXPECT_THAT(Integers(OnnxFile().Listed(6, "i", {3, -4})), ElementsAre(3, -4));
  EXPECT_THAT(Integers(OnnxFile().Ints("i", {3, -4})), ElementsAre(3, -4));
  EXPECT_THAT(Integers(OnnxFile().Listed(9, "i", {0, 1})), ElementsAre(0, 1));
  EXPECT_THAT(Added(OnnxFile().Listed(10, "c", {0x3E00, 0x8001})),
              ElementsAre(1.5, -std::ldexp(1, -24)));
  EXPECT_THAT(Added(OnnxFile().Listed(16, "c", {0x3FC0, 0xC000})),
              ElementsAre(1.5, -2));
}

TEST(OnnxConstantsTest, FormsOfConstant) {
  EXPECT_THAT(
      Added(OnnxFile().Node("Constant", {}, "c").SetFloat("value_float", 1.5f)),
      ElementsAre(1.5, 1.5));
  OnnxFile floats = OnnxFile().Node("Constant", {}, "c");
  floats.SetInts("value_floats", {});
  onnx::AttributeProto& list = *floats.last_node().mutable_attribute(0);
  list.set_type(onnx::AttributeProto::FLOATS);
  list.add_floats(1.5f);
  list.add_floats(-2);
  EXPECT_THAT(Added(floats), ElementsAre(1.5, -2));
  EXPECT_THAT(
      Integers(OnnxFile().Node("Constant", {}, "i").Set("value_int", -7)),
      ElementsAre(-7, -7));
  EXPECT_THAT(
      Integers(
          OnnxFile().Node("Constant", {}, "i").SetInts("value_ints", {1, -2})),
      ElementsAre(1, -2));
  EXPECT_THAT(Refused(OnnxFile().Node("Constant", {}, "i").Set("value_s", 1)),
              HasSubstr("'value_s' is not understood"));
  EXPECT_THAT(Refused(OnnxFile().Node("Constant", {}, "i")),
              HasSubstr("has no value that is read"));
  EXPECT_THAT(Refused(OnnxFile()
                          .Node("Constant", {}, "i")
                          .SetTensor("value", Typed(9, "\x02", 1))),
              HasSubstr("BOOL element 2: expected 0 to 1"));
}

TEST(OnnxConstantsTest, ConstantOfShape) {
  const auto made = [](const Ints& shape) {
    return OnnxFile().Ints("s", shape).Node("ConstantOfShape", {"s"}, "c");
  };
  EXPECT_THAT(Added(made({1, 2})), ElementsAre(0, 0));
  const onnx::TensorProto half = Typed(1, std::string("\0\0\0\x3F", 4), 1);
  EXPECT_THAT(Added(made({2}).SetTensor("value", half)), ElementsAre(0.5, 0.5));
  EXPECT_THAT(Added(made({}).SetTensor("value", half)), ElementsAre(0.5, 0.5));
  // One row a sample.
  const OnnxFile rows = OnnxFile()
                            .Input("x", {-1, 2})
                            .Node("Shape", {"x"}, "s")
                            .Node("ConstantOfShape", {"s"}, "c")
                            .SetTensor("value", half)
                            .Node("Concat", {"x", "c"}, "y")
                            .Set("axis", 1)
                            .Output("y");
  EXPECT_THAT(Computed(rows, {2, 2}, {1, 2, 3, 4}),
              ElementsAre(1, 2, 0.5, 0.5, 3, 4, 0.5, 0.5));
  const auto refused = [&](const Ints& shape, const onnx::TensorProto& value) {
    return Refusal(made(shape).SetTensor("value", value).Output("c"));
  };
  EXPECT_THAT(refused({-1}, half), HasSubstr("dimension 0 is -1"));
  EXPECT_THAT(refused({2, -5}, half), HasSubstr("-5"));
  EXPECT_THAT(refused({kMost, kMost}, half), HasSubstr("dimension 0"));
  EXPECT_THAT(refused({1 << 20, 1 << 10}, half),
              HasSubstr("bytes of memory to load"));
  EXPECT_THAT(refused({2}, Typed(1, std::string(8, '\0'), 2)),
              HasSubstr("attribute 'value' has shape [2]: expected [1]"));
}

TEST(OnnxConstantsTest, CastOfConstants) {
  const auto cast = [](std::vector<float> values, int64_t to) {
    return OnnxFile()
        .Floats("f", {static_cast<int64_t>(values.size())}, values)
        .Node("Cast", {"f"}, "i")
        .Set("to", to);
  };
  EXPECT_THAT(Integers(cast({1.9f, -1.9f}, 7)), ElementsAre(1, -1));
  EXPECT_THAT(Integers(cast({1.9f, -1.9f}, 6)), ElementsAre(1, -1));
  EXPECT_THAT(Integers(cast({0, -0.5f}, 9)), ElementsAre(0, 1));
  EXPECT_THAT(Integers(cast({0.1f, 2}, 11)), ElementsAre(0.1f, 2));
  EXPECT_THAT(Refused(cast({3e9f}, 6)), HasSubstr("is beyond INT32"));
  EXPECT_THAT(Refused(cast({1e19f}, 7)), HasSubstr("is beyond INT64"));
  EXPECT_THAT(Refused(cast({-1}, 2)), HasSubstr("-1 is beyond UINT8"));
  EXPECT_THAT(Refused(cast({std::nanf("")}, 7)), HasSubstr("beyond INT64"));
  EXPECT_THAT(Refused(cast({1}, 10)), HasSubstr("to FLOAT16"));
  EXPECT_THAT(Refused(cast({1}, 8)), HasSubstr("to STRING"));
  EXPECT_THAT(Refused(cast({1}, 99)), HasSubstr("to type 99"));
  EXPECT_THAT(Refused(cast({1}, kMost)), HasSubstr("expected a type"));
  EXPECT_THAT(Refused(cast({1}, 0)), HasSubstr("expected a type"));
}

// As files with weights of 16 bits have it.
TEST(OnnxConstantsTest, CastOfHalves) {
  const auto cast = [] {
    return OnnxFile()
        .Listed(onnx::TensorProto::FLOAT16, "h", {0x3C00, 0xC000})
        .Node("Cast", {"h"}, "f")
        .Set("to", onnx::TensorProto::FLOAT);
  };
  EXPECT_THAT(
      Integers(
          cast().Node("Cast", {"f"}, "i").Set("to", onnx::TensorProto::INT64)),
      ElementsAre(1, -2));
  OnnxFile product = cast().Input("x", {-1, 2});
  product.Node("MatMul", {"x", "f"}, "y").Output("y");
  EXPECT_THAT(Computed(product, {1, 2}, {3, 1}), ElementsAre(1));
  OnnxFile folded = cast().Input("x", {-1, 2}).Floats("c", {2}, {0.5f, 4});
  folded.Node("Mul", {"f", "c"}, "fc")
      .Node("Mul", {"x", "fc"}, "m")
      .Node("Identity", {"f"}, "same")
      .Node("Add", {"m", "same"}, "y")
      .Output("y");
  EXPECT_THAT(Computed(folded, {1, 2}, {3, 1}), ElementsAre(2.5, -10));
}

TEST(OnnxConstantsTest, CastOfWhatIsComputed) {
  const auto cast = [](int from, int64_t to) {
    return Imported(OnnxFile()
                        .InputOf(from, "x", {-1, 2})
                        .Node("Cast", {"x"}, "y")
                        .Set("to", to)
                        .Output("y"));
  };
  EXPECT_THAT(cast(1, 1), HasSubstr("output y = x"));
  EXPECT_THAT(cast(11, 1), HasSubstr("output y = x"));
  EXPECT_THAT(cast(7, 6), HasSubstr("output y = x"));
  for (const int integers : {2, 6, 7, 9}) {
    EXPECT_THAT(cast(integers, 1), HasSubstr("y: f32[N, 2] = cast(x"));
  }
  EXPECT_THAT(cast(1, 6), HasSubstr("y: i32[N, 2] = cast(x"));
  EXPECT_THAT(cast(1, 7), HasSubstr("from FLOAT to INT64"));
  EXPECT_THAT(cast(1, 10),
              HasSubstr("to FLOAT16: nothing is computed in 16 bits"));
  EXPECT_THAT(cast(1, 9), HasSubstr("from FLOAT to BOOL"));
  EXPECT_THAT(cast(6, 9), HasSubstr("from INT32 to BOOL"));
  EXPECT_THAT(cast(7, 2), HasSubstr("from INT64 to UINT8"));
}

OnnxFile Folded(const std::string& op_type, const Ints& a, const Ints& b) {
  return OnnxFile().Ints("a", a).Ints("b", b).Node(op_type, {"a", "b"}, "i");
}

TEST(OnnxConstantsTest, IntegersFoldExactly) {
  EXPECT_THAT(Integers(Folded("Add", {1, 2}, {10})), ElementsAre(11, 12));
  EXPECT_THAT(Integers(Folded("Sub", {1}, {10, 20})), ElementsAre(-9, -19));
  EXPECT_THAT(Integers(Folded("Mul", {3, 4}, {-5, 6})), ElementsAre(-15, 24));
  EXPECT_THAT(Integers(Folded("Div", {7, -7}, {2, 2})), ElementsAre(3, -3));
  EXPECT_THAT(Integers(Folded("Max", {7, -7}, {2, 2})), ElementsAre(7, 2));
  EXPECT_THAT(Integers(Folded("Min", {7, -7}, {2, 2})), ElementsAre(2, -7));
  EXPECT_THAT(Integers(Folded("Equal", {7, 2}, {2, 2})), ElementsAre(0, 1));
  EXPECT_THAT(Integers(Folded("Less", {1, 2}, {2, 2})), ElementsAre(1, 0));
  EXPECT_THAT(Integers(Folded("Greater", {3, 2}, {2, 2})), ElementsAre(1, 0));
  // 2^62 + 2^62 - 2^62 - (2^62 - 1): no float holds what is between.
  EXPECT_THAT(Integers(OnnxFile()
                           .Ints("a", {int64_t{1} << 62})
                           .Ints("b", {(int64_t{1} << 62) - 1})
                           .Node("Add", {"a", "b"}, "s")
                           .Node("Sub", {"s", "a"}, "d")
                           .Node("Sub", {"a", "d"}, "i")),
              ElementsAre(1, 1));
  EXPECT_THAT(Integers(OnnxFile()
                           .Listed(9, "a", {0, 1})
                           .Listed(9, "b", {1, 1})
                           .Node("And", {"a", "b"}, "c0")
                           .Node("Not", {"c0"}, "c1")
                           .Node("Or", {"c1", "c0"}, "all")
                           .Ints("p", {5})
                           .Ints("q", {6, 7})
                           .Node("Where", {"c0", "p", "q"}, "w")
                           .Node("Neg", {"w"}, "n")
                           .Node("Where", {"all", "n", "p"}, "i")),
              ElementsAre(-6, -5));
  EXPECT_THAT(
      Integers(OnnxFile().Ints("a", {5}).Ints("b", {1}).Ints("s", {-3}).Node(
          "Range", {"a", "b", "s"}, "i")),
      ElementsAre(5, 2));
}

// By the sizes N and 2 N, where N may be 0.
TEST(OnnxConstantsTest, ComparisonsOfTheBatch) {
  const auto compared = [](const std::string& op_type, int64_t a, int64_t b) {
    return OnnxFile()
        .Node("Shape", {"x"}, "shape")
        .Ints("first", {0})
        .Node("Gather", {"shape", "first"}, "n")
        .Ints("ka", {a})
        .Ints("kb", {b})
        .Node("Mul", {"n", "ka"}, "a")
        .Node("Mul", {"n", "kb"}, "b")
        .Node(op_type, {"a", "b"}, "i");
  };
  EXPECT_THAT(Integers(compared("Less", 1, 1)), ElementsAre(0, 0));
  EXPECT_THAT(Integers(compared("Less", 2, 1)), ElementsAre(0, 0));
  EXPECT_THAT(Integers(compared("Greater", 1, 2)), ElementsAre(0, 0));
  EXPECT_THAT(Integers(compared("Equal", 3, 3)), ElementsAre(1, 1));
  for (const OnnxFile& file :
       {compared("Less", 1, 2), compared("Less", -1, 1),
        compared("Greater", 2, 1), compared("Equal", -1, 0)}) {
    EXPECT_THAT(Refused(file), HasSubstr("batch"));
  }
}

TEST(OnnxConstantsTest, IntegersThatDoNotFold) {
  EXPECT_THAT(Refused(OnnxFile()
                          .Ints("a", {0})
                          .Ints("b", {kLeast})
                          .Ints("s", {-1})
                          .Node("Range", {"a", "b", "s"}, "i")),
              HasSubstr("overflows"));
  EXPECT_THAT(Refused(Folded("Add", {kMost}, {1})), HasSubstr("overflows"));
  EXPECT_THAT(Refused(Folded("Sub", {kLeast}, {1})), HasSubstr("overflows"));
  EXPECT_THAT(Refused(Folded("Mul", {kMost}, {2})), HasSubstr("overflows"));
  EXPECT_THAT(Refused(Folded("Div", {kLeast}, {-1})), HasSubstr("overflows"));
  EXPECT_THAT(Refused(Folded("Div", {1}, {0})), HasSubstr("a division by 0"));
  EXPECT_THAT(Refused(Folded("Add", {1, 2}, {1, 2, 3})), HasSubstr("[2]"));
  EXPECT_THAT(
      Refused(
          OnnxFile().Listed(6, "a", {2147483647}).Node("Add", {"a", "a"}, "i")),
      HasSubstr("overflows"));
  EXPECT_THAT(Refused(OnnxFile()
                          .Listed(6, "a", {1})
                          .Ints("b", {1})
                          .Node("Add", {"a", "b"}, "i")),
              HasSubstr("inputs are INT32 and INT64: expected one type"));
  EXPECT_THAT(Refused(Folded("And", {1}, {1})), HasSubstr("input 0 is INT64"));
  EXPECT_THAT(Refused(OnnxFile().Ints("a", {1}).Node("Not", {"a"}, "i")),
              HasSubstr("input 0 is INT64"));
  const auto range = [](int64_t start, int64_t limit, int64_t step) {
    OnnxFile file = OnnxFile().Ints("a", {start}).Ints("b", {limit});
    return Refused(file.Ints("s", {step}).Node("Range", {"a", "b", "s"}, "i"));
  };
  EXPECT_THAT(range(0, 1, 0), HasSubstr("the step is 0"));
  EXPECT_THAT(range(kLeast, kMost, 1), HasSubstr("overflows"));
  EXPECT_THAT(range(0, 1, kLeast), HasSubstr("overflows"));
  EXPECT_THAT(range(0, int64_t{1} << 30, 1),
              HasSubstr("bytes of memory to load"));
  EXPECT_THAT(range(0, kMost, 1), HasSubstr("dimension 0"));
  // Of what is not known.
  EXPECT_THAT(
      Refusal(
          OnnxFile().Input("x", {-1, 2}).Node("Floor", {"x"}, "y").Output("y")),
      HasSubstr("this op is understood of constants of FLOAT, INT32, INT64 and "
                "BOOL only"));
  EXPECT_THAT(Refused(OnnxFile()
                          .Listed(onnx::TensorProto::UINT8, "a", {1})
                          .Node("Floor", {"a"}, "i")),
              HasSubstr("of constants of FLOAT, INT32, INT64 and BOOL only"));
  EXPECT_THAT(
      Refused(OnnxFile()
                  .Floats("a", {1})
                  .Node("Cast", {"a"}, "i")
                  .Set("to", onnx::TensorProto::FLOAT16)),
      HasSubstr("to FLOAT16: expected FLOAT, DOUBLE, BOOL, INT8, UINT8, "
                "INT32 or INT64"));
}

TEST(OnnxConstantsTest, FloatsFoldAsTheyWouldRun) {
  EXPECT_THAT(
      Added(OnnxFile()
                .Floats("a", {2}, {0.1f, 7})
                .Floats("b", {1}, {0.2f})
                .Node("Add", {"a", "b"}, "s")
                .Node("Mul", {"s", "a"}, "p")
                .Node("Div", {"p", "b"}, "q")
                .Node("Neg", {"q"}, "c")),
      ElementsAre(-((0.1f + 0.2f) * 0.1f / 0.2f), -((7 + 0.2f) * 7 / 0.2f)));
  EXPECT_THAT(Integers(OnnxFile()
                           .Floats("a", {2}, {2.5f, -2.5f})
                           .Node("Floor", {"a"}, "f")
                           .Node("Ceil", {"a"}, "g")
                           .Node("Sub", {"g", "f"}, "d")
                           .Node("Mul", {"d", "f"}, "i")),
              ElementsAre(2, -3));
  // Weights that are turned round or put together stay weights.
  EXPECT_EQ(Imported(OnnxFile()
                         .Input("x", {-1, 2})
                         .Floats("a", {1, 2})
                         .Floats("b", {2, 2})
                         .Node("Concat", {"a", "b"}, "j")
                         .Set("axis", 0)
                         .Node("Transpose", {"j"}, "w")
                         .Node("MatMul", {"x", "w"}, "y")
                         .Output("y")),
            "x: f32[N, 2] = input(dtype=\"f32\", shape=[-1, 2])\n"
            "y: f32[N, 3] = matmul(x, w; transpose_a=false, "
            "transpose_b=false)\n"
            "output y = y\n");
}

}  // namespace
}  // namespace espalier
