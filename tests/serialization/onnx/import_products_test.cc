// Products: dense layers where one operand is a constant weight.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/serialization/onnx/import_helpers.h"

namespace espalier {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(OnnxImportProductsTest, GemmInItsForms) {
  const OnnxFile gemm = OnnxFile()
                            .Input("x", {-1, 2})
                            .Floats("w", {3, 2})
                            .Floats("b", {1, 3})
                            .Node("Gemm", {"x", "w", "b"}, "y")
                            .Set("transB", 1)
                            .SetFloat("alpha", 2)
                            .SetFloat("beta", -1)
                            .Output("y");
  EXPECT_EQ(Imported(gemm),
            "x: f32[N, 2] = input(dtype=\"f32\", shape=[-1, 2])\n"
            "y: f32[N, 3] = dense(x, w, b)\n"
            "output y = y\n");
  // 2 (1 10 + 2 20) - 1, ...
  EXPECT_THAT(Computed(gemm, {1, 2}, {10, 20}), ElementsAre(99, 218, 337));
  // Without a bias, and with one number for all columns.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 2})
                           .Floats("w", {2, 2})
                           .Node("Gemm", {"x", "w"}, "y")
                           .Output("y"),
                       {1, 2}, {1, 10}),
              ElementsAre(31, 42));
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 2})
                           .Floats("w", {2, 2})
                           .Floats("b", {})
                           .Node("Gemm", {"x", "w", "b"}, "y")
                           .Output("y"),
                       {1, 2}, {1, 10}),
              ElementsAre(32, 43));
  // Of two values that are computed.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {2, 2})
                           .Floats("b", {2, 2})
                           .Node("Neg", {"x"}, "n")
                           .Node("Gemm", {"n", "x", "b"}, "y")
                           .Set("transA", 1)
                           .Output("y"),
                       {2, 2}, {1, 2, 3, 4}),
              ElementsAre(-9, -12, -11, -16));
}

TEST(OnnxImportProductsTest, MatMulTakesItsBias) {
  for (const auto& operands :
       std::vector<std::vector<std::string>>{{"m", "b"}, {"b", "m"}}) {
    const OnnxFile file = OnnxFile()
                              .Input("x", {-1, 2})
                              .Floats("w", {2, 2})
                              .Floats("b", {2})
                              .Node("MatMul", {"x", "w"}, "m")
                              .Node("Add", operands, "y")
                              .Output("y");
    EXPECT_EQ(Imported(file),
              "x: f32[N, 2] = input(dtype=\"f32\", shape=[-1, 2])\n"
              "y: f32[N, 2] = dense(x, w, b)\n"
              "output y = y\n");
  }
  // Two readers, or what is no bias, leave it alone.
  EXPECT_EQ(Imported(OnnxFile()
                         .Input("x", {-1, 2})
                         .Floats("w", {2, 2})
                         .Floats("b", {2})
                         .Node("MatMul", {"x", "w"}, "m")
                         .Node("Add", {"m", "b"}, "s")
                         .Node("Mul", {"m", "s"}, "y")
                         .Output("y")),
            "x: f32[N, 2] = input(dtype=\"f32\", shape=[-1, 2])\n"
            "m: f32[N, 2] = matmul(x, w; transpose_a=false, "
            "transpose_b=false)\n"
            "s: f32[N, 2] = add(m, b)\n"
            "y: f32[N, 2] = mul(m, s)\n"
            "output y = y\n");
}

TEST(OnnxImportProductsTest, AColumnFromTheLeft) {
  const OnnxFile file = OnnxFile()
                            .Input("x", {1, 2, 1})
                            .Floats("w", {3, 2})
                            .Floats("b", {1, 3, 1})
                            .Node("MatMul", {"w", "x"}, "m")
                            .Node("Add", {"m", "b"}, "y")
                            .Output("y");
  EXPECT_THAT(Computed(file, {1, 2, 1}, {10, 20}), ElementsAre(51, 112, 173));
}

