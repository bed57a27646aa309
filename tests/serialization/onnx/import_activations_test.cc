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

constexpr double kNear = 1e-6;
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// y of one node of one input, of batches of 2.
OnnxFile Unary(const std::string& op_type, int opset = 17) {
  return OnnxFile(opset)
      .Input("x", {-1, 2})
      .Node(op_type, {"x"}, "y")
      .Output("y");
}

// What becomes of -1 and 2.
std::vector<double> OfTwo(const OnnxFile& file) {
  return Computed(file, {1, 2}, {-1, 2});
}

testing::Matcher<std::vector<double>> Are(double a, double b) {
  return ElementsAre(DoubleNear(a, kNear), DoubleNear(b, kNear));
}

TEST(OnnxImportActivationsTest, WithoutAttributes) {
  const double e = std::exp(1.0);
  EXPECT_THAT(OfTwo(Unary("Relu")), Are(0, 2));
  EXPECT_THAT(OfTwo(Unary("Sigmoid")),
              Are(1 / (1 + e), 1 / (1 + std::exp(-2.0))));
  EXPECT_THAT(OfTwo(Unary("Tanh")), Are(std::tanh(-1.0), std::tanh(2.0)));
  EXPECT_THAT(OfTwo(Unary("Softplus")),
              Are(std::log(1 + 1 / e), std::log(1 + e * e)));
  EXPECT_THAT(OfTwo(Unary("Softsign")), Are(-0.5, 2.0 / 3));
  EXPECT_THAT(OfTwo(Unary("HardSwish")), Are(-1.0 / 3, 2 * 5.0 / 6));
  EXPECT_THAT(
      OfTwo(Unary("Mish", 18)),
      Are(-std::tanh(std::log(1 + 1 / e)), 2 * std::tanh(std::log(1 + e * e))));
  EXPECT_THAT(Refusal(Unary("Mish", 18).Set("mode", 1)),
              HasSubstr("attribute 'mode' is not understood"));
}

// An op is refused before the opset that brought it.
TEST(OnnxImportActivationsTest, BeforeTheirOpsets) {
  const struct {
    const char* op_type;
    int since;
  } cases[] = {
      {"Celu", 12},           {"Gelu", 20},
      {"HardSwish", 14},      {"LayerNormalization", 17},
      {"Mish", 18},           {"Sign", 9},
      {"ConstantOfShape", 9}, {"Expand", 8},
      {"Range", 11},          {"Where", 9},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(Refusal(Unary(c.op_type, c.since - 1)),
                HasSubstr(absl::StrCat(
                    "node 'y' ('", c.op_type, "' of domain 'ai.onnx', opset ",
                    c.since - 1, "): opset ", c.since - 1,
                    " has no such op: the first that has it is ", c.since)));
    EXPECT_THAT(Refusal(Unary(c.op_type, c.since)),
                testing::Not(HasSubstr("has no such op")));
  }
}

TEST(OnnxImportActivationsTest, WithDefaults) {
  const double below = std::exp(-1.0) - 1;
  EXPECT_THAT(OfTwo(Unary("Elu")), Are(below, 2));
  EXPECT_THAT(OfTwo(Unary("Celu")), Are(below, 2));
  EXPECT_THAT(OfTwo(Unary("LeakyRelu")), Are(-0.01, 2));
  EXPECT_THAT(OfTwo(Unary("HardSigmoid")), Are(0.3, 0.9));
  EXPECT_THAT(OfTwo(Unary("ThresholdedRelu")), Are(0, 2));
  // As old converters wrote it.
  EXPECT_THAT(OfTwo(Unary("ThresholdedRelu", 9)), Are(0, 2));
  EXPECT_THAT(OfTwo(Unary("Selu")),
              Are(1.0507009873554805 * 1.6732632423543772 * below,
                  2 * 1.0507009873554805));
  EXPECT_THAT(OfTwo(Unary("Selu", 1)),
              Are(1.0507 * 1.6732 * below, 2 * 1.0507));
  EXPECT_THAT(Imported(Unary("Selu")), HasSubstr("y: f32[N, 2] = selu(x)"));
}

