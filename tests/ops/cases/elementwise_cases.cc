#include <utility>

#include "absl/strings/str_cat.h"
#include "ops/elementwise.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

OpCase Unary(const CaseSizes& s, std::string kind,
             Value (*f)(Value, absl::string_view), double ulps) {
  OpCase c;
  c.name = kind;
  c.kind = std::move(kind);
  c.inputs = {F32({kBatch, s.columns})};
  c.build = [f](Inputs in) { return f(in[0], ""); };
  c.relative = 2 * ulps * kRounding;
  return c;
}

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  // Half an ulp is a correctly rounded result; see math_error.h for the rest.
  cases.push_back(Unary(s, "identity", Identity, 0));
  cases.push_back(Unary(s, "neg", Neg, 0));
  cases.push_back(Unary(s, "square", Square, 0.5));
  cases.push_back(Unary(s, "exp", Exp, 1.5));
  cases.push_back(Unary(s, "expm1", Expm1, 2));
  cases.push_back(Unary(s, "normal_cdf", NormalCdf, 7));
  cases.push_back(Unary(s, "sigmoid", Sigmoid, 3));
  cases.push_back(Unary(s, "softplus", Softplus, 2));
  cases.push_back(Unary(s, "tanh", Tanh, 3));
  for (OpCase c : {Unary(s, "sqrt", Sqrt, 0.5), Unary(s, "log", Log, 1.5)}) {
    c.low = 0.2;
    c.high = 4;
    cases.push_back(c);
  }
  OpCase log1p = Unary(s, "log1p", Log1p, 2);
  log1p.low = -0.75;
  cases.push_back(log1p);
  OpCase stop = Unary(s, "stop_gradient", StopGradient, 0);
  stop.stops_gradient = true;
  cases.push_back(stop);
  for (OpCase c : {Unary(s, "abs", Abs, 0), Unary(s, "relu", Relu, 0),
                   Unary(s, "sign", Sign, 0)}) {
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
    c.inputs = {F32({kBatch, s.columns})};
    c.build = [slope = slope](Inputs in) { return LeakyRelu(in[0], slope); };
    c.kink = 0;
    c.relative = kRounding;
    cases.push_back(c);
    c.kind = "leaky_relu_grad";
    c.name = absl::StrCat(c.name, "_grad");
    c.inputs = {F32({kBatch, s.columns}), F32({kBatch, s.columns})};
    c.build = ByKind("leaky_relu_grad", {{"slope", slope}});
    cases.push_back(c);
  }
  OpCase grad;
  grad.name = grad.kind = "relu_grad";
  grad.inputs = {F32({kBatch, s.columns}), F32({kBatch, s.columns})};
  grad.build = ByKind("relu_grad");
  grad.kink = 0;
  cases.push_back(grad);

  OpCase scale;
  scale.name = scale.kind = "scale";
  scale.inputs = {F32({s.rows, s.inner})};
  scale.build = [](Inputs in) { return Scale(in[0], -0.3f); };
  scale.relative = kRounding;
  cases.push_back(scale);
  scale.name = "scale_over_batch";
  scale.inputs = {F32({kBatch, s.inner})};
  scale.build = [](Inputs in) { return Scale(in[0], 2.5f, true); };
  scale.relative = 3 * kRounding;
  cases.push_back(scale);
}

}  // namespace

const OpFamily kElementwiseCases = {Add, nullptr};

}  // namespace espalier