TEST(OnnxImportProductsTest, GemmWithOtherTerms) {
  const auto gemm = [](int opset, const std::vector<int64_t>& term) {
    return OnnxFile(opset)
        .Input("x", {2, 2})
        .Floats("w", {2, 2})
        .Floats("c", term)
        .Node("Gemm", {"x", "w", "c"}, "y")
        .Output("y");
  };
  // x w = [[1, 2], [3, 4]]
  const auto computed = [](const OnnxFile& file) {
    return Computed(file, {2, 2}, {1, 0, 0, 1});
  };
  EXPECT_THAT(computed(gemm(13, {2, 2})), ElementsAre(2, 4, 6, 8));
  EXPECT_THAT(computed(gemm(13, {2, 2}).SetFloat("beta", 2)),
              ElementsAre(3, 6, 9, 12));
  EXPECT_THAT(computed(gemm(13, {2, 1})), ElementsAre(2, 3, 5, 6));
  EXPECT_THAT(computed(gemm(6, {2}).Set("broadcast", 1)),
              ElementsAre(2, 4, 4, 6));
  EXPECT_THAT(computed(gemm(13, {2}).Set("transA", 1)),
              ElementsAre(2, 4, 4, 6));
  EXPECT_THAT(computed(OnnxFile()
                           .Input("x", {2, 2})
                           .Floats("w", {2, 2})
                           .Node("Gemm", {"w", "x", "x"}, "y")
                           .SetFloat("beta", -1)
                           .SetFloat("alpha", 2)
                           .Set("transB", 1)
                           .Output("y")),
              ElementsAre(1, 4, 6, 7));
  // A term that is computed.
  EXPECT_THAT(Computed(OnnxFile()
                           .Input("x", {-1, 2})
                           .Floats("w", {2, 2})
                           .Node("Neg", {"x"}, "n")
                           .Node("Gemm", {"x", "w", "n"}, "y")
                           .SetFloat("beta", 3)
                           .Output("y"),
                       {1, 2}, {1, 0}),
              ElementsAre(-2, 2));
}

TEST(OnnxImportProductsTest, GemmRefusals) {
  const auto gemm = [](const std::vector<int64_t>& input,
                       const std::vector<int64_t>& weight,
                       const std::vector<int64_t>& term) {
    return OnnxFile()
        .Input("x", input)
        .Floats("w", weight)
        .Floats("c", term)
        .Node("Gemm", {"x", "w", "c"}, "y")
        .Output("y");
  };
  EXPECT_EQ(Refusal(gemm({-1, 2}, {3, 2}, {2})),
            "node 'y' ('Gemm' of domain 'ai.onnx', opset 13): a product of "
            "[N, 2] and a weight [3, 2] as it lies in x W: expected as many "
            "columns as the weight has rows, and no other axes but the batch");
  EXPECT_THAT(Refusal(gemm({-1, 2}, {2}, {2})),
              HasSubstr("'w' has shape [2]: expected a matrix"));
  EXPECT_THAT(Refusal(gemm({-1, 2, 2}, {2, 2}, {2})),
              HasSubstr("input 0 has shape [N, 2, 2]: expected a matrix"));
  EXPECT_THAT(Refusal(gemm({-1, 2}, {2, 2}, {3})),
              HasSubstr("input 2 has shape [3]: expected one that stretches to "
                        "[N, 2]"));
  EXPECT_THAT(Refusal(gemm({-1, 2}, {2, 2}, {2, 1, 2})),
              HasSubstr("input 2 has shape [2, 1, 2]: expected one that"));
  OnnxFile none = gemm({-1, 2}, {2, 2}, {2});
  none.last_node().set_input(2, "none");
  EXPECT_THAT(Refusal(none),
              HasSubstr("reads 'none', which nothing before it gives"));
  EXPECT_THAT(Refusal(gemm({-1, 2}, {2, 2}, {2}).Set("transA", 1)),
              HasSubstr("a contraction over the batch"));
}

TEST(OnnxImportProductsTest, VectorsAreMatrices) {
  OnnxImportOptions keep;
  keep.keep_leading_dimension = true;
  const auto product = [](const std::vector<int64_t>& input,
                          const std::vector<int64_t>& constant, bool left) {
    return OnnxFile()
        .Input("x", input)
        .Floats("w", constant)
        .Node("MatMul",
              left ? std::vector<std::string>{"w", "x"}
                   : std::vector<std::string>{"x", "w"},
              "y")
        .Output("y");
  };
  // A vector by a matrix, from both sides, and by a vector.
  EXPECT_THAT(Computed(product({2}, {2, 2}, false), {2}, {1, 10}, keep),
              ElementsAre(31, 42));
  EXPECT_THAT(Computed(product({2}, {2, 2}, true), {2}, {1, 10}, keep),
              ElementsAre(21, 43));
  EXPECT_THAT(Computed(product({2}, {2}, false), {2}, {1, 10}, keep),
              ElementsAre(21));
  EXPECT_THAT(Computed(product({2}, {2}, true), {2}, {1, 10}, keep),
              ElementsAre(21));
  // The same with a batch in front.
  EXPECT_THAT(Computed(product({2}, {2}, false), {2, 2}, {1, 10, 0, 1}),
              ElementsAre(21, 2));
  // Matrices by a vector.
  EXPECT_THAT(Computed(product({-1, 2}, {2}, false), {2, 2}, {1, 10, 0, 1}),
              ElementsAre(21, 2));
  EXPECT_THAT(Imported(product({-1, 2}, {2}, false)), HasSubstr(": f32[N] = "));
  EXPECT_THAT(Computed(product({2, 2}, {2}, true), {2, 2}, {1, 10, 0, 1}, keep),
              ElementsAre(1, 12));
  EXPECT_THAT(Refusal(product({-1, 2}, {3}, false)),
              HasSubstr("node 'y' ('MatMul' of domain 'ai.onnx', opset 13): a "
                        "product of [N, 2] and [3]"));
}

