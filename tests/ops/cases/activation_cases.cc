#include <cmath>
#include <string>
#include <utility>

#include "ops/activations.h"
#include "ops/exponential_units.h"
#include "tests/ops/cases/families.h"

namespace espalier {
namespace {

// Over a range that holds the dips and bends of them all.
OpCase Over6(OpCase c) {
  c.low = -6;
  c.high = 6;
  return c;
}

void AddSmooth(const CaseSizes& s, std::vector<OpCase>& cases) {
  for (const OpCase& c :
       {UnaryCase(s, "gelu", Gelu, 7.5), UnaryCase(s, "mish", Mish, 5.5),
        UnaryCase(s, "sigmoid", Sigmoid, 3), UnaryCase(s, "tanh", Tanh, 3)}) {
    cases.push_back(Over6(c));
  }
  OpCase gelu_tanh = Over6(UnaryCase(s, "gelu_tanh", GeluTanh, 3.5));
  gelu_tanh.absolute = 1.02 * kRounding;
  cases.push_back(gelu_tanh);

  OpCase softsign = Over6(UnaryCase(s, "softsign", Softsign, 1));
  softsign.kink = 0;  // of its second derivative
  cases.push_back(softsign);

  const std::vector<std::pair<std::string, float>> betas = {
      {"swish", 1.0f}, {"swish_steep", 3.0f}, {"swish_negative", -0.75f}};
  for (const auto& [name, beta] : betas) {
    OpCase c = Over6(UnaryCase(s, "swish", Silu, 3.5));
    c.name = name;
    c.build = [beta = beta](Inputs in) { return Swish(in[0], beta); };
    if (beta != 1) c.absolute = 0.44 / std::fabs(beta) * kRounding;
    cases.push_back(c);
  }
}

void AddPiecewise(const CaseSizes& s, std::vector<OpCase>& cases) {
  OpCase hard_swish = Over6(UnaryCase(s, "hard_swish", HardSwish, 2));
  hard_swish.kink = -3;
  hard_swish.second_kink = 3;
  cases.push_back(hard_swish);

  OpCase hard_sigmoid = hard_swish;
  hard_sigmoid.name = hard_sigmoid.kind = "hard_sigmoid";
  hard_sigmoid.build = [](Inputs in) { return HardSigmoid(in[0]); };
  hard_sigmoid.absolute = 2 * kRounding;
  cases.push_back(hard_sigmoid);
  hard_sigmoid.name = "hard_sigmoid_falling";
  hard_sigmoid.build = [](Inputs in) {
    return HardSigmoid(in[0], -0.25f, 0.25f);
  };
  hard_sigmoid.kink = -3;
  hard_sigmoid.second_kink = 1;
  cases.push_back(hard_sigmoid);

  struct Unit {
    std::string name;
    std::string kind;
    Value (*f)(Value x);
    double ulps;
  };
  for (const Unit& unit :
       {Unit{"elu", "elu", [](Value x) { return Elu(x); }, 2},
        Unit{"elu_half", "elu", [](Value x) { return Elu(x, 0.5f); }, 2.5},
        Unit{"elu_falling", "elu", [](Value x) { return Elu(x, -1); }, 2.5},
        Unit{"elu_zero", "elu", [](Value x) { return Elu(x, 0); }, 2.5},
        Unit{"selu", "selu", [](Value x) { return Selu(x); }, 2.5},
        Unit{"celu", "celu", [](Value x) { return Celu(x); }, 2},
        Unit{"celu_wide", "celu", [](Value x) { return Celu(x, 3); }, 3}}) {
    OpCase c = Over6(UnaryCase(s, unit.kind, Selu, unit.ulps));
    c.name = unit.name;
    c.build = [f = unit.f](Inputs in) { return f(in[0]); };
    c.kink = 0;
    cases.push_back(c);
  }
}

void Add(const CaseSizes& s, std::vector<OpCase>& cases) {
  AddSmooth(s, cases);
  AddPiecewise(s, cases);
}

}  // namespace

const OpFamily kActivationCases = {Add, nullptr};

}  // namespace espalier
