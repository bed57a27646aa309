#include "benchmarks/op_rows.h"

#include <algorithm>
#include <utility>

#include "benchmarks/op_floors.h"
#include "graph/philox.h"
#include "ops/activations.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/exponential_units.h"
#include "ops/gates.h"
#include "ops/gather.h"
#include "ops/normalization.h"
#include "ops/reduce.h"
#include "ops/reshape.h"
#include "ops/slice_pad.h"
#include "ops/softmax.h"
#include "ops/transpose.h"
#include "runtime/elementwise/reductions.h"
#include "runtime/elementwise/softmax.h"

namespace espalier {
namespace {

constexpr int64_t kRows = 1024;
constexpr int64_t kColumns = kRowElements / kRows;
constexpr int64_t kInner = 256;  // of products

using Operands = absl::Span<const Value>;
using Program = ElementwiseProgram;
TensorType F32(std::initializer_list<int64_t> dims) {
  return {DataType::kF32, Shape(dims)};
}

TensorType Full() { return F32({kRows, kColumns}); }

const MatrixSize kMatrix = {kRows, kColumns};

struct Table {
  std::vector<OpRow> rows;

  void Unary(std::string family, std::string name,
             std::function<Value(Value)> f, Floor forward, Floor backward,
             float low = -2, float high = 2) {
    rows.push_back({std::move(family),
                    std::move(name),
                    {{Full(), low, high}},
                    [f = std::move(f)](Operands in) { return f(in[0]); },
                    std::move(forward),
                    std::move(backward)});
  }
};

void AddArithmetic(Table& t) {
  const std::string family = "arithmetic";
  const auto binary = [&](std::string name,
                          Value (*f)(Value, Value, absl::string_view),
                          double arrays) {
    t.rows.push_back({family,
                      std::move(name),
                      {{Full(), 0.5f, 2}, {Full(), 0.5f, 2}},
                      [f](Operands in) { return f(in[0], in[1], ""); },
                      Copy(3),
                      Copy(arrays)});
  };
  binary("mul", Mul, 5);
  binary("div", Div, 5);
  binary("max", Max, 5);
  binary("min", Min, 5);
  // The gradients of add and sub are dy itself, or its negative.
  binary("add", Add, 3);
  binary("sub", Sub, 3);
  t.rows.push_back({family,
                    "add row",
                    {{Full()}, {F32({kColumns})}},
                    [](Operands in) { return Add(in[0], in[1]); },
                    Copy(2),
                    nullptr});
  t.rows.push_back({family,
                    "mul column",
                    {{Full()}, {F32({kRows, 1})}},
                    [](Operands in) { return Mul(in[0], in[1]); },
                    Copy(2),
                    Copy(3)});
  t.Unary(
      family, "neg", [](Value x) { return Neg(x); }, Copy(2), Copy(2));
  t.Unary(
      family, "scale", [](Value x) { return Scale(x, 3); }, Copy(2), Copy(2));
  t.Unary(
      family, "identity", [](Value x) { return Identity(x); }, Copy(2),
      nullptr);
  t.Unary(
      family, "square", [](Value x) { return Square(x); }, Copy(2), Copy(3));
  t.Unary(
      family, "abs", [](Value x) { return Abs(x); }, Copy(2), Copy(3));
  t.Unary(
      family, "sign", [](Value x) { return Sign(x); }, Copy(2), nullptr);
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

void AddFunctions(Table& t) {
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

void AddActivations(Table& t) {
  const std::string family = "activations";
  t.Unary(
      family, "relu", [](Value x) { return Relu(x); }, Copy(2), Copy(3));
  t.Unary(
      family, "leaky_relu", [](Value x) { return LeakyRelu(x); }, Copy(2),
      Copy(3));
  t.Unary(
      family, "clip", [](Value x) { return Clip(x, -1, 1); }, Copy(2), Copy(3));
  t.rows.push_back(
      {family,
       "select_greater",
       {{Full()}, {Full()}, {Full()}, {Full()}},
       [](Operands in) { return SelectGreater(in[0], in[1], in[2], in[3]); },
       Copy(5),
       nullptr});
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
void AddSmoothActivations(Table& t) {
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
  add(
      "mish", [](Value x) { return Mish(x); },
      [](Program& p, Operand x) {
        const Operand plus = p.Emit(Opcode::kSoftplus, {x});
        return p.Emit(Opcode::kMul, {x, p.Emit(Opcode::kTanh, {plus})});
      },
      [=](Program& p, Operand x) {
        const Operand plus = p.Emit(Opcode::kSoftplus, {x});
        const Operand y = p.Emit(Opcode::kTanh, {plus});
        const Operand gate =
            p.Emit(Opcode::kMul, {x, p.Emit(Opcode::kSigmoid, {x})});
        return p.Emit(Opcode::kFma, {gate, one_minus_square(p, y), y});
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
      family, "hard_sigmoid", [](Value x) { return HardSigmoid(x); }, Copy(2),
      Copy(3));
  t.Unary(
      family, "hard_swish", [](Value x) { return HardSwish(x); }, Copy(2),
      Copy(3));
}

void AddReductions(Table& t) {
  const std::string family = "reductions";
  const auto reduce = [&](std::string name, std::vector<int64_t> axes,
                          Floor floor) {
    t.Unary(
        family, std::move(name),
        [axes = std::move(axes)](Value x) { return Sum(x, axes); },
        std::move(floor), Copy(1));
  };
  reduce("sum of rows", {1},
         Kernel({kRowElements, kRows},
                [](int threads, const std::vector<float*>& a) {
                  SumOverColumns(DetectIsa(), threads, kMatrix, 1, a[0], a[1]);
                }));
  reduce(
      "sum of columns", {0},
      Kernel(
          {kRowElements, kColumns, FoldOverRowsScratchBytes(kMatrix) / 4 + 1},
          [](int threads, const std::vector<float*>& a) {
            SumOverRows(DetectIsa(), threads, kMatrix, 1, a[0], a[1], a[2]);
          }));
  // All of them: read once.
  reduce("sum", {}, Copy(1));
  t.Unary(
      family, "mean", [](Value x) { return Mean(x); }, Copy(1), Copy(1));
  t.rows.push_back(
      {family,
       "broadcast",
       {{F32({kColumns})}},
       [](Operands in) { return BroadcastTo(in[0], Full().shape); },
       Copy(1),
       Kernel(
           {kRowElements, kColumns, FoldOverRowsScratchBytes(kMatrix) / 4 + 1},
           [](int threads, const std::vector<float*>& a) {
             SumOverRows(DetectIsa(), threads, kMatrix, 1, a[0], a[1], a[2]);
           })});
}

void AddSoftmax(Table& t) {
  const std::string family = "softmax";
  using Pointers = std::vector<float*>;
  t.Unary(
      family, "softmax", [](Value x) { return Softmax(x); },
      Kernel({kRowElements, kRowElements},
             [](int threads, const Pointers& a) {
               Softmax(DetectIsa(), threads, kMatrix, a[0], a[1]);
             }),
      Kernel({kRowElements, kRowElements, kRowElements},
             [](int threads, const Pointers& a) {
               Softmax(DetectIsa(), threads, kMatrix, a[0], a[2]);
               SoftmaxBackward(DetectIsa(), threads, kMatrix, a[2], a[1], a[2]);
             }));
  t.Unary(
      family, "log_softmax", [](Value x) { return LogSoftmax(x); },
      Kernel({kRowElements, kRowElements},
             [](int threads, const Pointers& a) {
               LogSoftmax(DetectIsa(), threads, kMatrix, a[0], a[1]);
             }),
      Kernel({kRowElements, kRowElements, kRowElements}, [](int threads,
                                                            const Pointers& a) {
        LogSoftmax(DetectIsa(), threads, kMatrix, a[0], a[2]);
        LogSoftmaxBackward(DetectIsa(), threads, kMatrix, a[2], a[1], a[2]);
      }));
  const auto labels = [](const Pointers& a) {
    return reinterpret_cast<const int32_t*>(a[1]);
  };
  // Zeros for labels: both leave their numbers to the columns they name.
  const auto zero_labels = [](float* a) { std::fill_n(a, kRows, 0.0f); };
  t.rows.push_back(
      {family,
       "softmax_cross_entropy",
       {{Full()}, {{DataType::kI32, Shape({kRows})}}},
       [](Operands in) { return SoftmaxCrossEntropy(in[0], in[1]); },
       Kernel({kRowElements, kRows, kRows},
              [=](int threads, const Pointers& a) {
                zero_labels(a[1]);
                SoftmaxCrossEntropy(DetectIsa(), threads, kMatrix, a[0],
                                    labels(a), a[2]);
              }),
       Kernel({kRowElements, kRows, kRows, kRowElements},
              [=](int threads, const Pointers& a) {
                zero_labels(a[1]);
                SoftmaxCrossEntropyBackward(DetectIsa(), threads, kMatrix, a[0],
                                            labels(a), a[2], 1, a[3]);
              })});
}

void AddProducts(Table& t) {
  const std::string family = "products";
  const RowOperand x = {F32({kRows, kInner})}, w = {F32({kInner, kColumns})};
  const RowOperand b = {F32({kColumns})};
  const auto gradients = [](int /*threads*/) {
    const auto dx =
        Product({kRows, kInner, kColumns, false, true, false, true});
    const auto dw = Product({kInner, kColumns, kRows, true});
    return std::function<void()>([=] {
      dx();
      dw();
    });
  };
  t.rows.push_back(
      {family,
       "matmul",
       {x, w},
       [](Operands in) { return MatMul(in[0], in[1]); },
       [](int /*threads*/) {
         return Product({kRows, kColumns, kInner, false, false, false, true});
       },
       gradients});
  const Floor bias_gradient = Kernel(
      {kRowElements, kColumns, FoldOverRowsScratchBytes(kMatrix) / 4 + 1},
      [](int threads, const std::vector<float*>& a) {
        SumOverRows(DetectIsa(), threads, kMatrix, 1, a[0], a[1], a[2]);
      });
  t.rows.push_back(
      {family,
       "dense",
       {x, w, b},
       [](Operands in) { return Dense(in[0], in[1], in[2]); },
       [](int /*threads*/) {
         return Product({kRows, kColumns, kInner, false, false, true, true});
       },
       [=](int threads) {
         const auto products = gradients(threads);
         const auto db = bias_gradient(threads);
         return std::function<void()>([=] {
           products();
           db();
         });
       }});
}

void AddMovements(Table& t) {
  const std::string family = "movements";
  const TensorType half = F32({kRows, kColumns / 2});
  t.Unary(
      family, "transpose",
      [](Value x) {
        return Transpose(x, {1, 0});
      },
      Copy(2), Copy(2));
  t.rows.push_back(
      {family,
       "slice",
       {{F32({kRows, 2 * kColumns})}},
       [](Operands in) { return Slice(in[0], {1}, {0}, {kColumns}); },
       Copy(2),
       Copy(3)});
  t.rows.push_back({family,
                    "pad",
                    {{half}},
                    [](Operands in) {
                      return Pad(in[0], {0, 0}, {0, kColumns / 2});
                    },
                    Copy(1.5),
                    Copy(1)});
  t.rows.push_back({family,
                    "concat",
                    {{half}, {half}},
                    [](Operands in) { return Concat(in, 1); },
                    Copy(2),
                    Copy(2)});
  t.rows.push_back({family,
                    "gather",
                    {{Full()}, {{DataType::kI32, Shape({kRows})}, 0, 0, 1024}},
                    [](Operands in) { return Gather(in[0], in[1]); },
                    Copy(2),
                    Copy(2)});
}

void AddNormalizations(Table& t) {
  const RowOperand row = {F32({kColumns}), 0.5f, 2, 1, false};
  t.rows.push_back({"normalization",
                    "batch_normalize",
                    {{Full()}, row, row, row, row},
                    [](Operands in) {
                      return BatchNormalize(in[0], in[1], in[2], in[3], in[4],
                                            1e-5f);
                    },
                    Copy(2),
                    Copy(2)});
}

}  // namespace

Tensor RowValue(const RowOperand& operand) {
  const RandomStream stream(1, RandomPurpose::kProbe, 0);
  Tensor value(operand.type.dtype, operand.type.shape);
  for (int64_t i = 0; i < value.num_elements(); ++i) {
    const auto at = static_cast<uint64_t>(i);
    if (operand.type.dtype == DataType::kF32) {
      value.data<float>()[at] =
          operand.low + (operand.high - operand.low) * stream.Uniform(at);
    } else {
      value.data<int32_t>()[at] = static_cast<int32_t>(
          stream.Below(at, static_cast<uint32_t>(operand.classes)));
    }
  }
  return value;
}

std::vector<OpRow> OpRows() {
  Table table;
  AddArithmetic(table);
  AddFunctions(table);
  AddActivations(table);
  AddSmoothActivations(table);
  AddReductions(table);
  AddSoftmax(table);
  AddProducts(table);
  AddMovements(table);
  AddNormalizations(table);
  return std::move(table.rows);
}

}  // namespace espalier