TEST(OnnxImportProductsTest, StacksOfMatrices) {
  OnnxImportOptions keep;
  keep.keep_leading_dimension = true;
  const auto square = [](const std::vector<int64_t>& input) {
    return OnnxFile()
        .Input("x", input)
        .Node("MatMul", {"x", "x"}, "y")
        .Output("y");
  };
  const std::vector<double> two = {1, 2, 0, 1, 0, 1, 1, 0};
  EXPECT_THAT(Computed(square({-1, 2, 2}), {2, 2, 2}, two),
              ElementsAre(1, 4, 0, 1, 1, 0, 0, 1));
  EXPECT_THAT(Computed(square({2, 1, 2, 2}), {2, 1, 2, 2}, two, keep),
              ElementsAre(1, 4, 0, 1, 1, 0, 0, 1));
  // By one constant matrix: as many rows as there are, or stacked.
  const auto by_weight = [](const std::vector<int64_t>& input, bool left) {
    return OnnxFile()
        .Input("x", input)
        .Floats("w", {2, 2})
        .Node("MatMul",
              left ? std::vector<std::string>{"w", "x"}
                   : std::vector<std::string>{"x", "w"},
              "y")
        .Output("y");
  };
  const auto right_are = ElementsAre(7, 10, 3, 4, 3, 4, 1, 2);
  EXPECT_THAT(Imported(by_weight({2, 2, 2}, false), keep),
              HasSubstr("= matmul("));
  EXPECT_THAT(Computed(by_weight({2, 2, 2}, false), {2, 2, 2}, two, keep),
              right_are);
  EXPECT_THAT(Computed(by_weight({-1, 2, 2}, false), {2, 2, 2}, two),
              right_are);
  // A layer of a batch that the file fixes stays one.
  EXPECT_THAT(Imported(by_weight({3, 2}, false)),
              HasSubstr("y: f32[3, 2] = matmul(x, w"));
  const auto left_are = ElementsAre(1, 4, 3, 10, 2, 1, 4, 3);
  EXPECT_THAT(Computed(by_weight({-1, 2, 2}, true), {2, 2, 2}, two), left_are);
  EXPECT_THAT(Computed(by_weight({2, 2, 2}, true), {2, 2, 2}, two, keep),
              left_are);
}

// With a batch in front of [9, 2] the first node is refused; that is not what
// is wrong.
TEST(OnnxImportProductsTest, TheErrorIsThatOfTheWayThatWentFurthest) {
  OnnxFile file;
  file.Input("x", {9, 2}).Floats("w", {2, 3}).Floats("c", {3});
  file.Node("Gemm", {"x", "w", "c"}, "y").Node("Sin", {"y"}, "z").Output("z");
  EXPECT_EQ(Refusal(file),
            "node 'z' ('Sin' of domain 'ai.onnx', opset 13): this op is not "
            "understood");
}

TEST(OnnxImportProductsTest, StacksThatAreRefused) {
  const auto refusal = [](const std::vector<int64_t>& a,
                          const std::vector<int64_t>& b) {
    return Refusal(OnnxFile()
                       .Input("a", a)
                       .Input("b", b)
                       .Node("MatMul", {"a", "b"}, "y")
                       .Output("y"));
  };
  EXPECT_EQ(refusal({-1, 2, 3}, {-1, 3, 4}), "");
  EXPECT_THAT(refusal({-1, 2, 3}, {-1, 1, 4}),
              HasSubstr("a product of [N, 2, 3] and [N, 1, 4]: 3 columns, and "
                        "1 rows: expected as many"));
  EXPECT_THAT(refusal({-1, 2, 3}, {-1, 5, 3, 4}),
              HasSubstr("stretched to a higher rank"));
  EXPECT_THAT(refusal({-1, 2}, {-1, 2}),
              HasSubstr("a contraction over the batch"));
  EXPECT_THAT(refusal({-1, 128, 128}, {-1, 128, 128}),
              HasSubstr("of more than 1048576 products in all"));
  EXPECT_THAT(refusal({-1}, {-1}), HasSubstr("expected a matrix"));
}

}  // namespace
}  // namespace espalier
