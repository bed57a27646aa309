#include <utility>

#include "benchmarks/op_rows.h"
#include "ops/activations.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"

namespace espalier {
namespace {

using Program = ElementwiseProgram;

void AddActivations(OpRowTable& t) {
  const std::string family = "activations";
  t.Unary(
      family, "relu", [](Value x) { return Relu(x); }, Move(1, 1), Move(2, 1));
  t.Unary(
      family, "leaky_relu", [](Value x) { return LeakyRelu(x); }, Move(1, 1),
      Move(2, 1));
  t.Unary(
      family, "clip", [](Value x) { return Clip(x, -1, 1); }, Move(1, 1),
      Move(2, 1));
  t.rows.push_back({family,
                    "prelu",
                    {{Full()}, {F32({kColumns}), 0, 1}},
                    [](Operands in) { return Prelu(in[0], in[1]); },
                    Move(1, 1),
                    Move(2, 1)});
  t.rows.push_back(
      {family,
       "select_greater",
       {{Full(), -2, 2, 1, false},
        {Full(), -2, 2, 1, false},
        {Full()},
        {Full()}},
       [](Operands in) { return SelectGreater(in[0], in[1], in[2], in[3]); },
       Move(4, 1),
       Move(3, 2)});
  t.Unary(
      family, "sigmoid", [](Value x) { return Sigmoid(x); },
      Forward(One(Opcode::kSigmoid)), Backward([](Program& p, Operand x) {
        const Operand y = p.Emit(Opcode::kSigmoid, {x});
        const Operand rest = p.Emit(Opcode::kSub, {Immediate(1), y});
        return p.Emit(Opcode::kMul, {y, rest});
      }));
  t.Unary(
      family, "tanh", [](Value x) { return Tanh(x); },
      Forward(One(Opcode::kTanh)), Backward([](Program& p, Operand x) {
        const Operand y = p.Emit(Opcode::kTanh, {x});
        const Operand square = p.Emit(Opcode::kMul, {y, y});
        return p.Emit(Opcode::kSub, {Immediate(1), square});
      }));
  t.Unary(
      family, "softplus", [](Value x) { return Softplus(x); },
      Forward(One(Opcode::kSoftplus)), Backward(One(Opcode::kSigmoid)));
}

// What of the formulas of ops/activations.h and ops/exponential_units.h has to
// be computed, in as few instructions as there are.
void AddSmoothActivations(OpRowTable& t) {
  const std::string family = "activations";
  const auto add = [&](std::string name, Value (*f)(Value), const Emit& y,
                       const Emit& slope) {
    t.Unary(family, std::move(name), f, Forward(y), Backward(slope));
  };
  const auto one_minus_square = [](Program& p, Operand y) {
    return p.Emit(Opcode::kSub, {Immediate(1), p.Emit(Opcode::kMul, {y, y})});
  };
  const auto one_plus_size = [](Program& p, Operand x) {
    return p.Emit(Opcode::kAdd, {p.Emit(Opcode::kAbs, {x}), Immediate(1)});
  };
  const auto gelu_tanh = [](Program& p, Operand x) {
    const Operand square = p.Emit(Opcode::kMul, {x, x});
    const Operand inner =
        p.Emit(Opcode::kFma,
               {square, Immediate(0.0356774081f), Immediate(0.797884561f)});
    return p.Emit(Opcode::kTanh, {p.Emit(Opcode::kMul, {x, inner})});
  };
  add(
      "softsign", [](Value x) { return Softsign(x); },
      [=](Program& p, Operand x) {
        return p.Emit(Opcode::kDiv, {x, one_plus_size(p, x)});
      },
      [=](Program& p, Operand x) {
        const Operand d = one_plus_size(p, x);
        return p.Emit(Opcode::kDiv,
                      {Immediate(1), p.Emit(Opcode::kMul, {d, d})});
      });
  add(
      "swish", [](Value x) { return Swish(x, 1.5f); },
      [](Program& p, Operand x) {
        const Operand z = p.Emit(Opcode::kMul, {x, Immediate(1.5f)});
        return p.Emit(Opcode::kMul, {x, p.Emit(Opcode::kSigmoid, {z})});
      },
      [](Program& p, Operand x) {
        const Operand z = p.Emit(Opcode::kMul, {x, Immediate(1.5f)});
        const Operand y = p.Emit(Opcode::kSigmoid, {z});
        const Operand rest = p.Emit(Opcode::kSub, {Immediate(1), y});
        return p.Emit(Opcode::kMul,
                      {y, p.Emit(Opcode::kFma, {z, rest, Immediate(1)})});
      });
  add(
      "gelu", [](Value x) { return Gelu(x); },
      [](Program& p, Operand x) {
        return p.Emit(Opcode::kMul, {x, p.Emit(Opcode::kNormalCdf, {x})});
      },
      [](Program& p, Operand x) {
        const Operand half = p.Emit(Opcode::kMul, {x, Immediate(-0.5f)});
        const Operand bell =
            p.Emit(Opcode::kExp, {p.Emit(Opcode::kMul, {half, x})});
        const Operand weight =
            p.Emit(Opcode::kMul, {x, Immediate(0.398942280f)});
        return p.Emit(Opcode::kFma,
                      {weight, bell, p.Emit(Opcode::kNormalCdf, {x})});
      });
  add(
      "gelu_tanh", [](Value x) { return GeluTanh(x); },
      [=](Program& p, Operand x) {
        const Operand y = gelu_tanh(p, x);
        const Operand half = p.Emit(Opcode::kMul, {x, Immediate(0.5f)});
        return p.Emit(Opcode::kFma, {half, y, half});
      },
      [=](Program& p, Operand x) {
        const Operand y = gelu_tanh(p, x);
        const Operand square = p.Emit(Opcode::kMul, {x, x});
        const Operand bend =
            p.Emit(Opcode::kFma,
                   {square, Immediate(0.107032224f), Immediate(0.797884561f)});
        const Operand half = p.Emit(Opcode::kMul, {x, Immediate(0.5f)});
        const Operand wide = p.Emit(Opcode::kMul, {half, bend});
        const Operand level =
            p.Emit(Opcode::kFma, {y, Immediate(0.5f), Immediate(0.5f)});
        return p.Emit(Opcode::kFma, {wide, one_minus_square(p, y), level});
      });
  // tanh(softplus(x)) = n / (n + 2) with n = e (e + 2) and e = exp(x).
  const auto mish_n = [](Program& p, Operand e) {
    return p.Emit(Opcode::kMul, {e, p.Emit(Opcode::kAdd, {e, Immediate(2)})});
  };
  add(
      "mish", [](Value x) { return Mish(x); },
      [=](Program& p, Operand x) {
        const Operand n = mish_n(p, p.Emit(Opcode::kExp, {x}));
        const Operand divisor = p.Emit(Opcode::kAdd, {n, Immediate(2)});
        const Operand gate = p.Emit(Opcode::kDiv, {n, divisor});
        return p.Emit(Opcode::kMul, {x, gate});
      },
      [=](Program& p, Operand x) {
        const Operand e = p.Emit(Opcode::kExp, {x});
        const Operand n = mish_n(p, e);
        const Operand inverse =
            p.Emit(Opcode::kDiv,
                   {Immediate(1), p.Emit(Opcode::kAdd, {n, Immediate(2)})});
        const Operand square = p.Emit(Opcode::kMul, {inverse, inverse});
        const Operand power = p.Emit(Opcode::kFma, {e, e, e});
        const Operand wide = p.Emit(Opcode::kMul, {x, power});
        const Operand bend = p.Emit(Opcode::kMul, {wide, square});
        const Operand level = p.Emit(Opcode::kMul, {n, inverse});
        return p.Emit(Opcode::kFma, {bend, Immediate(4), level});
      });
  const Emit elu = [](Program& p, Operand x) {
    return p.Emit(Opcode::kSelectGreater,
                  {x, Immediate(0), x, p.Emit(Opcode::kExpm1, {x})});
  };
  const Emit elu_slope = [](Program& p, Operand x) {
    return p.Emit(Opcode::kSelectGreater,
                  {x, Immediate(0), Immediate(1), p.Emit(Opcode::kExp, {x})});
  };
  const auto scaled = [](const Emit& f) -> Emit {
    return [f](Program& p, Operand x) {
      return p.Emit(Opcode::kMul, {f(p, x), Immediate(1.05070102f)});
    };
  };
  add(
      "elu", [](Value x) { return Elu(x); }, elu, elu_slope);
  add(
      "selu", [](Value x) { return Selu(x); }, scaled(elu), scaled(elu_slope));
  add(
      "celu", [](Value x) { return Celu(x, 2); }, scaled(elu),
      scaled(elu_slope));
  t.Unary(
      family, "hard_sigmoid", [](Value x) { return HardSigmoid(x); },
      Move(1, 1), Move(2, 1));
  t.Unary(
      family, "hard_swish", [](Value x) { return HardSwish(x); }, Move(1, 1),
      Move(2, 1));
}

}  // namespace

void AddActivationRows(OpRowTable& t) {
  AddActivations(t);
  AddSmoothActivations(t);
}

}  // namespace espalier
