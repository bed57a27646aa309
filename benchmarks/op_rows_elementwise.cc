#include <utility>

#include "benchmarks/op_rows.h"
#include "ops/binary.h"
#include "ops/elementwise.h"
#include "ops/integers.h"

namespace espalier {
namespace {

using Program = ElementwiseProgram;

void AddArithmetic(OpRowTable& t) {
  const std::string family = "arithmetic";
  const auto binary = [&](std::string name,
                          Value (*f)(Value, Value, absl::string_view),
                          Floor backward) {
    t.rows.push_back({family,
                      std::move(name),
                      {{Full(), 0.5f, 2}, {Full(), 0.5f, 2}},
                      [f](Operands in) { return f(in[0], in[1], ""); },
                      Move(2, 1),
                      std::move(backward)});
  };
  binary("mul", Mul, Move(3, 2));
  binary("div", Div, Move(3, 2));
  binary("max", Max, Move(3, 2));
  binary("min", Min, Move(3, 2));
  // The gradients are dy itself, and for sub its negative.
  binary("add", Add, {});
  binary("sub", Sub, Move(1, 1));
  const TensorType integers = {DataType::kI32, Full().shape};
  t.rows.push_back({family,
                    "add_i32",
                    {{integers}, {integers}},
                    [](Operands in) { return AddI32(in[0], in[1]); },
                    Move(2, 1),
                    {}});
  t.rows.push_back({family,
                    "cast to f32",
                    {{integers}},
                    [](Operands in) { return Cast(in[0], DataType::kF32); },
                    Move(1, 1),
                    {}});
  t.Unary(family, "cast to i32",
          [](Value x) { return Cast(x, DataType::kI32); }, Move(1, 1), {});
  t.rows.push_back({family,
                    "add row",
                    {{Full()}, {F32({kColumns})}},
                    [](Operands in) { return Add(in[0], in[1]); },
                    Move(1, 1),
                    {}});
  t.rows.push_back({family,
                    "mul column",
                    {{Full()}, {F32({kRows, 1})}},
                    [](Operands in) { return Mul(in[0], in[1]); },
                    Move(1, 1),
                    Move(2, 1)});
  t.Unary(
      family, "neg", [](Value x) { return Neg(x); }, Move(1, 1), Move(1, 1));
  t.Unary(
      family, "scale", [](Value x) { return Scale(x, 3); }, Move(1, 1),
      Move(1, 1));
  t.Unary(
      family, "square", [](Value x) { return Square(x); }, Move(1, 1),
      Move(2, 1));
  t.Unary(
      family, "abs", [](Value x) { return Abs(x); }, Move(1, 1), Move(2, 1));
  t.Unary(family, "sign", [](Value x) { return Sign(x); }, Move(1, 1), {});
  t.Unary(
      family, "sqrt", [](Value x) { return Sqrt(x); },
      Forward(One(Opcode::kSqrt), 0.5f),
      Bare(
          2, 1,
          [](Program& p, const Slots& in, const Slots& out) {
            const Operand root = p.Emit(Opcode::kSqrt, {in[0]});
            const Operand half = p.Emit(Opcode::kMul, {in[1], Immediate(0.5f)});
            p.EmitTo(out[0], Opcode::kDiv, {half, root});
          },
          0.5f),
      0.5f);
}

void AddFunctions(OpRowTable& t) {
  const std::string family = "functions";
  t.Unary(
      family, "exp", [](Value x) { return Exp(x); }, Forward(One(Opcode::kExp)),
      Backward(One(Opcode::kExp)));
  t.Unary(
      family, "expm1", [](Value x) { return Expm1(x); },
      Forward(One(Opcode::kExpm1)), Backward(One(Opcode::kExp)));
  t.Unary(
      family, "log", [](Value x) { return Log(x); },
      Forward(One(Opcode::kLog), 0.5f),
      Bare(
          2, 1,
          [](Program& p, const Slots& in, const Slots& out) {
            p.EmitTo(out[0], Opcode::kDiv, {in[1], in[0]});
          },
          0.5f),
      0.5f);
  t.Unary(
      family, "log1p", [](Value x) { return Log1p(x); },
      Forward(One(Opcode::kLog1p), -0.5f),
      Bare(
          2, 1,
          [](Program& p, const Slots& in, const Slots& out) {
            const Operand sum = p.Emit(Opcode::kAdd, {in[0], Immediate(1)});
            p.EmitTo(out[0], Opcode::kDiv, {in[1], sum});
          },
          -0.5f),
      -0.5f);
  t.Unary(
      family, "normal_cdf", [](Value x) { return NormalCdf(x); },
      Forward(One(Opcode::kNormalCdf)), Backward([](Program& p, Operand x) {
        const Operand square = p.Emit(Opcode::kMul, {x, x});
        const Operand exponent =
            p.Emit(Opcode::kMul, {square, Immediate(-0.5f)});
        const Operand bell = p.Emit(Opcode::kExp, {exponent});
        return p.Emit(Opcode::kMul, {bell, Immediate(0.398942280f)});
      }));
}

}  // namespace

void AddElementwiseRows(OpRowTable& t) {
  AddArithmetic(t);
  AddFunctions(t);
}

}  // namespace espalier
