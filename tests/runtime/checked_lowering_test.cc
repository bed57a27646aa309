// What a program's own op may ask for wrongly: every verb says, with the node
// and the kind of its op, what it takes and what it got.
#include "runtime/checked_lowering.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <utility>

#include "graph/builder.h"
#include "runtime/executable.h"

namespace espalier {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

using LowerRule = std::function<absl::Status(Lowering&)>;

// Of x [N, 3], w [3, 4], b [4] and labels [N] (i32) gives [N, 4].
class OwnOp : public Op {
 public:
  explicit OwnOp(LowerRule lower) : lower_(std::move(lower)) {}
  absl::string_view kind() const override { return "own"; }
  int arity() const override { return 4; }
  absl::StatusOr<TensorType> InferType(
      absl::Span<const TensorType> /*inputs*/) const override {
    return TensorType{DataType::kF32, {kBatch, 4}};
  }
  DoubleTensor Evaluate(absl::Span<const DoubleTensor* const> /*inputs*/,
                        const Shape& output) const override {
    return DoubleTensor(output);
  }
  absl::Status Lower(Lowering& lowering) const override {
    return lower_(lowering);
  }

 private:
  const LowerRule lower_;
};

absl::Status Compile(LowerRule lower) {
  GraphBuilder g("net");
  const Value x = g.Input("x", {kBatch, 3});
  const Value w = g.Parameter("w", {3, 4}, Initializer::Zeros());
  const Value b = g.Parameter("b", {4}, Initializer::Zeros());
  const Value labels = g.Input("labels", {kBatch}, DataType::kI32);
  g.Output("y", g.AddNode(std::make_shared<OwnOp>(std::move(lower)),
                          {x, w, b, labels}, "mine"));
  const absl::StatusOr<Graph> graph = g.Build();
  EXPECT_TRUE(graph.ok()) << graph.status();
  return Executable::Compile(*graph).status();
}

// The buffers of the op's inputs.
constexpr int kX = 0;
constexpr int kW = 1;
constexpr int kB = 2;
constexpr int kLabels = 3;

MatMulSpec Product(BufferId a, BufferId b) {
  MatMulSpec spec;
  spec.a = a;
  spec.b = b;
  return spec;
}

TEST(CheckedLoweringTest, WhatFitsIsCompiled) {
  EXPECT_EQ(Compile([](Lowering& l) {
              MatMulSpec spec = Product(l.input(kX), l.input(kW));
              spec.bias = l.input(kB);
              l.SetResult(l.MatMul(spec, {kBatch, 4}));
              return absl::OkStatus();
            }),
            absl::OkStatus());
  // The same for each sample.
  EXPECT_EQ(Compile([](Lowering& l) {
              l.SetResult(l.Rearrange(
                  {{l.input(kB), 0, {{kBatch, 0, 0, 1}, {4, 1, 0, 1}}}}, false,
                  {kBatch, 4}));
              return absl::OkStatus();
            }),
            absl::OkStatus());
}

TEST(CheckedLoweringTest, ErrorsNameNodeKindVerbAndShapes) {
  EXPECT_EQ(
      Compile([](Lowering& l) {
        l.SetResult(l.MatMul(Product(l.input(kX), l.input(kX)), {kBatch, 4}));
        return absl::OkStatus();
      }),
      absl::InternalError(
          "compile 'net': node 'mine' (own): Lower: MatMul of f32[N, 3], "
          "f32[N, 3] to [N, 4]: expected f32 [M, K] and [K, N] to give "
          "[M, N]"));
  EXPECT_EQ(Compile([](Lowering& l) {
              l.SetResult(l.input(kX));
              return absl::OkStatus();
            }),
            absl::InternalError(
                "compile 'net': node 'mine' (own): Lower: SetResult of f32[N, "
                "3] to [N, 4]: expected the node's type, f32[N, 4]"));
}

// The first mistake, also where the rule gives up over what followed.
TEST(CheckedLoweringTest, TheFirstMistakeIsTold) {
  const absl::Status status = Compile([](Lowering& l) {
    const BufferId none = l.Softmax(l.input(kLabels), false, {kBatch});
    EXPECT_EQ(none, kNoBuffer);
    l.SetResult(l.Reshape(none, {kBatch, 4}));
    return absl::InvalidArgumentError("gave up");
  });
  EXPECT_THAT(std::string(status.message()), HasSubstr("Softmax of i32[N]"));
  EXPECT_THAT(std::string(status.message()), Not(HasSubstr("gave up")));
  EXPECT_EQ(
      Compile([](Lowering&) { return absl::InvalidArgumentError("gave up"); }),
      absl::InvalidArgumentError("compile 'net': node 'mine' (own): gave up"));
  EXPECT_EQ(Compile([](Lowering&) { return absl::OkStatus(); }).message(),
            "compile 'net': node 'mine' (own): Lower sets no result");
}

struct Mistake {
  std::function<BufferId(Lowering&)> verb;
  const char* said;
};

TEST(CheckedLoweringTest, EveryVerbChecksWhatItIsGiven) {
  const Shape y = {kBatch, 4};
  const auto box = [](BufferId from, int64_t offset, int64_t size) {
    return BoxCopy{from, offset, {{kBatch, 3, 0, 1}, {size, 1, 0, 1}}};
  };
  const Expr operand = Expr::Operand(0);
  const Mistake mistakes[] = {
      {[](Lowering& l) { return l.input(4); },
       "input(4): the node has 4 inputs"},
      {[](Lowering& l) {
         EXPECT_EQ(l.input_type(-1), l.output_type());
         return l.input(kX);
       },
       "input_type(-1): the node has 4 inputs"},
      {[&](Lowering& l) { return l.Reshape(99, y); },
       "Reshape: expected a buffer of this lowering, found 99"},
      {[&](Lowering& l) { return l.Elementwise(operand, {l.input(kX)}, y); },
       "Elementwise of f32[N, 3] to [N, 4]: expected operands that stretch"},
      {[&](Lowering& l) {
         return l.Elementwise(Exp(operand + Expr::Operand(7)), {l.input(kB)},
                              y);
       },
       "expected (by its formula) operands up to number 7"},
      {[&](Lowering& l) {
         return l.Elementwise(Exp(operand), {l.input(kLabels)}, {kBatch});
       },
       "expected (by its formula) operand 0 as f32"},
      {[&](Lowering& l) {
         return l.Elementwise(IntToFloat(operand), {l.input(kB)}, y);
       },
       "expected (by its formula) operand 0 as i32"},
      {[&](Lowering& l) {
         return l.Elementwise(Exp(FloatToInt(operand)), {l.input(kB)}, y);
       },
       "expected (by its formula) what float_to_int gives as f32"},
      {[&](Lowering& l) {
         return l.Elementwise(IntToFloat(Exp(operand)), {l.input(kB)}, y);
       },
       "expected (by its formula) what exp gives as i32"},
      {[&](Lowering& l) {
         return l.Elementwise(IntToFloat(Expr::Number(1)), {l.input(kB)}, y);
       },
       "expected (by its formula) a number as i32"},
      {[&](Lowering& l) {
         return l.Elementwise(operand, {l.input(kB)}, {3, kBatch});
       },
       "Elementwise of f32[4] to [3, N]: "},
      {[&](Lowering& l) {
         MatMulSpec spec = Product(l.input(kX), l.input(kW));
         spec.transpose_b = true;
         return l.MatMul(spec, y);
       },
       "expected f32 [M, K] and [N, K] to give [M, N]"},
      {[&](Lowering& l) {
         MatMulSpec spec = Product(l.input(kX), l.input(kW));
         spec.bias = l.input(kW);
         return l.MatMul(spec, y);
       },
       "f32[3, 4] to [N, 4]: expected a bias f32[N]"},
      {[](Lowering& l) {
         return l.Reduce(ReduceKind::kSum, l.input(kX), {1, 0}, {});
       },
       "ascending axes of it, found axes [1, 0]"},
      {[](Lowering& l) {
         return l.Reduce(ReduceKind::kSum, l.input(kX), {2}, {kBatch});
       },
       "ascending axes of it, found axes [2]"},
      {[](Lowering& l) {
         return l.Reduce(ReduceKind::kMax, l.input(kX), {0}, {4});
       },
       "Reduce of f32[N, 3] to [4]"},
      {[](Lowering& l) {
         return l.MeanSquaredDeviation(l.input(kX), l.input(kB), {3});
       },
       "expected f32[N, C, ...] and f32[C] to give [C]"},
      {[&](Lowering& l) { return l.Softmax(l.input(kX), true, y); },
       "Softmax of f32[N, 3] to [N, 4]"},
      {[](Lowering& l) {
         return l.CrossEntropy(l.input(kX), l.input(kX), {kBatch});
       },
       "expected f32[N, C] and i32[N] to give [N]"},
      {[&](Lowering& l) {
         return l.CrossEntropyGradient(l.input(kX), l.input(kLabels),
                                       l.input(kB), {kBatch, 3});
       },
       "expected f32[N, C], i32[N] and f32[N] to give [N, C]"},
      {[](Lowering& l) {
         return l.LayerNorm(l.input(kX), l.input(kB), l.input(kB), 1e-5f,
                            {kBatch, 3});
       },
       "expected f32[..., C], f32[C] and f32[C]"},
      {[](Lowering& l) {
         return l.LayerNormGradient(l.input(kX), l.input(kB), 1e-5f,
                                    {kBatch, 3});
       },
       "expected two f32 of the result's shape"},
      {[](Lowering& l) {
         return l.Dropout({l.input(kX), l.input(kLabels), 0.5f, 1},
                          {kBatch, 3});
       },
       "expected f32 of the result's shape and i32[]"},
      {[&](Lowering& l) { return l.Rearrange({}, true, y); },
       "expected boxes of operands of one type"},
      {[&](Lowering& l) {
         return l.Rearrange({box(l.input(kX), 0, 4)}, false, y);
       },
       "each inside its operand"},
      {[&](Lowering& l) {
         return l.Rearrange({box(l.input(kX), 1, 3)}, true, y);
       },
       "each inside its operand"},
      {[&](Lowering& l) {
         return l.Rearrange({box(l.input(kX), 0, 3)}, false, {kBatch, 2});
       },
       "inside the result"},
      // Samples of an array that has none, and others than it has.
      {[](Lowering& l) {
         return l.Rearrange(
             {{l.input(kW), 0, {{kBatch, 4, 0, 1}, {4, 1, 0, 1}}}}, false,
             {kBatch, 4});
       },
       "each inside its operand"},
      {[](Lowering& l) {
         return l.Rearrange(
             {{l.input(kX), 0, {{kBatch, 4, 0, 1}, {3, 1, 0, 1}}}}, false,
             {kBatch, 3});
       },
       "each inside its operand"},
      // One sample, where there may be none.
      {[](Lowering& l) {
         return l.Rearrange({{l.input(kX), 0, {{3, 1, 0, 1}}}}, false, {3});
       },
       "each inside its operand"},
      {[](Lowering& l) {
         return l.Gather(l.input(kW), l.input(kLabels), 2, {kBatch, 4});
       },
       "in place of axis 2"},
      {[](Lowering& l) {
         return l.Gather(l.input(kX), l.input(kLabels), 0, {kBatch, 3});
       },
       "Gather of f32[N, 3], i32[N] to [N, 3]: expected"},
      {[](Lowering& l) {
         return l.Gather(l.input(kW), l.input(kLabels), 0, {kBatch, 3});
       },
       "Gather of f32[3, 4], i32[N] to [N, 3]: expected"},
      {[](Lowering& l) {
         return l.ScatterAdd(l.input(kX), l.input(kLabels), 0, {5, 4});
       },
       "ScatterAdd of f32[N, 3], i32[N] to [5, 4]: expected"},
      {[&](Lowering& l) { return l.Reshape(l.input(kX), y); },
       "Reshape of f32[N, 3] to [N, 4]: expected as many elements"},
  };
  for (const Mistake& mistake : mistakes) {
    const absl::Status status = Compile([&](Lowering& l) {
      mistake.verb(l);
      return absl::OkStatus();
    });
    EXPECT_EQ(status.code(), absl::StatusCode::kInternal) << mistake.said;
    EXPECT_THAT(std::string(status.message()), HasSubstr(mistake.said));
    EXPECT_THAT(std::string(status.message()),
                HasSubstr("compile 'net': node 'mine' (own): Lower: "));
  }
}

}  // namespace
}  // namespace espalier