TEST(OnnxImportActivationsTest, WithAttributes) {
  EXPECT_THAT(OfTwo(Unary("Elu").SetFloat("alpha", 2)),
              Are(2 * (std::exp(-1.0) - 1), 2));
  EXPECT_THAT(OfTwo(Unary("Celu").SetFloat("alpha", 2)),
              Are(2 * (std::exp(-0.5) - 1), 2));
  EXPECT_THAT(OfTwo(Unary("LeakyRelu").SetFloat("alpha", 0.5f)), Are(-0.5, 2));
  EXPECT_THAT(
      OfTwo(
          Unary("HardSigmoid").SetFloat("alpha", 0.25f).SetFloat("beta", 0.5f)),
      Are(0.25, 1));
  EXPECT_THAT(OfTwo(Unary("ThresholdedRelu").SetFloat("alpha", -1)), Are(0, 2));
  EXPECT_THAT(OfTwo(Unary("ThresholdedRelu").SetFloat("alpha", -1.5f)),
              Are(-1, 2));
  EXPECT_THAT(OfTwo(Unary("Selu").SetFloat("alpha", 2).SetFloat("gamma", 3)),
              Are(6 * (std::exp(-1.0) - 1), 6));
  EXPECT_THAT(Refusal(Unary("Elu").SetFloat("alpha", kInfinity)),
              HasSubstr("node 'y' ('Elu' of domain 'ai.onnx', opset 17): "
                        "attribute 'alpha' is not finite"));
  EXPECT_THAT(Refusal(Unary("Celu").SetFloat("alpha", 0)),
              HasSubstr("node 'y' ('Celu' of"));
  EXPECT_THAT(Refusal(Unary("HardSigmoid").SetFloat("alpha", 0)),
              HasSubstr("node 'y' ('HardSigmoid' of"));
  EXPECT_THAT(Refusal(Unary("LeakyRelu").Set("alpha", 1)),
              HasSubstr("attribute 'alpha' has type 2: expected 1"));
}

TEST(OnnxImportActivationsTest, GeluInBothForms) {
  const auto gelu = [](const std::string& form) {
    OnnxFile file = Unary("Gelu", 20);
    onnx::AttributeProto* attribute = file.last_node().add_attribute();
    attribute->set_name("approximate");
    attribute->set_type(onnx::AttributeProto::STRING);
    attribute->set_s(form);
    return file;
  };
  const auto normal = [](double x) {
    return 0.5 * std::erfc(-x / std::sqrt(2.0));
  };
  EXPECT_THAT(OfTwo(Unary("Gelu", 20)), Are(-normal(-1), 2 * normal(2)));
  EXPECT_THAT(OfTwo(gelu("none")), Are(-normal(-1), 2 * normal(2)));
  EXPECT_THAT(OfTwo(gelu("tanh")), Are(-0.1588080094, 1.9545976968));
  EXPECT_THAT(Refusal(gelu("fast")), HasSubstr("expected 'none' or 'tanh'"));
}

// And GELU as it is written before opset 20.
TEST(OnnxImportActivationsTest, Erf) {
  EXPECT_THAT(OfTwo(Unary("Erf", 9)), Are(std::erf(-1), std::erf(2)));
  EXPECT_THAT(Refusal(Unary("Erf", 8)), HasSubstr("opset"));
  OnnxFile gelu(17);
  gelu.Input("x", {-1, 2})
      .Floats("root", {}, {std::sqrt(2.0f)})
      .Floats("one", {}, {1})
      .Floats("half", {}, {0.5f})
      .Node("Div", {"x", "root"}, "scaled")
      .Node("Erf", {"scaled"}, "erf")
      .Node("Add", {"erf", "one"}, "sum")
      .Node("Mul", {"x", "sum"}, "product")
      .Node("Mul", {"product", "half"}, "y")
      .Output("y");
  const auto normal = [](double x) {
    return 0.5 * std::erfc(-x / std::sqrt(2.0));
  };
  EXPECT_THAT(OfTwo(gelu), Are(-normal(-1), 2 * normal(2)));
}

TEST(OnnxImportActivationsTest, ClipByAttributes) {
  EXPECT_THAT(OfTwo(Unary("Clip", 6)), Are(-1, 2));
  EXPECT_THAT(OfTwo(Unary("Clip", 6).SetFloat("min", 0)), Are(0, 2));
  EXPECT_THAT(OfTwo(Unary("Clip", 10).SetFloat("max", 1)), Are(-1, 1));
  EXPECT_THAT(OfTwo(Unary("Clip", 6)
                        .SetFloat("min", -kInfinity)
                        .SetFloat("max", kInfinity)),
              Are(-1, 2));
  EXPECT_THAT(Refusal(Unary("Clip", 6).SetFloat("max", kNaN)),
              HasSubstr("attribute 'max' is NaN"));
  EXPECT_THAT(Refusal(Unary("Clip", 6).SetFloat("min", 2).SetFloat("max", 1)),
              HasSubstr("node 'y' ('Clip' of"));
  EXPECT_THAT(Refusal(Unary("Clip", 11).SetFloat("max", 1)),
              HasSubstr("attribute 'max' is not understood"));
}

