#include "tests/ops/op_cases.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/binary.h"
#include "ops/dense.h"
#include "ops/elementwise.h"
#include "ops/reduce.h"
#include "ops/registry.h"
#include "ops/reshape.h"
#include "ops/softmax.h"

namespace espalier {
namespace {

using Inputs = absl::Span<const Value>;

constexpr double kRounding = 0x1p-24;

TensorType F32(std::initializer_list<int64_t> dims) {
  return {DataType::kF32, Shape(dims)};
}
TensorType I32(std::initializer_list<int64_t> dims) {
  return {DataType::kI32, Shape(dims)};
}

// For kinds that only gradients make.
std::function<Value(Inputs)> ByKind(absl::string_view kind,
                                    Attributes attributes = {}) {
  return [kind = std::string(kind),
          attributes = std::move(attributes)](Inputs inputs) {
    absl::StatusOr<OpPtr> op = StandardOps().Make(kind, attributes);
    if (!op.ok()) return inputs[0].builder()->Fail(op.status());
    return Apply(*std::move(op), inputs);
  };
}

OpCase Unary(std::string kind, Value (*f)(Value, absl::string_view),
             double ulps) {
  OpCase c;
  c.name = kind;
  c.kind = std::move(kind);
  c.inputs = {F32({kBatch, 33})};
  c.build = [f](Inputs in) { return f(in[0], ""); };
  c.relative = 2 * ulps * kRounding;
  return c;
}

void AddElementwise(std::vector<OpCase>& cases) {
  // Half an ulp is a correctly rounded result; see math_error.h for the rest.
  cases.push_back(Unary("identity", Identity, 0));
  cases.push_back(Unary("neg", Neg, 0));
  cases.push_back(Unary("square", Square, 0.5));
  cases.push_back(Unary("exp", Exp, 1.5));
  cases.push_back(Unary("sigmoid", Sigmoid, 3));
  cases.push_back(Unary("tanh", Tanh, 3));
  for (OpCase c : {Unary("sqrt", Sqrt, 0.5), Unary("log", Log, 1.5)}) {
    c.low = 0.2;
    c.high = 4;
    cases.push_back(c);
  }
  for (OpCase c :
       {Unary("abs", Abs, 0), Unary("relu", Relu, 0), Unary("sign", Sign, 0)}) {
    c.kink = 0;
    c.flat = c.kind == "sign";
    cases.push_back(c);
  }
  const std::vector<std::pair<std::string, float>> slopes = {
      {"leaky_relu", 0.01f},
      {"leaky_relu_zero", 0.0f},
      {"leaky_relu_negative", -0.5f}};
  for (const auto& [name, slope] : slopes) {
    OpCase c;
    c.kind = "leaky_relu";
    c.name = name;
    c.inputs = {F32({kBatch, 17})};
    c.build = [slope = slope](Inputs in) { return LeakyRelu(in[0], slope); };
    c.kink = 0;
    c.relative = kRounding;
    cases.push_back(c);
    c.kind = "leaky_relu_grad";
    c.name = absl::StrCat(c.name, "_grad");
    c.inputs = {F32({kBatch, 17}), F32({kBatch, 17})};
    c.build = ByKind("leaky_relu_grad", {{"slope", slope}});
    cases.push_back(c);
  }
  OpCase grad;
  grad.name = grad.kind = "relu_grad";
  grad.inputs = {F32({kBatch, 65}), F32({kBatch, 65})};
  grad.build = ByKind("relu_grad");
  grad.kink = 0;
  cases.push_back(grad);

  OpCase scale;
  scale.name = scale.kind = "scale";
  scale.inputs = {F32({3, 5})};
  scale.build = [](Inputs in) { return Scale(in[0], -0.3f); };
  scale.relative = kRounding;
  cases.push_back(scale);
  scale.name = "scale_over_batch";
  scale.inputs = {F32({kBatch, 5})};
  scale.build = [](Inputs in) { return Scale(in[0], 2.5f, true); };
  scale.relative = 3 * kRounding;
  cases.push_back(scale);
}

void AddBinary(std::vector<OpCase>& cases) {
  struct Kind {
    std::string kind;
    Value (*f)(Value, Value, absl::string_view);
    double low;
  };
  struct Operands {
    std::string name;
    TensorType a;
    TensorType b;
  };
  const std::vector<Operands> operands = {
      {"same", F32({kBatch, 15}), F32({kBatch, 15})},
      {"row", F32({kBatch, 15}), F32({15})},
      {"column", F32({kBatch, 1}), F32({kBatch, 7})},
      {"scalar", F32({}), F32({2, 3, 5})},
      {"outer", F32({4, 1, 3}), F32({2, 1})},
      {"over_batch", F32({kBatch, 3}), F32({1, 3})}};
  for (const Kind& k : {Kind{"add", Add, -2}, Kind{"sub", Sub, -2},
                        Kind{"mul", Mul, -2}, Kind{"div", Div, 0.5}}) {
    for (const Operands& o : operands) {
      OpCase c;
      c.name = absl::StrCat(k.kind, "_", o.name);
      c.kind = k.kind;
      c.inputs = {o.a, o.b};
      c.build = [f = k.f](Inputs in) { return f(in[0], in[1], ""); };
      c.low = k.low;
      c.relative = kRounding;
      cases.push_back(c);
    }
  }
}

void AddProducts(std::vector<OpCase>& cases) {
  for (int64_t rows : {1, 7, 64}) {
    for (int64_t units : {1, 16, 33}) {
      OpCase c;
      c.name = absl::StrCat("dense_", rows, "_", units);
      c.kind = "dense";
      c.inputs = {F32({kBatch, rows}), F32({rows, units}), F32({units})};
      c.build = [](Inputs in) { return Dense(in[0], in[1], in[2]); };
      c.terms = rows + 1;
      cases.push_back(c);
    }
  }
  for (bool ta : {false, true}) {
    for (bool tb : {false, true}) {
      OpCase c;
      c.name = absl::StrCat("matmul_", ta ? "t" : "n", tb ? "t" : "n");
      c.kind = "matmul";
      c.inputs = {ta ? F32({5, 4}) : F32({4, 5}),
                  tb ? F32({3, 5}) : F32({5, 3})};
      c.build = [ta, tb](Inputs in) { return MatMul(in[0], in[1], ta, tb); };
      c.terms = 5;
      cases.push_back(c);
      if (ta) continue;
      c.name += "_batch";
      c.inputs[0] = F32({kBatch, 5});
      cases.push_back(c);
    }
  }
  OpCase c;
  c.name = "matmul_over_batch";
  c.kind = "matmul";
  c.inputs = {F32({kBatch, 4}), F32({kBatch, 3})};
  c.build = [](Inputs in) { return MatMul(in[0], in[1], true, false); };
  c.terms = 8;  // at least the batches that are tried
  c.mixes_samples = true;
  cases.push_back(c);
}

void AddReductions(std::vector<OpCase>& cases) {
  struct Axes {
    std::string name;
    TensorType x;
    std::vector<int64_t> axes;
    bool over_batch;
  };
  const std::vector<Axes> table = {{"all", F32({kBatch, 7}), {}, true},
                                   {"batch", F32({kBatch, 17}), {0}, true},
                                   {"last", F32({kBatch, 17}), {-1}, false},
                                   {"middle", F32({kBatch, 3, 4}), {1}, false},
                                   {"outer", F32({3, 4, 5}), {2, 0}, false},
                                   {"scalar", F32({}), {}, false}};
  for (const Axes& a : table) {
    for (bool keep : {false, true}) {
      for (bool mean : {false, true}) {
        OpCase c;
        c.kind = mean ? "mean" : "sum";
        c.name = absl::StrCat(c.kind, "_", a.name, keep ? "_keep" : "");
        c.inputs = {a.x};
        c.build = [mean, axes = a.axes, keep](Inputs in) {
          return mean ? Mean(in[0], axes, keep) : Sum(in[0], axes, keep);
        };
        c.terms = 64;  // at least as many as any of them has
        c.mixes_samples = a.over_batch;
        cases.push_back(c);
      }
    }
  }
}

void AddShapes(std::vector<OpCase>& cases) {
  OpCase broadcast;
  broadcast.kind = "broadcast";
  const std::vector<std::pair<TensorType, Shape>> stretches = {
      {F32({}), Shape({kBatch, 3})},
      {F32({5}), Shape({kBatch, 5})},
      {F32({kBatch, 1}), Shape({kBatch, 4})},
      {F32({1, 3, 1}), Shape({2, 2, 3, 4})}};
  for (size_t i = 0; i < stretches.size(); ++i) {
    broadcast.name = absl::StrCat("broadcast_", i);
    broadcast.inputs = {stretches[i].first};
    broadcast.build = [shape = stretches[i].second](Inputs in) {
      return BroadcastTo(in[0], shape);
    };
    cases.push_back(broadcast);
  }
  OpCase reshape;
  reshape.name = reshape.kind = "reshape";
  reshape.inputs = {F32({kBatch, 3, 4})};
  reshape.build = [](Inputs in) { return Flatten(in[0]); };
  cases.push_back(reshape);
  reshape.name = "reshape_fixed";
  reshape.inputs = {F32({2, 6})};
  reshape.build = [](Inputs in) { return Reshape(in[0], Shape({3, 1, 4})); };
  cases.push_back(reshape);
}

void AddSoftmax(std::vector<OpCase>& cases) {
  for (int64_t classes : {1, 2, 10, 33}) {
    OpCase c;
    c.name = absl::StrCat("softmax_", classes);
    c.kind = "softmax";
    c.inputs = {F32({kBatch, classes})};
    c.build = [](Inputs in) { return Softmax(in[0]); };
    c.high = 5;
    c.flat = classes == 1;
    c.relative = static_cast<double>(classes + 20) * kRounding;
    cases.push_back(c);

    c.name = absl::StrCat("log_softmax_", classes);
    c.kind = "log_softmax";
    c.build = [](Inputs in) { return LogSoftmax(in[0]); };
    c.absolute = c.relative;
    cases.push_back(c);

    c.name = absl::StrCat("softmax_cross_entropy_", classes);
    c.kind = "softmax_cross_entropy";
    c.inputs = {F32({kBatch, classes}), I32({kBatch})};
    c.classes = classes;
    c.build = [](Inputs in) { return SoftmaxCrossEntropy(in[0], in[1]); };
    cases.push_back(c);

    c.name = absl::StrCat("softmax_cross_entropy_grad_", classes);
    c.kind = "softmax_cross_entropy_grad";
    c.inputs = {F32({kBatch, classes}), I32({kBatch}), F32({kBatch})};
    c.build = ByKind(c.kind);
    c.absolute *= 2;  // a difference of two numbers up to 1, times up to 5
    cases.push_back(c);
  }
  OpCase c;
  c.name = "softmax_rank_3";
  c.kind = "softmax";
  c.inputs = {F32({2, 3, 4})};
  c.build = [](Inputs in) { return Softmax(in[0]); };
  c.relative = 24 * kRounding;
  cases.push_back(c);
}

}  // namespace

void PrintTo(const OpCase& op_case, std::ostream* os) { *os << op_case.name; }

std::vector<OpCase> OpCases() {
  std::vector<OpCase> cases;
  AddElementwise(cases);
  AddBinary(cases);
  AddProducts(cases);
  AddReductions(cases);
  AddShapes(cases);
  AddSoftmax(cases);
  return cases;
}

std::string InputName(size_t i) { return absl::StrCat("x", i); }

absl::StatusOr<Graph> BuildCase(const OpCase& op_case, Operands operands) {
  GraphBuilder g(op_case.name);
  std::vector<Value> inputs;
  bool batched = false;
  for (size_t i = 0; i < op_case.inputs.size(); ++i) {
    const auto& [dtype, shape] = op_case.inputs[i];
    const bool parameter =
        operands == Operands::kParameters && !shape.has_symbolic_batch();
    inputs.push_back(
        parameter ? g.Parameter(InputName(i), shape, Initializer::Normal(1))
                  : g.Input(InputName(i), shape, dtype));
    batched = batched || shape.has_symbolic_batch();
  }
  if (!batched) g.Input("batch", {kBatch});
  g.Output("y", op_case.build(inputs));
  return g.Build();
}

}  // namespace espalier