TEST(OnnxImportActivationsTest, ClipByInputs) {
  const auto clip = [](const std::vector<std::string>& inputs, float lower,
                       float upper) {
    return OnnxFile(13)
        .Input("x", {-1, 2})
        .Floats("l", {}, {lower})
        .Floats("u", {1}, {upper})
        .Node("Clip", inputs, "y")
        .Output("y");
  };
  EXPECT_THAT(OfTwo(clip({"x"}, 0, 1)), Are(-1, 2));
  EXPECT_THAT(OfTwo(clip({"x", "l", "u"}, 0, 1)), Are(0, 1));
  EXPECT_THAT(OfTwo(clip({"x", "", "u"}, 0, 1)), Are(-1, 1));
  EXPECT_THAT(OfTwo(clip({"x", "l", ""}, 0, 1)), Are(0, 2));
  EXPECT_THAT(OfTwo(clip({"x", "l"}, 0, 1)), Are(0, 2));
  EXPECT_THAT(OfTwo(clip({"x", "l", "u"}, -kInfinity, kInfinity)), Are(-1, 2));
  EXPECT_THAT(Imported(clip({"x", "l", "u"}, 0, 6)),
              HasSubstr("= clip(x; lower=0.0, upper=6.0)"));
  // The upper limit wins where it is the smaller one.
  EXPECT_THAT(OfTwo(clip({"x", "l", "u"}, 1, 0)), Are(0, 0));
  EXPECT_THAT(Refusal(clip({"x", "l"}, kNaN, 0)), HasSubstr("input 1 is NaN"));
  EXPECT_THAT(Refusal(OnnxFile()
                          .Input("x", {-1, 2})
                          .Floats("l", {2})
                          .Node("Clip", {"x", "l"}, "y")
                          .Output("y")),
              HasSubstr("input 1 has shape [2]: expected one number"));
  // Limits that are computed.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {2, 1})
                           .Floats("w", {1, 2}, {1, 1})
                           .Node("ReduceMean", {"x"}, "l")
                           .Set("keepdims", 0)
                           .Node("Clip", {"x", "l"}, "y")
                           .Output("y"),
                       {2, 1}, {1, 3}),
              ElementsAre(2, 3));
  EXPECT_THAT(Refusal(OnnxFile()
                          .Input("x", {-1, 1})
                          .Node("Clip", {"x", "x"}, "y")
                          .Output("y")),
              HasSubstr("expected one number for all samples"));
}

TEST(OnnxImportActivationsTest, PReluStretchesItsSlope) {
  const auto prelu = [](int opset, const std::vector<int64_t>& shape) {
    return OnnxFile(opset)
        .Input("x", {-1, 2, 2})
        .Floats("s", shape)
        .Node("PRelu", {"x", "s"}, "y")
        .Output("y");
  };
  const auto computed = [&](int opset, const std::vector<int64_t>& shape) {
    return Computed(prelu(opset, shape), {1, 2, 2}, {-1, -1, -1, 1});
  };
  EXPECT_THAT(computed(16, {}), ElementsAre(-1, -1, -1, 1));
  EXPECT_THAT(computed(16, {1, 1}), ElementsAre(-1, -1, -1, 1));
  EXPECT_THAT(computed(9, {2}), ElementsAre(-1, -2, -1, 1));
  EXPECT_THAT(computed(7, {2, 1}), ElementsAre(-1, -1, -2, 1));
  EXPECT_THAT(computed(7, {1, 2, 2}), ElementsAre(-1, -2, -3, 1));
  EXPECT_THAT(computed(6, {2}), ElementsAre(-1, -1, -2, 1));
  EXPECT_THAT(computed(6, {1}), ElementsAre(-1, -1, -1, 1));
  EXPECT_THAT(Refusal(prelu(7, {3})), HasSubstr("node 'y' ('PRelu' of"));
  EXPECT_THAT(Refusal(prelu(7, {1, 1, 1, 1})),
              HasSubstr("node 'y' ('PRelu' of"));
  EXPECT_THAT(Refusal(prelu(6, {3})),
              HasSubstr("the slope has shape [3]: expected one number, or one "
                        "a channel of [N, 2, 2]"));
}

TEST(OnnxImportActivationsTest, NaNStaysNaN) {
  const OnnxFile clip = OnnxFile()
                            .Input("x", {-1, 1})
                            .Floats("l", {}, {2})
                            .Floats("u", {}, {1})
                            .Node("Clip", {"x", "l", "u"}, "y")
                            .Output("y");
  EXPECT_THAT(Computed(clip, {1, 1}, {kNaN}), ElementsAre(IsNan()));
  EXPECT_THAT(Computed(Unary("ThresholdedRelu"), {1, 2}, {kNaN, 0}),
              ElementsAre(IsNan(), 0));
}

}  // namespace
}  // namespace espalier
